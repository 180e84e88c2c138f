using System.Numerics;

namespace Doppel.Host.Memory;

/// <summary>
/// Copies pages that have been frozen into their layer while the block goes on being used: who is about to write to one of them has it copied first (<see cref="Keep"/>).
/// When all are copied, what has not been written to since is mapped from the layer, and the host gets the block's own pages back.
/// </summary>
internal sealed unsafe class LayerFill
{
    private const int WordsPerPiece = 2;

    /// <summary>Pages that are copied, or mapped, at a time: a writer waits for no more than that.</summary>
    private const ulong PieceSize = WordsPerPiece * 64 * PageRun.PageSize;

    /// <summary>A process may have about 65,000 mappings. What is beyond that many remains the block's own.</summary>
    private const int MaxMappings = 512;

    private readonly byte* _block;
    private readonly ulong _length;
    private readonly MemoryLayer _layer;
    private readonly Action<PageRun> _map;
    private readonly ulong[] _frozen;
    private readonly ulong[] _pending;
    private readonly ulong[] _touched;
    private readonly Lock[] _locks = [.. Enumerable.Range(0, 16).Select(_ => new Lock())];
    private readonly Task _work;
    private int _next = -1;
    private volatile bool _isUrgent;
    private volatile bool _isDone;
    private volatile OutOfMemoryException? _failure;

    /// <summary>Begins to copy.</summary>
    /// <param name="layer">One reference becomes this object's.</param>
    /// <param name="runs">Whole host pages.</param>
    /// <param name="map">Maps a run of the layer into the block.</param>
    public LayerFill(byte* block, ulong length, MemoryLayer layer, IReadOnlyList<PageRun> runs, Action<PageRun> map)
    {
        _block = block;
        _length = length;
        _layer = layer;
        _map = map;
        _frozen = new ulong[(int)((length + PieceSize - 1) / PieceSize) * WordsPerPiece];
        foreach (PageRun run in runs)
        {
            for (ulong page = run.Offset / PageRun.PageSize; page < run.End / PageRun.PageSize; page++) _frozen[page / 64] |= 1UL << (int)(page % 64);
        }

        _pending = [.. _frozen];
        _touched = new ulong[_frozen.Length];
        layer.Fill = this;

        // A thread of its own: the pool's are few, and others wait for them.
        _work = Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>All pages that were to be copied; bit n of word w is page 64·w + n.</summary>
    public ReadOnlySpan<ulong> Frozen => _frozen;

    /// <summary>Why the layer lacks pages, if it does. The block has them.</summary>
    public OutOfMemoryException? Failure => _failure;

    /// <summary>Whether all pages are mapped from the layer but those that have been written to since.</summary>
    public bool IsMapped { get; private set; }

    /// <summary>Called before the page at the offset is written to for the first time since it was frozen. Any thread.</summary>
    public void Keep(ulong offset)
    {
        if (_isDone) return;
        ulong hostPage = (ulong)Environment.SystemPageSize;
        ulong first = (offset & ~(hostPage - 1)) / PageRun.PageSize;
        lock (LockOf((int)(offset / PieceSize)))
        {
            for (ulong page = first; page < first + (hostPage / PageRun.PageSize); page++)
            {
                ulong bit = 1UL << (int)(page % 64);
                _touched[page / 64] |= bit;
                if ((_pending[page / 64] & bit) == 0) continue;
                Copy(new PageRun(page * PageRun.PageSize, PageRun.PageSize));
                _pending[page / 64] &= ~bit;
            }
        }
    }

    /// <summary>Returns when the layer has all its pages, and helps to bring that about. Any thread.</summary>
    /// <exception cref="OutOfMemoryException">The host has no room for them.</exception>
    public void WaitUntilCopied()
    {
        CopyAll();
        if (_failure is { } failure) throw new OutOfMemoryException(failure.Message, failure);
    }

    /// <summary>Ends the work: all is copied, and nothing is mapped any more. Only while nobody writes to the block.</summary>
    public void Finish()
    {
        _isUrgent = true;
        CopyAll();
        _work.GetAwaiter().GetResult();
    }

    private void Work()
    {
        CopyAll();
        IsMapped = _failure is null && MapAll();
        _isDone = true;

        // Who has found it undone still looks at the block.
        foreach (Lock one in _locks) one.Enter();
        foreach (Lock one in _locks) one.Exit();
        if (_failure is null) _layer.Fill = null;
        _layer.Release();
    }

    private void CopyAll()
    {
        int pieces = _pending.Length / WordsPerPiece;
        for (int piece = Interlocked.Increment(ref _next); piece < pieces; piece = Interlocked.Increment(ref _next))
        {
            Span<ulong> words = _pending.AsSpan(piece * WordsPerPiece, WordsPerPiece);
            if (!words.ContainsAnyExcept(0UL)) continue;
            lock (LockOf(piece))
            {
                foreach (PageRun run in RunsOf(_pending, piece)) Copy(run);
                words.Clear();
            }
        }

        // Others may be at their last pieces.
        var wait = new SpinWait();
        while (HasPending()) wait.SpinOnce();
    }

    private bool HasPending()
    {
        for (int i = 0; i < _pending.Length; i++)
        {
            if (Volatile.Read(ref _pending[i]) != 0) return true;
        }

        return false;
    }

    private void Copy(PageRun run)
    {
        if (_failure is not null) return;
        try
        {
            _layer.Write(run.Offset, new ReadOnlySpan<byte>(_block + run.Offset, (int)run.Length));
        }
        catch (OutOfMemoryException exception)
        {
            _failure = exception;
        }
    }

    /// <returns>Whether all is mapped that has not been written to.</returns>
    private bool MapAll()
    {
        bool isAll = true;
        int mappings = 0;
        for (int piece = 0; piece < _frozen.Length / WordsPerPiece; piece++)
        {
            if (_isUrgent) return false;
            lock (LockOf(piece))
            {
                // Where some have been written to, the others would take a mapping for each few pages.
                if (Enumerable.Range(piece * WordsPerPiece, WordsPerPiece).Any(word => (_touched[word] & _frozen[word]) != 0))
                {
                    isAll = false;
                    continue;
                }

                foreach (PageRun run in RunsOf(_frozen, piece))
                {
                    if (mappings++ == MaxMappings) return false;
                    try
                    {
                        _map(run);
                    }
                    catch (OutOfMemoryException)
                    {
                        return false;
                    }
                }
            }
        }

        return isAll;
    }

    private Lock LockOf(int piece) => _locks[piece % _locks.Length];

    /// <summary>The marked pages of a piece.</summary>
    private List<PageRun> RunsOf(ulong[] marked, int piece)
    {
        var runs = new List<PageRun>();
        for (int word = piece * WordsPerPiece; word < (piece + 1) * WordsPerPiece; word++)
        {
            for (ulong left = marked[word]; left != 0;)
            {
                int first = BitOperations.TrailingZeroCount(left);
                int count = BitOperations.TrailingZeroCount(~(left >> first));
                count = Math.Min(count, 64 - first);
                ulong offset = (ulong)(word * 64L + first) * PageRun.PageSize;
                ulong length = (ulong)count * PageRun.PageSize;
                if (runs.Count > 0 && runs[^1].End == offset) runs[^1] = runs[^1] with { Length = runs[^1].Length + length };
                else runs.Add(new PageRun(offset, length));
                left = first + count == 64 ? 0 : left & (ulong.MaxValue << (first + count));
            }
        }

        return runs;
    }
}
