using Doppel.Machine.Portable.Format;

namespace Doppel.Machine.Portable;

/// <summary>The objects that are to be written, in order, with the progress of the whole.</summary>
internal sealed class MachineObjects(PortableWriter writer, IProgress<double>? progress) : IProgress<long>, IAsyncDisposable
{
    private readonly List<(string Name, IContentSource Source)> _objects = [];
    private long _total;
    private long _done;

    /// <param name="source">Taken over.</param>
    public void Add(string name, IContentSource source)
    {
        _objects.Add((name, source));
        _total += source.Length;
    }

    public async Task<IReadOnlyList<SavedObject>> WriteAsync(CancellationToken cancel)
    {
        var written = new List<SavedObject>();
        foreach ((string name, IContentSource source) in _objects)
        {
            written.Add(SavedObject.Of(await writer.WriteAsync(name, source, this, cancel).ConfigureAwait(false)));
            _done += source.Length;
        }

        return written;
    }

    /// <param name="value">Bytes of the object that is being written.</param>
    public void Report(long value) => progress?.Report((double)(_done + value) / _total);

    public async ValueTask DisposeAsync()
    {
        foreach ((_, IContentSource source) in _objects)
        {
            if (source is IAsyncDisposable owned) await owned.DisposeAsync().ConfigureAwait(false);
        }
    }
}
