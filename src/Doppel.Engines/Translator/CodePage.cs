using System.Numerics;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64;
using Doppel.Core.Memory;

namespace Doppel.Engines.Translator;

/// <summary>
/// A physical page of guest code: the regions made from it, and a copy of those of its lines that they depend on. After a fence of its own a vCPU compares the copy
/// with memory before it executes any of them (decision 0002). Guarded by the code cache's lock.
/// </summary>
internal sealed class CodePage
{
    public const int Size = 4096;
    private const int LineSize = 64;
    private const int LineCount = Size / LineSize;

    /// <summary>No instruction is longer.</summary>
    public const int LongestInstruction = 16;

    private readonly MemoryRegion _memory;
    private readonly ulong _offset;
    private readonly Dictionary<int, Region> _regions = [];

    // By mode: where regions are entered, a bit per halfword.
    private readonly Dictionary<uint, ulong[]> _entries = [];
    private readonly uint[] _epochs;
    private readonly List<Region> _guests = [];
    private int _version;
    private ulong[]? _withoutSites;
    private ulong[]? _withPairs;

    // Lines that regions depend on, or did, and the first and the last, which an instruction across pages may: these are as they were at the last comparison, one behind the other.
    private ulong _compared = 1 | 1UL << (LineCount - 1);
    private byte[] _copy = new byte[2 * LineSize];

    /// <param name="number">Of its slot in the tables of present pages; from 1.</param>
    /// <param name="offset">Of the page in its RAM.</param>
    /// <param name="vcpus">How many vCPUs keep count of their fences.</param>
    public CodePage(int number, MemoryRegion memory, ulong offset, int vcpus)
    {
        Number = number;
        _memory = memory;
        _offset = offset;
        _epochs = new uint[vcpus];
        memory.Span(offset, LineSize).CopyTo(_copy);
        memory.Span(offset + Size - LineSize, LineSize).CopyTo(_copy.AsSpan(LineSize));
    }

    public int Number { get; }

    /// <summary>The guest's physical address.</summary>
    public ulong Address => _memory.Address + _offset;

    /// <summary>Taken out of the cache: there is, or will be, another object for the same page.</summary>
    public bool IsRetired { get; set; }

    /// <summary>See <see cref="IrRegion.WithoutSites"/>.</summary>
    public ReadOnlyMemory<ulong> WithoutSites => _withoutSites;

    /// <summary>See <see cref="IrRegion.WithPairs"/>.</summary>
    public ReadOnlyMemory<ulong> WithPairs => _withPairs;

    /// <summary>How many regions have gone so far. A vCPU that remembers where regions are can tell by it whether they still are there.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>The name of a region within its page.</summary>
    public static int Key(int entry, uint mode) => entry << 8 | (int)mode;

    public Region? Find(int key) => _regions.GetValueOrDefault(key);

    /// <param name="text">What it was made of; see <see cref="Read"/>.</param>
    public void Add(Region region, ReadOnlySpan<byte> text)
    {
        _regions.Add(region.Key, region);
        Compare(region.Lines, text);
        NoteEntries(region);
    }

    /// <summary>A region, and where in it the code for an offset is; null if none is entered there. Prefers the one that begins there.</summary>
    public Region? FindEntry(int offset, uint mode, out nint address)
    {
        address = 0;
        if (Find(Key(offset, mode)) is { } region)
        {
            address = region.Address;
            return region;
        }

        ReadOnlySpan<ulong> entries = Entries(mode);
        if (entries.IsEmpty || (entries[offset >> 7] >> (offset >> 1) & 1) == 0) return null;
        foreach (Region other in _regions.Values)
        {
            if (ModeOf(other) == mode && (address = other.AddressOf(offset)) != 0) return other;
        }

        return null;
    }

    /// <summary>A region of the page before, whose last instruction ends in this one.</summary>
    public void AddGuest(Region region) => _guests.Add(region);

    /// <summary>Whether there is no region of the page, and none that ends in it.</summary>
    public bool IsEmpty()
    {
        _guests.RemoveAll(g => g.IsGone);
        return _regions.Count == 0 && _guests.Count == 0;
    }

    /// <summary>
    /// The accesses of the guest instruction at an offset go to and fro between pages. In regions that are made from now on, they remember two pages that follow each other, if they can, or none.
    /// </summary>
    /// <param name="hadPair">They did remember two.</param>
    public void GiveUpSite(int offset, bool hadPair)
    {
        ref ulong[]? instructions = ref hadPair ? ref _withoutSites : ref _withPairs;
        instructions ??= new ulong[Size / 2 / 64];
        instructions[offset >> 7] |= 1UL << (offset >> 1);
    }

    /// <summary>Takes a region out.</summary>
    public void Remove(Region region)
    {
        if (Find(region.Key) != region) return;
        _regions.Remove(region.Key);
        Volatile.Write(ref _version, _version + 1);

        // Others may be entered at the same offsets.
        uint mode = ModeOf(region);
        Array.Clear(_entries[mode]);
        foreach (Region other in _regions.Values)
        {
            if (ModeOf(other) == mode) NoteEntries(other);
        }
    }

    /// <summary>Where regions of a mode are entered, bit n for offset 2·n; empty if there are none.</summary>
    public ReadOnlySpan<ulong> Entries(uint mode) => _entries.GetValueOrDefault(mode);

    /// <summary>Whether the copy was right at this fence count of a vCPU.</summary>
    public bool IsValid(int vcpu, uint epoch) => _epochs[vcpu] == epoch;

    /// <summary>
    /// What is to be translated: of the lines that regions depend on what they were made of, of the others what is in memory now, which need not be as old as the last fence.
    /// </summary>
    public void Read(Span<byte> text)
    {
        _memory.Span(_offset, Size).CopyTo(text);
        int kept = 0;
        for (int first = 0; Next(_compared, ref first, out int length); first += length)
        {
            _copy.AsSpan(kept, length * LineSize).CopyTo(text[(first * LineSize)..]);
            kept += length * LineSize;
        }
    }

    /// <summary>Compares the copy with memory and takes what has changed.</summary>
    /// <returns>The regions that are no longer right; they are not in the page any more.</returns>
    public Region[] Validate(int vcpu, uint epoch)
    {
        _epochs[vcpu] = epoch;
        ReadOnlySpan<byte> memory = _memory.Span(_offset, Size);
        if (IsRight(memory)) return [];
        ulong changed = 0;
        int kept = -LineSize;
        for (int line = 0; line < LineCount; line++)
        {
            if ((_compared >> line & 1) == 0) continue;
            kept += LineSize;
            ReadOnlySpan<byte> now = memory.Slice(line * LineSize, LineSize);
            Span<byte> then = _copy.AsSpan(kept, LineSize);
            if (now.SequenceEqual(then)) continue;
            changed |= 1UL << line;
            now.CopyTo(then);
        }

        List<Region> gone = [.. _regions.Values.Where(r => (r.Lines & changed) != 0)];
        if ((changed & 1) != 0)
        {
            gone.AddRange(_guests);
            _guests.Clear();
        }

        foreach (Region region in gone) region.Page.Remove(region);
        return [.. gone];
    }

    private bool IsRight(ReadOnlySpan<byte> memory)
    {
        int kept = 0;
        for (int first = 0; Next(_compared, ref first, out int length); first += length)
        {
            if (!memory.Slice(first * LineSize, length * LineSize).SequenceEqual(_copy.AsSpan(kept, length * LineSize))) return false;
            kept += length * LineSize;
        }

        return true;
    }

    /// <summary>From now on these lines are compared as well.</summary>
    private void Compare(ulong lines, ReadOnlySpan<byte> text)
    {
        lines |= _compared;
        if (lines == _compared) return;
        _compared = lines;

        // All is copied anew. Pages get region after region: room for some more.
        int needed = BitOperations.PopCount(lines) * LineSize;
        if (needed > _copy.Length) _copy = new byte[Math.Min(Size, needed + (needed / 2))];
        int kept = 0;
        for (int first = 0; Next(lines, ref first, out int length); first += length)
        {
            text.Slice(first * LineSize, length * LineSize).CopyTo(_copy.AsSpan(kept));
            kept += length * LineSize;
        }
    }

    /// <summary>The next row of lines, from a line on.</summary>
    private static bool Next(ulong lines, ref int first, out int length)
    {
        length = 0;
        if (first == LineCount) return false;
        lines >>= first;
        int skipped = BitOperations.TrailingZeroCount(lines);
        if (skipped == 64) return false;
        first += skipped;
        length = BitOperations.TrailingZeroCount(~(lines >> skipped));
        return true;
    }

    private static uint ModeOf(Region region) => (uint)region.Key & 0xff;

    private void NoteEntries(Region region)
    {
        if (!_entries.TryGetValue(ModeOf(region), out ulong[]? words)) _entries.Add(ModeOf(region), words = new ulong[Size / 2 / 64]);
        Note(words, region.Key >> 8);
        foreach (EntrySite entry in region.Entries) Note(words, entry.Distance);

        static void Note(ulong[] words, int offset) => words[offset >> 7] |= 1UL << (offset >> 1);
    }
}
