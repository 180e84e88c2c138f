using System.Buffers.Binary;
using System.Diagnostics;
using Doppel.CodeGen.Ir;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Translation;
using Doppel.Tests.Unit.CodeGen.Ir.Generation;

namespace Doppel.Fuzz.Inputs;

/// <summary>Pages of random instructions: the front end makes well-formed regions of them, which do the same after the passes.</summary>
internal static class TranslationRun
{
    private const int PageSize = 4096;
    private const ulong FloatOn = 3UL << 13;
    private static readonly PrivilegeMode[] Privileges = [PrivilegeMode.User, PrivilegeMode.Supervisor, PrivilegeMode.Machine];

    public static (long Tried, string? Finding) Run(ulong seed, TimeSpan time)
    {
        // The front end knows what stepped instructions leave alone.
        var plan = new RegionPlan { Integers = [.. Enumerable.Range(1, 31)], Counters = [], StepsChangeSlots = false };
        var check = new RegionCheck(plan);
        var region = new IrRegion();
        var page = new byte[PageSize];
        long start = Stopwatch.GetTimestamp();
        long tried = 0;
        for (; Stopwatch.GetElapsedTime(start) < time; tried++)
        {
            int one = unchecked((int)seed + (int)tried);
            var random = new Random(one);
            try
            {
                Fill(page, random);
                Predicate<IrOpcode>? supports = random.Next(4) == 0 ? code => code is < IrOpcode.FMulAdd or > IrOpcode.FNegMulSub : null;
                uint mode = CodeMode.Of(Privileges[random.Next(Privileges.Length)], random.Next(4) == 0 ? 0 : FloatOn, (ulong)random.Next(8) << 5);
                region.Reset();
                new RiscVFrontEnd(ExtensionSet.All, supports).Translate(new GuestCode { Page = page, Entry = random.Next(PageSize / 2) * 2, Mode = mode }, region);
                if (check.Check(region, one) is { } problem) return (tried, $"page {one}, mode {mode}: {problem}");
            }
            catch (Exception exception)
            {
                return (tried, $"page {one}: {exception}");
            }
        }

        return (tried, null);
    }

    /// <summary>Instructions that there are for the most part, some of a few kinds only, so that patterns come about; and noise.</summary>
    private static void Fill(byte[] page, Random random)
    {
        IReadOnlyList<InstructionRow> rows = InstructionTable.Rows;
        InstructionRow[] few = [.. Enumerable.Range(0, 12).Select(_ => rows[random.Next(rows.Count)])];
        bool near = random.Next(2) == 0;
        for (int offset = 0; offset < PageSize - 4;)
        {
            InstructionRow row = random.Next(2) == 0 ? few[random.Next(few.Length)] : rows[random.Next(rows.Count)];
            uint word = (uint)random.NextInt64(1L << 32);

            // Branches that stay in the page, and registers that meet.
            if (near) word &= 0x0ff3_8fff;
            if (random.Next(32) != 0) word = (word & ~row.Mask) | row.Match;
            BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(offset), word);
            offset += row.Length;
        }
    }
}
