using System.Runtime.CompilerServices;
using Doppel.Host.Memory;

namespace Doppel.Core.Vcpu;

/// <summary>
/// The registers of one vCPU: 64-bit slots, numbered by the instruction set, at an address that never moves. Behind them are slots for the engine, which are no
/// part of the guest's state.
/// </summary>
public sealed class CpuState(int slots)
{
    /// <summary>Slots behind the instruction set's that belong to the engine.</summary>
    public const int EngineSlots = 64 + 2 * 16384 + 4 * 256;

    /// <summary>The bit of <see cref="Attention"/> that is set whatever is wanted: all that generated code looks at.</summary>
    public const ulong AttentionWanted = 1UL << 63;

    private readonly SlotBlock _slots = new(slots + EngineSlots, marked: slots);

    /// <summary>The instruction set's slots.</summary>
    public int Count => slots;

    /// <summary>The first engine slot: not zero while another thread wants something of the vCPU.</summary>
    public int AttentionSlot => slots;

    /// <summary>The address of slot 0, for engines with generated code.</summary>
    public nint Address => _slots.Address;

    /// <summary>See <see cref="SlotBlock.IsIntact"/>.</summary>
    public bool IsIntact => _slots.IsIntact;

    /// <summary>The slot at <see cref="AttentionSlot"/>. Changed by other threads.</summary>
    public ref ulong Attention
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _slots.Marked;
    }

    /// <summary>One of the first 256 slots, without a bounds check.</summary>
    public ulong this[byte slot]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _slots[slot];
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => _slots[slot] = value;
    }

    /// <summary>Any slot, bounds-checked; the reference may be used with <see cref="Interlocked"/> and <see cref="Volatile"/>.</summary>
    public ref ulong At(int slot) => ref _slots.At(slot);

    /// <summary>The first 256 slots, whose byte indices need no bounds check; for an interpreter's loop.</summary>
    public Span<ulong> Direct
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _slots.Direct;
    }

    /// <summary>The instruction set's slots.</summary>
    public Span<ulong> AsSpan() => _slots.AsSpan()[..slots];
}
