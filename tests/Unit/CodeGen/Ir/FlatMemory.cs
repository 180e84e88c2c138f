using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Ir.Interpretation;
using Doppel.Host.Memory;

namespace Doppel.Tests.Unit.CodeGen.Ir;

/// <summary>A guest of nothing but some RAM at one address; everything beside it faults. Steps and faults are noted and can be scripted.</summary>
/// <param name="memory">The RAM; without one, it is made.</param>
internal sealed class FlatMemory(ulong start, int size, HostMemory? memory = null) : IIrMemory
{
    private const ulong NoReservation = ulong.MaxValue;
    private readonly byte[] _array = GC.AllocateArray<byte>(memory is null ? size : 0, pinned: true);

    /// <summary>At <see cref="Address"/>.</summary>
    public Span<byte> Bytes => memory is null ? _array : memory.Span(0, size);

    /// <summary>Where it is in this process; does not change.</summary>
    public nint Address => memory is null ? Marshal.UnsafeAddrOfPinnedArrayElement(_array, 0) : memory.Address;

    public ulong Start => start;

    /// <summary>What <see cref="IrOpcode.Step"/> does; the default goes on.</summary>
    public Func<long, bool> OnStep { get; set; } = _ => true;

    /// <summary>Whether the code page with this number is at this distance; the default is that it is.</summary>
    public Func<long, long, bool> OnPresent { get; set; } = (_, _) => true;

    /// <summary>How many accesses succeed before all fault.</summary>
    public long GoodAccesses { get; set; } = long.MaxValue;

    /// <summary>How many checks for attention find none.</summary>
    public long CalmChecks { get; set; } = long.MaxValue;

    /// <summary>What happened, in order.</summary>
    public List<string> Events { get; } = [];

    /// <summary>Address of the reservation, all ones for none.</summary>
    public ulong Reservation { get; set; } = NoReservation;

    /// <summary>What was loaded with the reservation; 32 bits sign-extended.</summary>
    public ulong ReservedValue { get; set; }

    public bool TryLoad(ulong address, int size, long distance, out ulong value)
    {
        value = 0;
        if (!Holds(address, size)) return Fault("load", address, size, distance);
        value = Read(address, size);
        return true;
    }

    public bool TryStore(ulong address, int size, ulong value, long distance)
    {
        if (!Holds(address, size)) return Fault("store", address, size, distance);
        Write(address, size, value);
        return true;
    }

    public bool TryZeroBlock(ulong address, long distance)
    {
        if (!Holds(address, 64) || address % 64 != 0) return Fault("zero", address, 64, distance);
        for (ulong offset = 0; offset < 64; offset += 8) Write(address + offset, 8, 0);
        return true;
    }

    public bool IsPresent(long distance, long page) => OnPresent(distance, page);

    public bool TryAtomic(IrOpcode operation, ulong address, int size, ulong operand, long distance, out ulong value)
    {
        value = 0;
        if (!Holds(address, size) || address % (uint)size != 0) return Fault("atomic", address, size, distance);
        ulong old = Read(address, size);
        switch (operation)
        {
            case IrOpcode.LoadReserved:
                Reservation = address;
                value = old;
                ReservedValue = Signed(old, size);
                return true;
            case IrOpcode.StoreConditional:
                bool stores = Reservation == address && Signed(ReservedValue, size) == Signed(old, size);
                if (stores) Write(address, size, operand);
                Reservation = NoReservation;
                value = stores ? 0UL : 1;
                return true;
        }

        value = old;
        ulong left = Signed(old, size);
        ulong right = Signed(operand, size);
        Write(address, size, operation switch
        {
            IrOpcode.AtomicSwap => right,
            IrOpcode.AtomicAdd => left + right,
            IrOpcode.AtomicAnd => left & right,
            IrOpcode.AtomicOr => left | right,
            IrOpcode.AtomicXor => left ^ right,
            IrOpcode.AtomicMinS => (ulong)Math.Min((long)left, (long)right),
            IrOpcode.AtomicMaxS => (ulong)Math.Max((long)left, (long)right),
            // Sign extension keeps the order of unsigned numbers too.
            IrOpcode.AtomicMinU => Math.Min(left, right),
            IrOpcode.AtomicMaxU => Math.Max(left, right),
            _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, null),
        });
        return true;
    }

    public void SelectContext(ulong number) => Events.Add($"context {number:x}");

    public bool Step(long distance)
    {
        Events.Add($"step at {distance}");
        return OnStep(distance);
    }

    public bool WantsAttention(long distance)
    {
        bool wants = WantsAttention();
        if (wants) Events.Add($"attention at {distance}");
        return wants;
    }

    public bool WantsAttention()
    {
        if (CalmChecks == 0) return true;
        CalmChecks--;
        return false;
    }

    public ulong Read(ulong address, int size)
    {
        ReadOnlySpan<byte> bytes = Bytes.Slice((int)(address - start), size);
        return size switch
        {
            1 => bytes[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            4 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            _ => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        };
    }

    public void Write(ulong address, int size, ulong value)
    {
        Span<byte> all = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(all, value);
        all[..size].CopyTo(Bytes.Slice((int)(address - start), size));
    }

    private static ulong Signed(ulong value, int size) => size == 4 ? (ulong)(int)value : value;

    private bool Holds(ulong address, int size) => GoodAccesses-- > 0 && address - start <= (ulong)(Bytes.Length - size);

    private bool Fault(string what, ulong address, int size, long distance)
    {
        Events.Add($"{what} of {size} at 0x{address:x} faults at {distance}");
        return false;
    }
}
