using System.Runtime.InteropServices;
using static Doppel.Host.Memory.MemoryCalls;

namespace Doppel.Host.Memory;

/// <summary>
/// One mapping of the host. On Linux a memfd (so that later a fork can map the same pages copy-on-write), advised to use huge pages, between guards that
/// nothing can access; elsewhere anonymous zeroed memory from the runtime's allocator.
/// </summary>
internal sealed unsafe class HostMapping : IDisposable
{
    private const int ProtReadWrite = 0x1 | 0x2;
    private const int MapShared = 0x01;
    private const int MapFixed = 0x10;
    private const int MapNoReserve = 0x4000;
    private const int MadviseHugePage = 14;
    private const int MadviseRemove = 9;
    private const uint MfdCloexec = 1;

    private readonly ulong _length;
    private readonly int _descriptor;
    private readonly void* _rawAllocation;

    private HostMapping(byte* address, ulong length, int descriptor, void* rawAllocation)
    {
        Address = address;
        _length = length;
        _descriptor = descriptor;
        _rawAllocation = rawAllocation;
    }

    /// <summary>The first byte; null once disposed.</summary>
    public byte* Address { get; private set; }

    public static HostMapping Create(ulong length, string name)
    {
        ulong pageSize = (ulong)Environment.SystemPageSize;
        if (length > long.MaxValue - pageSize - (4 * AddressRange.GuardBytes)) throw OutOfMemory(length, "more than the address space");
        ulong rounded = (length + pageSize - 1) & ~(pageSize - 1);
        return OperatingSystem.IsLinux() ? CreateMemfd(rounded, name) : CreatePortable(rounded);
    }

    public void Discard(ulong offset, ulong length)
    {
        ulong pageSize = (ulong)Environment.SystemPageSize;
        ulong first = (offset + pageSize - 1) & ~(pageSize - 1);
        ulong last = (offset + length) & ~(pageSize - 1);
        // Partial pages at the ends are cleared by hand.
        if (first >= last)
        {
            new Span<byte>(Address + offset, checked((int)length)).Clear();
            return;
        }

        new Span<byte>(Address + offset, (int)(first - offset)).Clear();
        new Span<byte>(Address + last, (int)(offset + length - last)).Clear();
        if (_descriptor >= 0 && Madvise(Address + first, (nuint)(last - first), MadviseRemove) == 0) return;
        NativeMemory.Clear(Address + first, (nuint)(last - first));
    }

    public void Dispose()
    {
        byte* address = Address;
        if (address == null) return;
        Address = null;
        if (_descriptor >= 0)
        {
            AddressRange.Release(address, _length);
            _ = Close(_descriptor);
        }
        else
        {
            NativeMemory.AlignedFree(_rawAllocation);
        }
    }

    private static HostMapping CreateMemfd(ulong length, string name)
    {
        int descriptor = MemfdCreate("doppel-" + name, MfdCloexec);
        if (descriptor < 0) throw OutOfMemory(length);
        if (Ftruncate(descriptor, (long)length) != 0)
        {
            OutOfMemoryException failure = OutOfMemory(length);
            _ = Close(descriptor);
            throw failure;
        }

        byte* address = AddressRange.Reserve(length);
        if (address == null || (nint)Mmap(address, (nuint)length, ProtReadWrite, MapShared | MapNoReserve | MapFixed, descriptor, 0) == -1)
        {
            OutOfMemoryException failure = OutOfMemory(length);
            if (address != null) AddressRange.Release(address, length);
            _ = Close(descriptor);
            throw failure;
        }

        // Advice only: hosts without huge pages for shared memory refuse it, and nothing is lost.
        _ = Madvise(address, (nuint)length, MadviseHugePage);
        return new HostMapping(address, length, descriptor, null);
    }

    private static HostMapping CreatePortable(ulong length)
    {
        void* allocation = NativeMemory.AlignedAlloc((nuint)length, (nuint)Environment.SystemPageSize);
        NativeMemory.Clear(allocation, (nuint)length);
        return new HostMapping((byte*)allocation, length, -1, allocation);
    }

    private static OutOfMemoryException OutOfMemory(ulong length, string? reason = null) =>
        new($"The host cannot map {length} bytes: {reason ?? Marshal.GetLastPInvokeErrorMessage()}.");
}
