namespace Doppel.RiscV.Isa;

/// <summary>One instruction of a listing.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Word">Its bits.</param>
/// <param name="Length">Bytes: 2 or 4.</param>
/// <param name="Text">The disassembly.</param>
public readonly record struct DisassembledLine(ulong Address, uint Word, int Length, string Text)
{
    /// <summary>Address, bits and text in columns.</summary>
    public override string ToString() => $"{Address,16:x}:  {(Length == 2 ? $"{Word:x4}    " : $"{Word:x8}")}  {Text}";
}
