using System.Buffers.Binary;
using Doppel.CodeGen.Ir;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Translation;
using Doppel.Tests.Conformance.Programs;

namespace Doppel.Tests.Conformance.Coverage;

/// <summary>Which rows the translator's front end turns into operations of their own, seen from a sample of each in machine mode with floating point in use.</summary>
internal sealed class FrontEndCoverage
{
    private const ulong FloatInUse = 3UL << 13;
    private const int Satp = 0x180, Sscratch = 0x140;
    private readonly RiscVFrontEnd _frontEnd = new(ExtensionSet.All);
    private readonly IrRegion _region = new();

    /// <summary>"yes", "step" if the interpreter executes it, "some" if that depends on the CSR.</summary>
    public string Of(InstructionRow row)
    {
        uint word = SampleInstruction.Of(row);
        if (row.Extension != Extension.Zicsr) return IsTranslated(word) ? "yes" : "step";
        bool[] found = [.. ((int[])[Satp, Sscratch]).Select(csr => IsTranslated((word & 0xfffff) | (uint)csr << 20)).Distinct()];
        return found.Length > 1 ? "some" : found[0] ? "yes" : "step";
    }

    private bool IsTranslated(uint word)
    {
        // What follows is illegal and makes a StepLast of its own.
        byte[] page = new byte[4096];
        BinaryPrimitives.WriteUInt32LittleEndian(page, word);
        _region.Reset();
        var hart = new HartState { Mode = PrivilegeMode.Machine, MstatusBits = FloatInUse };
        _frontEnd.Translate(new GuestCode { Page = page, Entry = 0, Mode = CodeMode.Of(hart) }, _region);
        foreach (ref readonly IrOp op in _region.Ops)
        {
            // What is behind the first way out is for operands that are rare.
            if (op.Code is IrOpcode.Step or IrOpcode.StepLast) return _region.ValueOf(op.A) != 0;
            if (op.Code is IrOpcode.Goto or IrOpcode.GotoIndirect) return true;
        }

        return true;
    }
}
