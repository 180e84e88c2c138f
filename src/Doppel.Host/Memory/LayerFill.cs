using System.Numerics;
using Doppel.Host.Threading;

namespace Doppel.Host.Memory;

/// <summary>
/// Copies pages that have been frozen into their layer while the block goes on being used: who is about to write to one of them (<see cref="Keep"/>), or needs it in the layer (<see cref="Fetch"/>), copies
/// it first, and the rest is copied in the background. When all are copied, what has not been written to since is mapped from the layer, and the host gets the block's own pages back.
/// </summary>
/// <remarks>
/// Nobody waits for anybody's copying. A page is copied to a buffer first, and counts only if it was still pending afterwards: then nobody has written to it meanwhile. Whoever else copies it at the same time
/// writes the same bytes to the layer. Only while a word's pages are being mapped, a writer to one of them waits.
/// Those who copy because they need the page write to a mapping of the layer: a file has a lock, which the thread in the background may hold while it is not running.
/// </remarks>
internal sealed unsafe class LayerFill
{
    /// <summary>A process may have about 65,000 mappings. What is beyond that many remains the block's own.</summary>
    private const int MaxMappings = 512;

    /// <summary>Copied at a time.</summary>
    private const int ChunkPages = 16;
    private const int ChunkLength = ChunkPages * PageRun.PageSize;

    /// <summary>Before the first page is copied in the background; milliseconds.</summary>
    private const int Delay = 2;

    private const int PagesPerWord = 64;
    private const int Nothing = -1;

    private readonly byte* _block;
    private readonly ulong _length;
    private readonly MemoryLayer _layer;
    private readonly byte* _window;
    private readonly Action<PageRun> _map;
    private readonly ulong[] _frozen;
    private readonly ulong[] _pending;
    private readonly ulong[] _touched;
    private readonly TaskCompletionSource _copied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _next = -1;
    private int _begun;
    private int _copiers;

    /// <summary>The word whose pages are being mapped.</summary>
    private int _mapping = Nothing;
    private volatile bool _isUrgent;
    private volatile bool _isCopied;
    private volatile bool _isMapped;
    private volatile bool _isDone;
    private volatile OutOfMemoryException? _failure;

    /// <summary>From now on who writes to the block must call <see cref="Keep"/> before.</summary>
    /// <param name="layer">One reference becomes this object's.</param>
    /// <param name="runs">Whole host pages.</param>
    /// <param name="map">Maps a run of the layer into the block.</param>
    /// <exception cref="OutOfMemoryException">The host has not the address space; the reference remains the caller's.</exception>
    public LayerFill(byte* block, ulong length, MemoryLayer layer, IReadOnlyList<PageRun> runs, Action<PageRun> map)
    {
        _block = block;
        _length = length;
        _layer = layer;
        _window = layer.Map(length);
        _map = map;
        _frozen = new ulong[(length / PageRun.PageSize + PagesPerWord - 1) / PagesPerWord];
        foreach (PageRun run in runs)
        {
            for (ulong page = run.Offset / PageRun.PageSize; page < run.End / PageRun.PageSize;)
            {
                int first = (int)(page % PagesPerWord), count = (int)Math.Min(run.End / PageRun.PageSize - page, (ulong)(PagesPerWord - first));
                _frozen[page / PagesPerWord] |= Bits(first, count);
                page += (ulong)count;
            }
        }

        _pending = [.. _frozen];
        _touched = new ulong[_frozen.Length];
        layer.Fill = this;
    }

    /// <summary>All pages that were to be copied; bit n of word w is page 64·w + n.</summary>
    public ReadOnlySpan<ulong> Frozen => _frozen;

    /// <summary>Why the layer lacks pages, if it does. The block has them.</summary>
    public OutOfMemoryException? Failure => _failure;

    /// <summary>Whether the layer has all its pages.</summary>
    public bool IsCopied => _isCopied && _failure is null;

    /// <summary>Whether nothing is copied and mapped any more.</summary>
    public bool IsDone => _isDone;

    /// <summary>Whether nobody looks at the block any more.</summary>
    public bool IsOver => _isDone && Volatile.Read(ref _copiers) == 0;

    /// <summary>Whether all pages are mapped from the layer but those that have been written to since.</summary>
    public bool IsMapped => _isMapped;

    /// <summary>Begins to copy in the background, on a thread of its own: the pool's are few, and others wait for them. Without effect if it has begun, or is all done.</summary>
    /// <remarks>Does not wait until the host has made the thread: somebody may wait for what follows.</remarks>
    public void Begin()
    {
        if (Interlocked.Exchange(ref _begun, 1) == 0) _ = Task.Run(() => new Thread(WorkQuickly) { IsBackground = true, Name = "doppel-copy" }.Start());
    }

    /// <summary>Called before the page at the offset is written to for the first time since it was frozen. Any thread.</summary>
    public void Keep(ulong offset)
    {
        if (_isDone) return;
        ulong hostPage = (ulong)Environment.SystemPageSize;
        ulong first = (offset & ~(hostPage - 1)) / PageRun.PageSize;
        int word = (int)(first / PagesPerWord);
        Interlocked.Or(ref _touched[word], Bits((int)(first % PagesPerWord), (int)(hostPage / PageRun.PageSize)));
        Fetch(offset);

        // Who maps these pages has seen the mark, or is seen here.
        for (int i = 0; Volatile.Read(ref _mapping) == word; i++) WaitALittle(i);
    }

    /// <summary>Has the page at the offset copied, if it is among those that are. Any thread. Look at <see cref="Failure"/> afterwards.</summary>
    public void Fetch(ulong offset)
    {
        ulong hostPage = (ulong)Environment.SystemPageSize;
        ulong first = (offset & ~(hostPage - 1)) / PageRun.PageSize;
        Span<byte> buffer = stackalloc byte[PageRun.PageSize];
        for (ulong page = first; page < first + (hostPage / PageRun.PageSize); page++) Copy((int)(page / PagesPerWord), (int)(page % PagesPerWord), 1, buffer, inBackground: false);
    }

    /// <summary>Returns when the layer has all its pages. Any thread.</summary>
    /// <param name="helps">Whether the caller copies, too, because somebody stands still meanwhile.</param>
    /// <exception cref="OutOfMemoryException">The host has no room for them.</exception>
    public void WaitUntilCopied(bool helps)
    {
        if (helps) CopyNow();
        else if (Interlocked.Exchange(ref _begun, 1) == 0) Work();
        else _copied.Task.Wait();
        if (_failure is { } failure) throw new OutOfMemoryException(failure.Message, failure);
    }

    /// <summary>Returns when all is copied, as far as there is room. Any thread.</summary>
    public void CopyNow() => CopyAll(inBackground: false);

    /// <summary>Ends the work: all is copied, and nothing is mapped any more. Only while nobody writes to the block.</summary>
    public void Finish()
    {
        _isUrgent = true;
        CopyNow();
        for (int i = 0; Volatile.Read(ref _mapping) != Nothing; i++) WaitALittle(i);
        if (Interlocked.Exchange(ref _begun, 1) == 0) End();
    }

    /// <summary>Once <see cref="Finish"/>ed: returns when nobody looks at the block any more, as those may do who are at a page that others have copied meanwhile.</summary>
    public void WaitForReaders()
    {
        for (int i = 0; Volatile.Read(ref _copiers) != 0; i++) WaitALittle(i);
    }

    /// <summary>Guests wait for who maps a page that they are about to write to: it must not be one to whom the host gives no processor.</summary>
    private void WorkQuickly()
    {
        // Beside it what goes on after the freeze, or begins, would do so later.
        Thread.Sleep(Delay);
        ThreadShare.BeQuick();
        Work();
    }

    private void Work()
    {
        CopyAll(inBackground: true);
        _isMapped = _failure is null && MapAll();
        End();
    }

    private void End()
    {
        _isDone = true;

        // Nothing is pending: who looks from now on leaves the window alone.
        WaitForReaders();
        MemoryLayer.Unmap(_window, _length);
        if (_failure is null) _layer.Fill = null;
        _layer.Release();
    }

    private void CopyAll(bool inBackground)
    {
        byte[] buffer = new byte[ChunkLength];
        WorkRests rests = default;

        // Each takes what nobody has taken yet; then what the others have not got done, for however long they may be held up.
        for (int word = Interlocked.Increment(ref _next); word < _pending.Length; word = Interlocked.Increment(ref _next)) CopyWord(word, buffer, inBackground, ref rests);
        for (int word = 0; word < _pending.Length; word++) CopyWord(word, buffer, inBackground, ref rests);
        _isCopied = true;
        _copied.TrySetResult();
    }

    private void CopyWord(int word, Span<byte> buffer, bool inBackground, ref WorkRests rests)
    {
        for (ulong left = Volatile.Read(ref _pending[word]); left != 0;)
        {
            (int first, int count) = FirstRun(left);
            count = Math.Min(count, ChunkPages);
            Copy(word, first, count, buffer, inBackground);
            left &= ~Bits(first, count);
            if (inBackground && !_isUrgent) rests.Take();
        }
    }

    /// <summary>Copies those pages of a word that are still pending.</summary>
    /// <param name="inBackground">Whether it is done with as few faults as can be, by calls of the host; otherwise without waiting for anybody.</param>
    private void Copy(int word, int first, int count, Span<byte> buffer, bool inBackground)
    {
        ulong offset = ((ulong)word * PagesPerWord + (ulong)first) * PageRun.PageSize;
        ulong bits = Bits(first, count);
        if ((Volatile.Read(ref _pending[word]) & bits) == 0) return;

        // Whoever waits for readers sees us; if all is copied by then, nothing is pending.
        Interlocked.Increment(ref _copiers);
        ulong pending = Volatile.Read(ref _pending[word]) & bits;
        if (pending != 0) Read(offset, buffer[..(count * PageRun.PageSize)], inBackground);

        // Some may have been written to while they were being copied.
        Interlocked.MemoryBarrier();
        pending &= Volatile.Read(ref _pending[word]);
        for (ulong left = pending; left != 0 && _failure is null;)
        {
            (int start, int length) = FirstRun(left);
            Span<byte> content = buffer.Slice((start - first) * PageRun.PageSize, length * PageRun.PageSize);
            ulong at = offset + ((ulong)(start - first) * PageRun.PageSize);
            if (inBackground) Write(at, content);
            else WriteNow(at, content);
            left &= ~Bits(start, length);
        }

        Interlocked.And(ref _pending[word], ~pending);
        Interlocked.Decrement(ref _copiers);
    }

    private void Read(ulong offset, Span<byte> buffer, bool inBackground)
    {
        if (!inBackground)
        {
            new ReadOnlySpan<byte>(_block + offset, buffer.Length).CopyTo(buffer);
            return;
        }

        fixed (byte* to = buffer) MemoryCalls.Memcpy(to, _block + offset, (nuint)buffer.Length);
    }

    /// <summary>Without the file's lock, but not without asking whether there is room: the host ends a process that writes where there is none.</summary>
    private void WriteNow(ulong offset, Span<byte> content)
    {
        if (MemoryLayer.Provide(_window + offset, (ulong)content.Length)) content.CopyTo(new Span<byte>(_window + offset, content.Length));
        else _failure = new OutOfMemoryException($"The host cannot give {content.Length} bytes.");
    }

    private void Write(ulong offset, ReadOnlySpan<byte> content)
    {
        try
        {
            _layer.Write(offset, content);
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
        WorkRests rests = default;
        for (int word = 0; word < _frozen.Length; word++)
        {
            if (_frozen[word] == 0) continue;
            Interlocked.Exchange(ref _mapping, word);
            try
            {
                if (_isUrgent) return false;

                // Where some have been written to, the others would take a mapping for each few pages.
                if ((Volatile.Read(ref _touched[word]) & _frozen[word]) != 0) isAll = false;
                else if (!MapWord(word, ref mappings)) return false;
            }
            finally
            {
                Interlocked.Exchange(ref _mapping, Nothing);
            }

            rests.Take();
        }

        return isAll;
    }

    private bool MapWord(int word, ref int mappings)
    {
        for (ulong left = _frozen[word]; left != 0;)
        {
            if (mappings++ == MaxMappings) return false;
            (int first, int count) = FirstRun(left);
            try
            {
                _map(new PageRun(((ulong)word * PagesPerWord + (ulong)first) * PageRun.PageSize, (ulong)count * PageRun.PageSize));
            }
            catch (OutOfMemoryException)
            {
                return false;
            }

            left &= ~Bits(first, count);
        }

        return true;
    }

    /// <summary>For what takes microseconds, unless the other one is not running.</summary>
    private static void WaitALittle(int round)
    {
        if (round < 100) Thread.SpinWait(10);
        else ThreadShare.Rest();
    }

    private static ulong Bits(int first, int count) => (count == PagesPerWord ? ulong.MaxValue : (1UL << count) - 1) << first;

    private static (int First, int Count) FirstRun(ulong bits)
    {
        int first = BitOperations.TrailingZeroCount(bits);
        return (first, Math.Min(BitOperations.TrailingZeroCount(~(bits >> first)), PagesPerWord - first));
    }
}
