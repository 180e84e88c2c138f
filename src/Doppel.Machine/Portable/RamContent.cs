using Doppel.Host.Memory;
using Doppel.Machine.Portable.Format;

namespace Doppel.Machine.Portable;

/// <summary>Frozen RAM as content.</summary>
/// <param name="memory">Remains the caller's.</param>
internal sealed class RamContent(FrozenMemory memory) : IContentSource
{
    private List<PageRun>? _runs;
    private int _next;

    public long Length => (long)memory.Length;

    /// <param name="offset">Not before that of the last call.</param>
    public ValueTask<long> NextDataAsync(long offset, CancellationToken cancel)
    {
        _runs ??= [.. memory.Data()];
        while (_next < _runs.Count && (long)_runs[_next].End <= offset) _next++;
        return ValueTask.FromResult(_next == _runs.Count ? Length : Math.Max(offset, (long)_runs[_next].Offset));
    }

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        memory.Read((ulong)offset, buffer.Span);
        return ValueTask.CompletedTask;
    }
}
