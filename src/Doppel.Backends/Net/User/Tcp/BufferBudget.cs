namespace Doppel.Backends.Net.User.Tcp;

/// <summary>What the connections of one gateway may buffer together beyond the little that each has for certain. Used on the loop's thread.</summary>
internal sealed class BufferBudget(long bytes)
{
    private long _left = bytes;

    public bool TryReserve(int count)
    {
        if (count > _left) return false;
        _left -= count;
        return true;
    }

    public void Release(int count) => _left += count;
}
