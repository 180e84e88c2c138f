namespace Doppel.RiscV.Isa;

/// <summary>The extensions that rows belong to and that a hart can have. Those without instructions (Zicntr, Zihpm, …) guard CSRs.</summary>
public enum Extension : byte
{
    I,
    M,
    A,
    F,
    D,
    C,
    Zicsr,
    Zifencei,
    Zicntr,
    Zihpm,
    Zihintpause,
    Zicond,
    Zicbom,
    Zicbop,
    Zicboz,
    Zawrs,
    Zfa,
    Zfh,
    Zba,
    Zbb,
    Zbc,
    Zbs,
    Zbkb,
    Zcb,

    /// <summary>The instructions of the privileged architecture (<c>mret</c>, <c>wfi</c>, <c>sfence.vma</c>, …).</summary>
    Privileged,
    Svinval,
}
