using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>What listings of code need to know.</summary>
public sealed partial class X64Backend
{
    /// <summary>
    /// If there is one, it gets where code begins: of each guest instruction with its distance (its label and its look for attention are part of it), and of what
    /// lies behind the last one, with none.
    /// </summary>
    public ICollection<(int Offset, int? Distance)>? Places { get; set; }

    /// <summary>The register in which a slot lives; null if it lives in memory.</summary>
    public string? HomeOf(int slot)
    {
        int home = _homes.Of(slot);
        return home == X64Homes.InMemory ? null : IsXmm(home) ? $"xmm{(int)XmmOf(home)}" : ((Gpr)home).ToString().ToLowerInvariant();
    }

    /// <summary>The present guest instruction begins.</summary>
    private void NotePlace() => Places!.Add((_asm.Position, _distance));

    /// <summary>An operation that stands before a guest instruction belongs to it.</summary>
    private void NotePlace(IrOpcode code)
    {
        if (code is IrOpcode.Label or IrOpcode.CheckAttention && _nextBegin != int.MaxValue) Places!.Add((_asm.Position, _region.Starts[_next].Distance));
    }
}
