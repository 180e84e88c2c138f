using System.Buffers.Binary;
using Doppel.RiscV.Hart;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>Everything that a program has left behind: registers of all harts, memory, the traps on the way, the accesses to the device.</summary>
internal sealed record EngineState(IReadOnlyList<ulong[]> Registers, byte[] Memory, IReadOnlyList<string> Traps, IReadOnlyList<string> Accesses)
{
    public static EngineState Of(GuestSystem system)
    {
        byte[] memory = new byte[system.Memory.Regions[0].Length];
        system.Memory.TryRead(GuestSystem.Base, memory);
        return new([.. system.Harts.Select(Slots)], memory, system.Recorder.Traps, [.. system.Device.Accesses]);
    }

    /// <summary>An integer register of the first hart by its ABI name.</summary>
    public ulong X(string name) => Registers[0][Enumerable.Range(0, 32).First(i => RiscVSlot.Name(i) == name)];

    /// <summary>A register of the first hart.</summary>
    public ulong this[byte slot] => Registers[0][slot];

    public ulong Read64(ulong address) => BinaryPrimitives.ReadUInt64LittleEndian(Memory.AsSpan((int)(address - GuestSystem.Base)));

    /// <summary>Describes the first difference of another engine's state from this one; null if there is none.</summary>
    public string? FirstDifference(EngineState other)
    {
        for (int i = 0; i < Math.Max(Traps.Count, other.Traps.Count); i++)
        {
            string expected = i < Traps.Count ? Traps[i] : "none", found = i < other.Traps.Count ? other.Traps[i] : "none";
            if (expected != found) return $"trap {i}: {expected}; here {found}";
        }

        for (int i = 0; i < Math.Max(Accesses.Count, other.Accesses.Count); i++)
        {
            string expected = i < Accesses.Count ? Accesses[i] : "none", found = i < other.Accesses.Count ? other.Accesses[i] : "none";
            if (expected != found) return $"access {i} to the device: {expected}; here {found}";
        }

        for (int hart = 0; hart < Registers.Count; hart++)
        {
            for (int slot = 0; slot < RiscVSlot.Count; slot++)
            {
                ulong expected = Registers[hart][slot], found = other.Registers[hart][slot];
                if (expected != found) return $"hart {hart} {RiscVSlot.Name(slot)}: 0x{expected:x}, here 0x{found:x}";
            }
        }

        int same = Memory.AsSpan().CommonPrefixLength(other.Memory);
        if (same == Memory.Length) return null;
        int word = same & -8;
        return $"memory at 0x{GuestSystem.Base + (ulong)word:x}: 0x{BinaryPrimitives.ReadUInt64LittleEndian(Memory.AsSpan(word)):x}, here 0x{BinaryPrimitives.ReadUInt64LittleEndian(other.Memory.AsSpan(word)):x}";
    }

    /// <summary>The slots that are part of the guest's state. Engines count instructions each in its own way.</summary>
    private static ulong[] Slots(RiscVHart hart)
    {
        ulong[] slots = [.. Enumerable.Range(0, RiscVSlot.Count).Select(hart.ReadRegister)];
        foreach (byte slot in (ReadOnlySpan<byte>)[RiscVSlot.Retired, RiscVSlot.MinstretBase, RiscVSlot.McycleBase, RiscVSlot.Sink]) slots[slot] = 0;
        if (slots[RiscVSlot.ReservationAddress] == ulong.MaxValue) slots[RiscVSlot.ReservationValue] = 0;
        return slots;
    }
}
