using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Doppel.Host.Memory.MemoryCalls;

namespace Doppel.Host.Memory;

/// <summary>Pages of a block that were written together, in a memfd, or a file, at the offsets that they have in the block. Shared by counting references.</summary>
internal sealed class MemoryLayer : FrozenLayer
{
    private const uint MfdCloexec = 1;
    private const int ProtReadWrite = 0x1 | 0x2;
    private const int MapShared = 0x01;
    private const int MapNoReserve = 0x4000;
    private const int MadvisePopulateWrite = 23;
    private const int Enomem = 12;
    private const int Efault = 14;
    private const int SeekData = 3;
    private const int SeekHole = 4;

    private readonly SafeFileHandle _file;
    private int _references = 1;

    private MemoryLayer(SafeFileHandle file, Guid id)
        : base(id)
    {
        _file = file;
    }

    /// <exception cref="OutOfMemoryException">The host has not that much.</exception>
    public static MemoryLayer Create(ulong length, string name)
    {
        int descriptor = MemfdCreate("doppel-" + name, MfdCloexec);
        if (descriptor < 0) throw Failure(length);
        if (Ftruncate(descriptor, (long)length) == 0) return new MemoryLayer(new SafeFileHandle(descriptor, ownsHandle: true), Guid.NewGuid());
        OutOfMemoryException failure = Failure(length);
        _ = Close(descriptor);
        throw failure;
    }

    /// <summary>A layer that somebody else has written; the file is taken over.</summary>
    public static MemoryLayer Of(SafeFileHandle file, Guid id) => new(file, id);

    /// <summary>For mapping; valid while there are references.</summary>
    public int Descriptor => (int)_file.DangerousGetHandle();

    /// <summary>Who is still copying pages into it, if anybody; or who could not.</summary>
    public LayerFill? Fill { get; set; }

    /// <summary>Returns when it has all its pages.</summary>
    /// <exception cref="OutOfMemoryException">The host had no room for them.</exception>
    private void WaitUntilFilled() => Fill?.WaitUntilCopied(helps: false);

    public override string ForOthers()
    {
        WaitUntilFilled();
        return $"/proc/{Environment.ProcessId}/fd/{Descriptor}";
    }

    /// <summary>All of it, to be written to.</summary>
    /// <exception cref="OutOfMemoryException">The host has not the address space.</exception>
    public unsafe byte* Map(ulong length)
    {
        void* address = Mmap(null, (nuint)length, ProtReadWrite, MapShared | MapNoReserve, Descriptor, 0);
        return (nint)address == -1 ? throw Failure(length) : (byte*)address;
    }

    /// <summary>Has pages of a mapping of a layer there, to be written to.</summary>
    /// <returns>False if the host has no room for them. A host that cannot be asked (before Linux 5.14) counts as one that has.</returns>
    /// <remarks>madvise(2): where a write would end in SIGBUS, MADV_POPULATE_WRITE fails with EFAULT; ENOMEM, if memory is short.</remarks>
    public static unsafe bool Provide(byte* address, ulong length) =>
        Madvise(address, (nuint)length, MadvisePopulateWrite) == 0 || Marshal.GetLastPInvokeError() is not (Efault or Enomem);

    public static unsafe void Unmap(byte* address, ulong length) => _ = Munmap(address, (nuint)length);

    public MemoryLayer Share()
    {
        Interlocked.Increment(ref _references);
        return this;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0) _file.Dispose();
    }

    /// <exception cref="OutOfMemoryException">The host has not that much.</exception>
    public void Write(ulong offset, ReadOnlySpan<byte> content)
    {
        try
        {
            RandomAccess.Write(_file, content, (long)offset);
        }
        catch (IOException exception)
        {
            throw new OutOfMemoryException($"The host cannot give {content.Length} bytes: {exception.Message}", exception);
        }
    }

    public override void Read(ulong offset, Span<byte> destination)
    {
        WaitUntilFilled();
        while (!destination.IsEmpty)
        {
            int count = RandomAccess.Read(_file, destination, (long)offset);
            if (count == 0) throw new EndOfStreamException($"The layer {Id} ends at {offset}.");
            destination = destination[count..];
            offset += (ulong)count;
        }
    }

    public override IEnumerable<PageRun> Data(PageRun range)
    {
        WaitUntilFilled();
        ulong position = range.Offset;
        while (position < range.End)
        {
            long start = Lseek(Descriptor, (long)position, SeekData);
            if (start < 0 || (ulong)start >= range.End) yield break;
            ulong end = Math.Min((ulong)Lseek(Descriptor, start, SeekHole), range.End);
            yield return new PageRun((ulong)start, end - (ulong)start);
            position = end;
        }
    }

    private static OutOfMemoryException Failure(ulong length) => new($"The host cannot map {length} bytes: {Marshal.GetLastPInvokeErrorMessage()}.");
}
