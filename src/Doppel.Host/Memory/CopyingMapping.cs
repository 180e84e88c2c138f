using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

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

    /// <inheritdoc cref="FrozenMemory.Open"/>
    public static FrozenMemory Read(ulong length, IReadOnlyList<(PageRun Run, Guid Layer)> pieces, Func<Guid, SafeFileHandle> open)
    {
        var bytes = new CopiedBytes(length);
        var content = new Copy(bytes, length);
        var files = new Dictionary<Guid, SafeFileHandle>();
        try
        {
            foreach ((PageRun run, Guid layer) in pieces)
            {
                if (!files.TryGetValue(layer, out SafeFileHandle? file)) files.Add(layer, file = open(layer));
                for (ulong offset = run.Offset; offset < run.End;)
                {
                    int count = RandomAccess.Read(file, bytes.Span(offset, Math.Min(run.End - offset, 1 << 20)), (long)offset);
                    if (count == 0) throw new EndOfStreamException($"The layer {layer} ends at {offset}.");
                    offset += (ulong)count;
                }
            }

            return content;
        }
        catch
        {
            content.Dispose();
            throw;
        }
        finally
        {
            foreach (SafeFileHandle file in files.Values) file.Dispose();
        }
    }

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
            _bytes = new CopiedBytes(length);
            NativeMemory.Copy(source, _bytes.Address, (nuint)length);
        }

        /// <summary>Takes the bytes over.</summary>
        public Copy(CopiedBytes bytes, ulong length)
            : base(length)
        {
            _bytes = bytes;
        }

        public override IReadOnlyList<FrozenPiece> Pieces => [new FrozenPiece(new PageRun(0, Length), _bytes)];

        public void CopyTo(byte* destination) => NativeMemory.Copy(_bytes.Address, destination, (nuint)Length);

        public override FrozenMemory Share() => new Copy(_bytes.Share(), Length);

        public override void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0) _bytes.Release();
        }
    }

    /// <summary>One copy for all who share it.</summary>
    private sealed class CopiedBytes : FrozenLayer
    {
        private readonly ulong _length;
        private int _references = 1;

        public CopiedBytes(ulong length)
            : base(Guid.NewGuid())
        {
            _length = length;
            Address = NativeMemory.Alloc((nuint)length);
        }

        public void* Address { get; }

        public Span<byte> Span(ulong offset, ulong length)
        {
            if (offset > _length || length > _length - offset) throw new ArgumentOutOfRangeException(nameof(offset), "Access outside the frozen memory.");
            return new Span<byte>((byte*)Address + offset, checked((int)length));
        }

        public override IEnumerable<PageRun> Data(PageRun range) => [range];

        public override void Read(ulong offset, Span<byte> destination) => Span(offset, (ulong)destination.Length).CopyTo(destination);

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
