using Doppel.CodeGen.X64;
using Doppel.Host.Memory;

namespace Doppel.Engines.Translator;

/// <summary>The read and the write TLB of one view of data: direct-mapped entries of two quadwords, {tag, addend}. One vCPU's.</summary>
/// <remarks>
/// The tag of an empty entry is 0, so that a table that was just made takes no memory of the host: only the page at 0 has that tag, and its place is the first entry, which is <see cref="None"/> when empty.
/// </remarks>
internal sealed class DataTables : IViewTables
{
    private const int Entries = X64Target.TlbEntries;

    /// <summary>No address of a page.</summary>
    private const ulong None = ulong.MaxValue;

    /// <summary>Beyond this many entries it is as cheap to clear all.</summary>
    private const int LogLimit = 1024;

    private readonly SlotBlock _read = Empty();
    private readonly SlotBlock _write = Empty();
    private readonly List<int> _log = [];
    private readonly List<int> _local = [];

    public ulong Space { get; set; }

    public uint Generation { get; set; }

    /// <summary>What has been filled from here, if anything.</summary>
    public SiteTable? Sites { get; set; }

    public nint ReadAddress => _read.Address;

    public nint WriteAddress => _write.Address;

    /// <param name="page">Virtual address of the page.</param>
    /// <param name="host">Where the page is in this process.</param>
    /// <param name="global">The translation holds in every space.</param>
    public void Fill(bool write, ulong page, nint host, bool global)
    {
        int index = IndexOf(page);
        Span<ulong> table = (write ? _write : _read).AsSpan();
        table[2 * index] = page;
        table[(2 * index) + 1] = (ulong)host - page;
        if (_log.Count <= LogLimit) _log.Add(index);
        if (!global && _local.Count <= LogLimit) _local.Add(index);
    }

    public void DropPage(ulong page)
    {
        // If its entries are empty, they have been so since the sites were emptied last: another page's entry would be there now.
        int index = IndexOf(page);
        ulong empty = EmptyTag(index);
        if (_read.At(2 * index) == empty && _write.At(2 * index) == empty) return;
        Drop(index);
        Sites?.Clear();
    }

    public void DropLocal()
    {
        if (_local.Count > LogLimit)
        {
            Clear();
            return;
        }

        foreach (int index in _local) Drop(index);
        _local.Clear();
        Sites?.Clear();
    }

    public void Clear()
    {
        if (_log.Count > LogLimit)
        {
            Clear(_read);
            Clear(_write);
        }
        else
        {
            foreach (int index in _log) Drop(index);
        }

        _log.Clear();
        _local.Clear();
        Sites?.Clear();
    }

    private static int IndexOf(ulong page) => (int)(page >> 12) & (Entries - 1);

    private static ulong EmptyTag(int index) => index == 0 ? None : 0;

    private static SlotBlock Empty()
    {
        var block = new SlotBlock(2 * Entries);
        block.At(0) = None;
        return block;
    }

    private static void Clear(SlotBlock table)
    {
        table.AsSpan().Clear();
        table.At(0) = None;
    }

    private void Drop(int index)
    {
        ulong empty = EmptyTag(index);
        _read.At(2 * index) = empty;
        _write.At(2 * index) = empty;
    }
}
