using System.Runtime.InteropServices;
using static Doppel.Host.Memory.MemoryCalls;

namespace Doppel.Host.Memory;

/// <summary>
/// Where a <see cref="SlotBlock"/> lies while generated code is being fuzzed: it ends where nothing can be accessed, and the rest of its first page, before which nothing
/// can be accessed either, holds a pattern.
/// </summary>
internal sealed unsafe class GuardedSlots
{
    /// <summary>The switch (<see cref="AppContext.SetSwitch"/>) that makes all slot blocks from then on such ones. Linux only.</summary>
    public const string Switch = "Doppel.Host.GuardSlots";

    private const ulong Pattern = 0xa5c3_5a3c_96e1_7b2d;
    private const int ProtReadWrite = 0x1 | 0x2;
    private const int MapPrivate = 0x02;
    private const int MapFixed = 0x10;
    private const int MapAnonymous = 0x20;

    private readonly byte* _start;
    private readonly ulong _length;

    /// <exception cref="OutOfMemoryException">The host has not that much.</exception>
    public GuardedSlots(int count)
    {
        ulong page = (ulong)Environment.SystemPageSize;
        ulong bytes = (ulong)count * sizeof(ulong);
        _length = (bytes + page - 1) & ~(page - 1);
        _start = AddressRange.Reserve(_length);
        if (_start == null || (nint)Mmap(_start, (nuint)_length, ProtReadWrite, MapPrivate | MapFixed | MapAnonymous, -1, 0) == -1)
            throw new OutOfMemoryException($"The host cannot map {_length} bytes: {Marshal.GetLastPInvokeErrorMessage()}.");
        Slots = (ulong*)(_start + _length - bytes);
        Margin.Fill(Pattern);
    }

    ~GuardedSlots() => AddressRange.Release(_start, _length);

    /// <summary>Whether blocks are to be guarded.</summary>
    public static bool IsWanted => AppContext.TryGetSwitch(Switch, out bool wanted) && wanted && OperatingSystem.IsLinux();

    /// <summary>All zero at first.</summary>
    public ulong* Slots { get; }

    /// <summary>Nobody has written to the bytes before the slots.</summary>
    public bool IsIntact => Margin.IndexOfAnyExcept(Pattern) < 0;

    private Span<ulong> Margin => new(_start, (int)((byte*)Slots - _start) / sizeof(ulong));
}
