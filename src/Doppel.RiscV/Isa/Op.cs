namespace Doppel.RiscV.Isa;

/// <summary>Every operation of the rows. Named as the mnemonic in Pascal case without dots: <c>amoadd.w</c> is <see cref="AmoaddW"/>.</summary>
public enum Op : ushort
{
    /// <summary>Not yet decoded (the value of cleared memory).</summary>
    None,
    Illegal,
    AmoaddW,
}
