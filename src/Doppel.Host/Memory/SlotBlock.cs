using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Doppel.Host.Memory;

/// <summary>
/// A fixed array of 64-bit slots at an address that never moves: the state of one vCPU, seen alike by the interpreter, generated code and KVM.
/// </summary>
/// <remarks>
/// The first 256 slots can be reached by a byte index without a bounds check, because there are always at least that many.
/// The slots live in the pinned object heap, many of them in pages of their own (<see cref="PagedSlots"/>), or between guards (<see cref="GuardedSlots"/>): nothing to dispose, and no
/// access can outlive them.
/// </remarks>
public sealed unsafe class SlotBlock
{
    private const int DirectSlots = 256;
    private readonly int _count;
    private readonly ulong[]? _array;
    private readonly GuardedSlots? _guarded;
    private readonly PagedSlots? _paged;
    private readonly ulong* _slots;
    private readonly ulong* _marked;

    /// <param name="count">How many slots are wanted; at least 256 are made, all zero.</param>
    /// <param name="marked">The slot that <see cref="Marked"/> is.</param>
    public SlotBlock(int count, int marked = 0)
        : this(count, marked, GuardedSlots.IsWanted)
    {
    }

    internal SlotBlock(int count, int marked, bool guarded)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(marked);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(marked, Math.Max(count, DirectSlots));
        _count = Math.Max(count, DirectSlots);
        if (guarded)
        {
            _guarded = new GuardedSlots(_count);
            _slots = _guarded.Slots;
        }
        else if (_count >= PagedSlots.Fewest && OperatingSystem.IsLinux())
        {
            _paged = new PagedSlots(_count);
            _slots = _paged.Slots;
        }
        else
        {
            _array = GC.AllocateArray<ulong>(_count, pinned: true);
            _slots = (ulong*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_array));
        }

        _marked = _slots + marked;
    }

    /// <summary>Number of slots.</summary>
    public int Count => _count;

    /// <summary>False if something has written before the slots, as far as that is watched.</summary>
    public bool IsIntact => _guarded?.IsIntact ?? true;

    /// <summary>The address of slot 0, valid as long as this object is reachable.</summary>
    public nint Address => (nint)_slots;

    /// <summary>Slot <paramref name="index"/> of the first 256.</summary>
    public ulong this[byte index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _slots[index];
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => _slots[index] = value;
    }

    /// <summary>One slot chosen for all time, without a bounds check.</summary>
    public ref ulong Marked
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref *_marked;
    }

    /// <summary>Any slot, bounds-checked.</summary>
    public ref ulong At(int index) => ref new Span<ulong>(_slots, _count)[index];

    /// <summary>The first 256 slots: a span whose length the compiler knows, so that a byte index needs no check.</summary>
    public Span<ulong> Direct
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(_slots, DirectSlots);
    }

    /// <summary>All slots.</summary>
    public Span<ulong> AsSpan() => _array is { } array ? array : new Span<ulong>(_slots, _count);
}
