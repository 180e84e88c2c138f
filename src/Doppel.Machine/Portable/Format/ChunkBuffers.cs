namespace Doppel.Machine.Portable.Format;

/// <summary>Buffers for the contents and payloads of chunks that are on their way, to be given back: there are as many as are on their way at a time. Thread-safe.</summary>
/// <remarks>
/// Each is as long as it has to be, which is less than what the runtime takes for a large object. The shared pool's are twice as long: made anew now and then, they have all objects of the process looked at, tens of milliseconds for which a guest
/// stands still that is saved while it runs.
/// </remarks>
internal sealed class ChunkBuffers
{
    private readonly Lock _lock = new();
    private readonly Stack<byte[]> _free = [];

    public byte[] Rent()
    {
        lock (_lock)
        {
            if (_free.TryPop(out byte[]? buffer)) return buffer;
        }

        return GC.AllocateUninitializedArray<byte>(PortableFormat.DigestLength + PortableFormat.ChunkSize);
    }

    public void Return(byte[] buffer)
    {
        lock (_lock) _free.Push(buffer);
    }
}
