using System.Runtime.InteropServices;

namespace Doppel.Host.Memory;

/// <summary>Zeroed memory from the runtime's allocator, for hosts other than Linux: to freeze it is to copy it.</summary>
internal sealed unsafe class CopyingMapping : HostMapping
{
    private readonly ulong _length;

    /// <param name="length">Whole host pages.</param>
    public CopyingMapping(ulong length)
    {
        _length = length;
        Address = (byte*)NativeMemory.AlignedAlloc((nuint)length, (nuint)Environment.SystemPageSize);
        NativeMemory.Clear(Address, (nuint)length);
    }

    public override void Discard(ulong offset, ulong length) => NativeMemory.Clear(Address + offset, (nuint)length);

    public override FrozenMemory Freeze(ReadOnlySpan<ulong> changed) => new Copy(Address, _length);

    public override void Restore(FrozenMemory content, ReadOnlySpan<ulong> changed) => ((Copy)content).CopyTo(Address);

    public override void Dispose()
    {
        NativeMemory.AlignedFree(Address);
        Address = null;
    }

    private sealed class Copy : FrozenMemory
    {
        private readonly CopiedBytes _bytes;
        private int _disposed;

        public Copy(byte* source, ulong length)
            : base(length)
        {
            _bytes = new CopiedBytes(source, length);
        }

        private Copy(CopiedBytes bytes, ulong length)
            : base(length)
        {
            _bytes = bytes;
        }

        public void CopyTo(byte* destination) => NativeMemory.Copy(_bytes.Address, destination, (nuint)Length);

        public override FrozenMemory Share() => new Copy(_bytes.Share(), Length);

        public override void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0) _bytes.Release();
        }
    }

    /// <summary>One copy for all who share it.</summary>
    private sealed class CopiedBytes
    {
        private int _references = 1;

        public CopiedBytes(byte* source, ulong length)
        {
            Address = NativeMemory.Alloc((nuint)length);
            NativeMemory.Copy(source, Address, (nuint)length);
        }

        public void* Address { get; }

        public CopiedBytes Share()
        {
            Interlocked.Increment(ref _references);
            return this;
        }

        public void Release()
        {
            if (Interlocked.Decrement(ref _references) == 0) NativeMemory.Free(Address);
        }
    }
}
