using Doppel.RiscV.Isa;

namespace Doppel.Tests.Conformance.Programs;

/// <summary>One harmless encoding of a row: addresses come from x8, which points to memory, everything else goes to x9 and f9.</summary>
internal static class SampleInstruction
{
    public const int Address = 8;

    public static uint Of(InstructionRow row)
    {
        var instruction = new Instruction(
            row.Op,
            row.Rd.Exists ? (byte)9 : row.ImpliedRd,
            row.Rs1.Exists ? (byte)Address : row.ImpliedRs1,
            (byte)(row.Rs2.Exists ? 9 : 0),
            (byte)(row.Rs3.Exists ? 9 : 0),
            0,
            (byte)row.Length,
            row.ImpliedImmediate);
        if (row.Rd.Exists && row.Rs1.Exists && row.Rd.Shift == row.Rs1.Shift) instruction = instruction with { Rs1 = 9 };
        if (row.Extension == Extension.Zicsr) instruction = instruction with { Imm = 1 }; // fflags
        foreach (int immediate in (ReadOnlySpan<int>)[4, 0, 16, 4096])
        {
            // Jumps and branches go on behind themselves; zero is reserved in some compressed instructions.
            if (Encoder.TryEncode(row, row.HasImmediate && row.Extension != Extension.Zicsr ? instruction with { Imm = immediate } : instruction, out uint word) && Decoder.Full.Find(word) == row) return word;
        }

        throw new InvalidOperationException($"no sample of {row}");
    }
}
