using Doppel.CodeGen.X64;
using Doppel.Host.Memory;

namespace Doppel.Engines.Translator;

/// <summary>The read and the write TLB of one view of data: direct-mapped entries of two quadwords, {tag, addend}. One vCPU's.</summary>
internal sealed class DataTables : IViewTables
{
    private const int Entries = X64Target.TlbEntries;

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
        if ((_read.At(2 * index) & _write.At(2 * index)) == ulong.MaxValue) return;
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
            _read.AsSpan().Fill(ulong.MaxValue);
            _write.AsSpan().Fill(ulong.MaxValue);
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

    private static SlotBlock Empty()
    {
        var block = new SlotBlock(2 * Entries);
        block.AsSpan().Fill(ulong.MaxValue);
        return block;
    }

    private void Drop(int index)
    {
        _read.At(2 * index) = ulong.MaxValue;
        _write.At(2 * index) = ulong.MaxValue;
    }
}
