using System.Buffers.Binary;
using Doppel.Core.Memory;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Mmu;

/// <summary>
/// One page of guest code: a copy of its bytes, and the instructions decoded from that copy so far, one slot per halfword.
/// </summary>
/// <remarks>
/// The copy is what makes this coherent without watching stores: after <c>fence.i</c> the copy is compared with memory the next time
/// that the page is entered, and only a page that really changed is decoded again (decision 0002). A page of which nothing is kept needs no copy: it is read where it is.
/// </remarks>
internal sealed class CodePage
{
    public const int Size = 4096;

    /// <summary>The slot after the last halfword: never decoded, so that running off the page ends in the slow path.</summary>
    public const int EndSlot = Size / 2;

    /// <summary>
    /// Holds an instruction that must not be kept: one that crosses into the next page. The slot before it is where such an instruction ends,
    /// and is never decoded either.
    /// </summary>
    public const int ScratchSlot = EndSlot + 2;

    private readonly byte[]? _bytes;
    private readonly MemoryRegion _region;
    private readonly ulong _offset;

    /// <param name="scratch">If given, what is decoded goes there, see <see cref="NewInstructions"/>; none is kept.</param>
    public CodePage(MemoryRegion region, ulong offset, bool perInstructionChecks, Instruction[]? scratch = null)
    {
        _region = region;
        _offset = offset;
        PerInstructionChecks = perInstructionChecks;
        KeepsNone = perInstructionChecks || scratch is not null;
        Instructions = scratch ?? NewInstructions();
        if (scratch is null) _bytes = region.Span(offset, Size).ToArray();
    }

    public Instruction[] Instructions { get; }

    /// <summary>Protection differs within the page: every instruction is fetched through all checks and none is kept.</summary>
    public bool PerInstructionChecks { get; }

    /// <summary>Each instruction is decoded when it is executed, into the scratch slot.</summary>
    public bool KeepsNone { get; }

    /// <summary>The <c>fence.i</c> count at which the copy was last known to be right.</summary>
    public uint Epoch { get; set; }

    /// <summary>Slots for the instructions of a page; for those of many that keep none.</summary>
    public static Instruction[] NewInstructions() => new Instruction[ScratchSlot + 1];

    /// <summary>The bits of the instruction at an offset, of one that crosses into the next page the first half. One that is naturally aligned is read at once, whoever writes it.</summary>
    public uint Bits(int offset)
    {
        if (offset == Size - 2) return _bytes is null ? _region.Read16(_offset + (ulong)offset) : BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(offset));
        uint word = _bytes is null ? _region.Read32(_offset + (ulong)offset) : BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(offset));
        return (word & 3) == 3 ? word : (ushort)word;
    }

    /// <summary>Compares the copy with memory; if it differs, takes it anew and forgets what was decoded.</summary>
    public void Revalidate()
    {
        if (_bytes is null) return;
        ReadOnlySpan<byte> memory = _region.Span(_offset, Size);
        if (memory.SequenceEqual(_bytes)) return;
        memory.CopyTo(_bytes);
        if (!KeepsNone) Instructions.AsSpan().Clear();
    }
}
