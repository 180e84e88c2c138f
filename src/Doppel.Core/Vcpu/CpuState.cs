using System.Runtime.CompilerServices;
using Doppel.Host.Memory;

namespace Doppel.Core.Vcpu;

/// <summary>The registers of one vCPU: 64-bit slots, numbered by the instruction set, at an address that never moves.</summary>
public sealed class CpuState(int slots)
{
    private readonly SlotBlock _slots = new(slots);

    public int Count => _slots.Count;

    /// <summary>The address of slot 0, for engines with generated code.</summary>
    public nint Address => _slots.Address;

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

    public Span<ulong> AsSpan() => _slots.AsSpan();
}
