using System.Diagnostics;
using Doppel.RiscV.Isa;

namespace Doppel.Fuzz.Inputs;

/// <summary>Random words: what is decoded can be encoded and decoded again to the same, and everything can be shown.</summary>
internal static class DecoderRun
{
    public static (long Tried, string? Finding) Run(ulong seed, TimeSpan time)
    {
        var random = new Random(unchecked((int)seed));
        IReadOnlyList<InstructionRow> rows = InstructionTable.Rows;
        long start = Stopwatch.GetTimestamp();
        long tried = 0;
        for (; (tried & 0xfff) != 0 || Stopwatch.GetElapsedTime(start) < time; tried++)
        {
            uint word = (uint)random.NextInt64(1L << 32);
            if ((tried & 1) != 0)
            {
                // Near a known instruction, for most words are none.
                InstructionRow row = rows[random.Next(rows.Count)];
                word = (word & ~row.Mask) | row.Match;
            }

            try
            {
                if (Check(word) is { } problem) return (tried, $"0x{word:x8}: {problem}");
            }
            catch (Exception exception)
            {
                return (tried, $"0x{word:x8}: {exception}");
            }
        }

        return (tried, null);
    }

    private static string? Check(uint word)
    {
        if (Disassembler.Format(word, 0x8000_0000).Length == 0 || Disassembler.FormatExact(word, ulong.MaxValue - 1).Length == 0) return "it is shown as nothing";
        if (Decoder.Full.Find(word) is not { } row || row.Op == Op.Illegal) return null;
        Instruction decoded = Decoder.Full.Decode(word);
        if (!Encoder.TryEncode(row, decoded, out uint again)) return $"{decoded} cannot be encoded";
        Instruction second = Decoder.Full.Decode(again);
        return second == decoded ? null : $"{decoded} became {second} (0x{again:x8})";
    }
}
