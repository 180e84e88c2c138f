namespace Doppel.RiscV.Csr;

/// <summary>Fields of mstatus and sstatus (Privileged Architecture 1.13, sections 3.1.6 and 12.1.1).</summary>
internal static class Mstatus
{
    public const ulong Sie = 1UL << 1;
    public const ulong Mie = 1UL << 3;
    public const ulong Spie = 1UL << 5;
    public const ulong Mpie = 1UL << 7;
    public const ulong Spp = 1UL << 8;
    public const int MppShift = 11;
    public const ulong Mpp = 3UL << MppShift;
    public const ulong Fs = 3UL << 13;
    public const ulong Mprv = 1UL << 17;
    public const ulong Sum = 1UL << 18;
    public const ulong Mxr = 1UL << 19;
    public const ulong Tvm = 1UL << 20;
    public const ulong Tw = 1UL << 21;
    public const ulong Tsr = 1UL << 22;

    /// <summary>UXL and SXL, both fixed at 2: 64 bits.</summary>
    public const ulong Xl = (2UL << 32) | (2UL << 34);

    public const ulong Uxl = 3UL << 32;

    /// <summary>Some state is dirty; computed when read.</summary>
    public const ulong Sd = 1UL << 63;

    public const ulong MachineWritable = Sie | Mie | Spie | Mpie | Spp | Mpp | Fs | Mprv | Sum | Mxr | Tvm | Tw | Tsr;
    public const ulong SupervisorWritable = Sie | Spie | Spp | Fs | Sum | Mxr;
    public const ulong SupervisorReadable = SupervisorWritable | Uxl;

    /// <summary>What decides how data accesses are translated.</summary>
    public const ulong Translation = Mprv | Mpp | Sum | Mxr;
}

/// <summary>Fields of menvcfg and senvcfg (Privileged Architecture 1.13, section 3.1.18).</summary>
internal static class Envcfg
{
    public const ulong Fiom = 1;
    public const int CbieShift = 4;
    public const ulong Cbie = 3UL << CbieShift;
    public const ulong Cbcfe = 1UL << 6;
    public const ulong Cbze = 1UL << 7;
    public const ulong Adue = 1UL << 61;
    public const ulong Pbmte = 1UL << 62;
    public const ulong Stce = 1UL << 63;
    public const ulong SupervisorWritable = Fiom | Cbie | Cbcfe | Cbze;
    public const ulong MachineWritable = SupervisorWritable | Adue | Pbmte | Stce;
}
