using System.Numerics;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Mmu;

/// <summary>Physical memory protection (Privileged Architecture 1.13, section 3.7): 16 entries, granularity 4 bytes.</summary>
internal sealed class Pmp(HartState state)
{
    public const int Entries = 16;
    private const byte Read = 1;
    private const byte Write = 2;
    private const byte Execute = 4;
    private const byte Locked = 0x80;
    private const int ModeShift = 3;
    private const ulong LargestAccess = 8;
    private const ulong AddressMask = (1UL << 54) - 1;

    private readonly Region[] _regions = new Region[Entries];
    private int _active;
    private bool _bindsMachineMode;

    /// <summary>Reads pmpcfg0 or pmpcfg2.</summary>
    /// <param name="index">0 or 1.</param>
    public ulong ReadConfig(int index) => state.Slots[(byte)(RiscVSlot.Pmpcfg + index)];

    /// <summary>Writes pmpcfg0 or pmpcfg2; locked entries keep their value, and the reserved combination W without R is refused.</summary>
    public void WriteConfig(int index, ulong value)
    {
        ulong old = ReadConfig(index);
        ulong result = 0;
        for (int i = 0; i < 8; i++)
        {
            byte before = (byte)(old >> (8 * i));
            byte after = (byte)((byte)(value >> (8 * i)) & (Locked | 0x1f));
            if ((before & Locked) != 0 || (after & (Read | Write)) == Write) after = before;
            result |= (ulong)after << (8 * i);
        }

        state.Slots[(byte)(RiscVSlot.Pmpcfg + index)] = result;
        Rebuild();
    }

    public ulong ReadAddress(int entry) => state.Slots[(byte)(RiscVSlot.Pmpaddr + entry)];

    /// <summary>Writes pmpaddr; ignored if the entry is locked, or is the bottom of a locked TOR entry.</summary>
    public void WriteAddress(int entry, ulong value)
    {
        if ((Config(entry) & Locked) != 0) return;
        if (entry + 1 < Entries && (Config(entry + 1) & Locked) != 0 && Mode(Config(entry + 1)) == 1) return;
        state.Slots[(byte)(RiscVSlot.Pmpaddr + entry)] = value & AddressMask;
        Rebuild();
    }

    /// <summary>Recomputes the regions from the registers; also after these were loaded from a snapshot.</summary>
    public void Rebuild()
    {
        _active = 0;
        _bindsMachineMode = false;
        for (int i = 0; i < Entries; i++)
        {
            byte config = Config(i);
            int mode = Mode(config);
            if (mode == 0) continue;
            ulong address = ReadAddress(i) & AddressMask;
            ulong start, end;
            switch (mode)
            {
                case 1:
                    start = i == 0 ? 0 : (ReadAddress(i - 1) & AddressMask) << 2;
                    end = address << 2;
                    break;
                case 2:
                    start = address << 2;
                    end = start + 4;
                    break;
                default:
                    int ones = BitOperations.TrailingZeroCount(~address);
                    start = (address & ~((1UL << ones) - 1)) << 2;
                    end = start + (8UL << ones);
                    break;
            }

            // M-mode is bound by locked entries, and by any that an aligned access can match in part, which fails whatever the entry says.
            _bindsMachineMode |= (config & Locked) != 0 || ((start | end) & (LargestAccess - 1)) != 0;
            _regions[_active++] = new Region(start, end, config);
        }
    }

    /// <summary>Whether an access is allowed.</summary>
    public bool Allows(ulong address, int size, AccessKind kind, PrivilegeMode mode)
    {
        if (mode == PrivilegeMode.Machine && !_bindsMachineMode) return true;
        ulong last = LastOf(address, (uint)size);
        for (int i = 0; i < _active; i++)
        {
            ref readonly Region region = ref _regions[i];
            if (last < region.Start || address >= region.End) continue;

            // The first entry that matches any byte decides, and must match all bytes.
            if (address < region.Start || last >= region.End) return false;
            if (mode == PrivilegeMode.Machine && (region.Config & Locked) == 0) return true;
            byte needed = kind switch { AccessKind.Load => Read, AccessKind.Store => Write, _ => Execute };
            return (region.Config & needed) != 0;
        }

        return mode == PrivilegeMode.Machine;
    }

    /// <summary>Whether one answer holds for the whole 4 KiB page, so that it may be cached.</summary>
    public bool UniformOverPage(ulong address)
    {
        ulong first = address & ~0xfffUL;
        ulong last = first | 0xfff;
        for (int i = 0; i < _active; i++)
        {
            ref readonly Region region = ref _regions[i];
            if (last < region.Start || first >= region.End) continue;
            return first >= region.Start && last < region.End;
        }

        return true;
    }

    /// <summary>The address of an access's last byte. No entry reaches as far as the end of all addresses, where what would lie beyond it does not count.</summary>
    private static ulong LastOf(ulong address, uint size) => address > ulong.MaxValue - size ? ulong.MaxValue : address + size - 1;

    private static int Mode(byte config) => config >> ModeShift & 3;

    private byte Config(int entry) => (byte)(ReadConfig(entry / 8) >> (8 * (entry % 8)));

    private readonly record struct Region(ulong Start, ulong End, byte Config);
}
