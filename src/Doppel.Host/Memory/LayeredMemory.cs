using Microsoft.Win32.SafeHandles;

namespace Doppel.Host.Memory;

/// <summary>Frozen memory on Linux: extents that cover the block in order, each of them from one layer.</summary>
internal sealed class LayeredMemory : FrozenMemory
{
    /// <summary>More extents there may not be: a process may have about 65,000 mappings, and each machine on the content needs these, and the time to make them.</summary>
    private const int MaxExtents = 256;

    private readonly Extent[] _extents;
    private int _disposed;

    private LayeredMemory(ulong length, Extent[] extents)
        : base(length)
    {
        _extents = extents;
    }

    public IReadOnlyList<Extent> Extents => _extents;

    /// <summary>The layer that has more of the extents than any other.</summary>
    public MemoryLayer MostFrequent
    {
        get
        {
            // What the framework has for it the runtime would have to compile for these types, in each process that a fork begins.
            var counts = new Dictionary<MemoryLayer, int>();
            MemoryLayer most = _extents[0].Layer;
            foreach (Extent extent in _extents)
            {
                counts[extent.Layer] = counts.GetValueOrDefault(extent.Layer) + 1;
                if (counts[extent.Layer] > counts[most]) most = extent.Layer;
            }

            return most;
        }
    }

    public override IReadOnlyList<FrozenPiece> Pieces => [.. _extents.Select(e => new FrozenPiece(e.Run, e.Layer))];

    /// <summary>Takes the layer over.</summary>
    public static LayeredMemory Of(MemoryLayer layer, ulong length) => new(length, [new Extent(new PageRun(0, length), layer)]);

    /// <inheritdoc cref="FrozenMemory.Open"/>
    public static new LayeredMemory Open(ulong length, IReadOnlyList<(PageRun Run, Guid Layer)> pieces, Func<Guid, SafeFileHandle> open)
    {
        var layers = new Dictionary<Guid, MemoryLayer>();
        try
        {
            foreach (Guid id in pieces.Select(p => p.Layer).Distinct()) layers.Add(id, MemoryLayer.Of(open(id), id));
            return new LayeredMemory(length, [.. pieces.Select(p => new Extent(p.Run, layers[p.Layer].Share()))]);
        }
        finally
        {
            foreach (MemoryLayer layer in layers.Values) layer.Release();
        }
    }

    public override void BeginCopying()
    {
        foreach (Extent extent in _extents) extent.Layer.Fill?.Begin();
    }

    public override LayeredMemory Share()
    {
        var shared = new Extent[_extents.Length];
        for (int i = 0; i < shared.Length; i++) shared[i] = _extents[i] with { Layer = _extents[i].Layer.Share() };
        return new LayeredMemory(Length, shared);
    }

    /// <summary>Whether the other one has the very same pages: of layers with the same names, wherever they lie.</summary>
    public bool IsSame(LayeredMemory other) =>
        _extents.Length == other._extents.Length && _extents.Zip(other._extents).All(pair => pair.First.Run == pair.Second.Run && pair.First.Layer.Id == pair.Second.Layer.Id);

    /// <summary>This memory with some runs from another layer, which remains the caller's, in no more extents than there may be: if there were more, some of those between are copied along.</summary>
    /// <param name="runs">What the layer has; what it is to have.</param>
    public LayeredMemory With(MemoryLayer layer, ref List<PageRun> runs)
    {
        var extents = new List<Extent>(_extents.Length + 2 * runs.Count);
        Lay(layer, runs, extents);
        while (extents.Count > MaxExtents)
        {
            // A few at a time: with them, what is beside others changes.
            int count = (extents.Count - MaxExtents) / 4 + 1;
            runs = PageRun.Join(runs.Concat(Between(extents, layer).OrderBy(o => o.Price).Take(count).Select(o => o.Run)).OrderBy(r => r.Offset));
            Lay(layer, runs, extents);
        }

        foreach (Extent extent in extents) extent.Layer.Share();
        return new LayeredMemory(Length, [.. extents]);
    }

    /// <summary>Extents that become one with those of a layer beside them if they are copied to it, and for how many bytes of each extent less.</summary>
    private static IEnumerable<(PageRun Run, ulong Price)> Between(List<Extent> extents, MemoryLayer layer)
    {
        for (int i = 0; i < extents.Count; i++)
        {
            if (extents[i].Layer == layer) continue;
            ulong fewer = 0;
            if (i > 0 && extents[i - 1].Layer == layer) fewer++;
            if (i + 1 < extents.Count && extents[i + 1].Layer == layer) fewer++;
            if (fewer > 0) yield return (extents[i].Run, extents[i].Run.Length / fewer);
        }
    }

    /// <summary>What comes out if some runs from another layer are laid over these extents.</summary>
    private void Lay(MemoryLayer layer, List<PageRun> runs, List<Extent> extents)
    {
        extents.Clear();
        int old = 0;
        ulong position = 0;
        foreach (PageRun run in runs)
        {
            CopyUntil(run.Offset);
            extents.Add(new Extent(run, layer));
            position = run.End;
        }

        CopyUntil(Length);

        void CopyUntil(ulong end)
        {
            while (position < end)
            {
                while (_extents[old].Run.End <= position) old++;
                ulong next = Math.Min(_extents[old].Run.End, end);
                extents.Add(new Extent(new PageRun(position, next - position), _extents[old].Layer));
                position = next;
            }
        }
    }

    public override void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        foreach (Extent extent in _extents) extent.Layer.Release();
    }

    /// <summary>A run of pages and the layer that holds them.</summary>
    internal readonly record struct Extent(PageRun Run, MemoryLayer Layer);
}
