namespace Doppel.Host.Memory;

/// <summary>
/// What has been frozen of a block and is still being copied, or was until now, in the order of freezing, and what was frozen before each. A page that has been written to since one of them was frozen is
/// not among those that it still has to copy: so each copies what the block holds now, and none waits for another.
/// </summary>
/// <remarks><see cref="Keep"/> may be called by any thread at any time, the others by one at a time.</remarks>
internal sealed class PendingFills
{
    /// <summary>So many there are at most: whoever has memory that is still being copied asks all of them for each page.</summary>
    private const int Most = 4;

    private volatile Pending[] _pending = [];

    /// <summary>Those that have been ended, in which somebody may still be held up.</summary>
    private readonly List<LayerFill> _ended = [];

    /// <summary>One more, the newest.</summary>
    /// <param name="before">What was frozen before; taken over.</param>
    public void Add(LayerFill fill, LayeredMemory before) => _pending = [.. _pending, new Pending(fill, before)];

    /// <inheritdoc cref="LayerFill.Keep"/>
    public void Keep(ulong offset)
    {
        foreach (Pending one in _pending) one.Fill.Keep(offset);
    }

    /// <summary>Copies all.</summary>
    public void CopyNow() => CopyNow(_pending.Length);

    /// <summary>Copies so many that there may be one more.</summary>
    public void MakeRoom() => CopyNow(_pending.Length - Most + 1);

    /// <summary>Ends all of them; nothing is mapped any more.</summary>
    public void Finish()
    {
        foreach (Pending one in _pending) one.Fill.Finish();
    }

    /// <summary>Forgets those that are done, and has room for one more. Only while nobody writes to the block.</summary>
    /// <param name="all">Whether the others are ended, too.</param>
    /// <param name="frozen">What is frozen: it becomes what was frozen before, if a layer of it lacks pages for which there was no room.</param>
    /// <param name="changed">What has changed since it was frozen.</param>
    /// <returns>Whether pages that were frozen remain the block's own.</returns>
    public bool Settle(bool all, ref LayeredMemory frozen, ref ReadOnlySpan<ulong> changed)
    {
        Pending[] pending = _pending;
        int ending = all ? pending.Length : Math.Max(0, pending.Length - Most + 1);
        foreach (Pending one in pending.AsSpan(0, ending)) one.Fill.Finish();
        int failed = Array.FindIndex(pending, one => one.Fill.Failure is not null);
        if (failed >= 0)
        {
            ulong[] lost = new ulong[pending[failed].Fill.Frozen.Length];
            changed.CopyTo(lost);
            foreach (Pending one in pending.AsSpan(failed))
            {
                one.Fill.Finish();
                for (int i = 0; i < lost.Length; i++) lost[i] |= one.Fill.Frozen[i];
            }

            // What was frozen since is built on it, too.
            (frozen, LayeredMemory newest) = (pending[failed].Before, frozen);
            newest.Dispose();
            foreach (Pending one in pending.AsSpan(failed + 1)) one.Before.Dispose();
            changed = lost;
        }

        bool isMixed = failed >= 0;
        var left = new List<Pending>();
        for (int i = 0; i < pending.Length; i++)
        {
            (LayerFill fill, LayeredMemory before) = pending[i];
            bool isLost = failed >= 0 && i >= failed;
            if (!isLost && i >= ending && fill is not { IsDone: true, Failure: null })
            {
                left.Add(pending[i]);
                continue;
            }

            isMixed |= !fill.IsMapped;
            _ended.Add(fill);
            if (!isLost) before.Dispose();
        }

        _pending = [.. left];
        _ended.RemoveAll(fill => fill.IsOver);
        return isMixed;
    }

    /// <summary>Ends and forgets all: the block holds something else.</summary>
    public void Clear()
    {
        foreach ((LayerFill fill, LayeredMemory before) in _pending)
        {
            fill.Finish();
            before.Dispose();
            _ended.Add(fill);
        }

        _pending = [];
    }

    /// <summary>After <see cref="Clear"/>: returns when nobody looks at the block any more.</summary>
    public void WaitForReaders()
    {
        foreach (LayerFill fill in _ended) fill.WaitForReaders();
    }

    private void CopyNow(int count)
    {
        // If there was no room for all pages, who has the layer is told, and the next freeze keeps them once more.
        for (int i = 0; i < count; i++)
        {
            if (_pending[i].Fill is { Failure: null } fill) fill.CopyNow();
        }
    }

    private readonly record struct Pending(LayerFill Fill, LayeredMemory Before);
}
