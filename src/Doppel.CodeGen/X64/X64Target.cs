using Doppel.CodeGen.Ir;

namespace Doppel.CodeGen.X64;

/// <summary>Everything about its surroundings that generated code has built in.</summary>
public sealed record X64Target
{
    /// <summary>rbp is the address of slot 0 plus this, so that 32 slots have short displacements.</summary>
    public const int FrameBias = 128;

    /// <summary>Entries of a read or write TLB; the index is bits 12 and up of the address.</summary>
    public const int TlbEntries = 4096;

    /// <summary>Entries of a jump cache.</summary>
    public const int JumpCacheEntries = 4096;

    /// <summary>
    /// How far an address is shifted and folded onto itself before its bits 1 and up are the index: code that lies at equal offsets of many pages, as vectors and aligned functions do,
    /// then has many entries.
    /// </summary>
    public const int JumpCacheFold = 12;

    /// <summary>The index of an address in a jump cache.</summary>
    public static int JumpCacheIndex(ulong address) => (int)((address ^ address >> JumpCacheFold) >> 1) & (JumpCacheEntries - 1);

    /// <summary>Entries of the table of contexts: two privileges times four states of floating point times two views of data.</summary>
    public const int ContextEntries = 16;

    /// <summary>Quadwords of an entry.</summary>
    public const int ContextWords = 8;

    /// <summary>The index is the topmost bits of the low half of the number times this. Found by trial: the contexts that a kernel and its programs take turns in have different ones.</summary>
    internal const uint ContextFactor = 0xb771_8e29;

    /// <summary>The index of a context in the table of contexts.</summary>
    public static int ContextIndex(ulong number) => (int)((uint)number * ContextFactor >> ContextShift);

    internal const int ContextShift = 32 - 4;

    /// <summary>The slot that is number 0 of <see cref="FrameSlot"/>.</summary>
    public required int FirstEngineSlot { get; init; }

    /// <summary>Tells the hot slots and the program counter's slot.</summary>
    public required IFrontEnd FrontEnd { get; init; }

    public required X64Features Features { get; init; }

    /// <summary>One vCPU only: atomic operations need no lock prefix. Fences are for devices, too.</summary>
    public bool SingleProcessor { get; init; }

    /// <summary>The slot with the physical address of the reservation (all ones for none); the one after it holds the value that was loaded.</summary>
    public required int ReservationSlot { get; init; }

    /// <summary>What to add to a host address of RAM to get the guest's physical address, modulo 2⁶⁴.</summary>
    public required long HostToPhysical { get; init; }
}
