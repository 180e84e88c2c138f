using System.Text;
using System.Text.RegularExpressions;
using Doppel.RiscV.Isa;
using Doppel.Tests.Conformance.Engines;
using Doppel.Tests.Conformance.Machine;
using Doppel.Tests.Conformance.Programs;
using Doppel.Tests.Conformance.User;

namespace Doppel.Tests.Conformance.Coverage;

/// <summary>The table of <c>docs/isa-coverage.md</c>: every row of the instruction table, whether the interpreter executes it and the translator translates it, and which random programs contain it.</summary>
internal static partial class CoverageReport
{
    private const int Samples = 2000;

    public static string Write()
    {
        HashSet<InstructionRow> user = InUserPrograms(), machine = InMachinePrograms();
        using var hart = new DoppelHart();
        var frontEnd = new FrontEndCoverage();
        var text = new StringBuilder(
            """
            # Instruction coverage

            Written by `dotnet run tools/isa-coverage.cs` from the rows in `src/Doppel.RiscV/Isa/Rows`; a test compares it. *Interpreter*: executes the instruction.
            *Translator*: makes code of it (*yes*), or lets the interpreter execute it (*step*); of the CSR instructions that depends on the CSR (*some*).
            *User*: random user-level programs contain it, compared with QEMU's user mode (`tests/Conformance/User`). *Machine*: privileged situations contain it, compared
            with QEMU's `virt` machine (`tests/Conformance/Machine`). Every row is also encoded, decoded, disassembled and assembled by the unit tests.


            """);
        foreach (IGrouping<Extension, InstructionRow> extension in InstructionTable.Rows.Where(r => r.Op != Op.Illegal).GroupBy(r => r.Extension).OrderBy(g => g.Key))
        {
            text.Append($"## {extension.Key}\n\n| instruction | section | interpreter | translator | user | machine |\n|---|---|---|---|---|---|\n");
            foreach (InstructionRow row in extension)
                text.Append($"| `{row.Mnemonic}` | {row.Section} | {Mark(hart.Executes(row))} | {frontEnd.Of(row)} | {Mark(user.Contains(row))} | {Mark(machine.Contains(row))} |\n");
            text.Append('\n');
        }

        return text.ToString().TrimEnd('\n') + "\n";
    }

    /// <summary>Rows that the generator of user-level programs really produces.</summary>
    public static HashSet<InstructionRow> InUserPrograms()
    {
        var found = new HashSet<InstructionRow>();
        foreach (Extension extension in Enum.GetValues<Extension>())
        {
            var set = new InstructionChoice([.. InstructionTable.Rows.Where(UserProgramTests.HasBlocks)], r => r.Extension == extension, _ => false);
            var program = new RandomProgram(1, Samples, set);
            foreach (uint word in program.Blocks.SelectMany(b => b.Code)) found.Add(Doppel.RiscV.Isa.Decoder.Full.Find(word)!);
        }

        return found;
    }

    private static HashSet<InstructionRow> InMachinePrograms()
    {
        var random = new Random(1);
        var found = new HashSet<InstructionRow>();
        foreach (Func<Random, MachineCase> generate in (Func<Random, MachineCase>[])[CsrCases.Write, TrapCases.Privileged, TrapCases.Access, TrapCases.Delegation, PagingCases.Next, PmpCases.Next])
        {
            for (int i = 0; i < Samples; i++)
            {
                foreach (Match mnemonic in Mnemonic().Matches(generate(random).Stub))
                {
                    if (InstructionTable.Find(mnemonic.Value) is { } row) found.Add(row);
                }
            }
        }

        return found;
    }

    private static string Mark(bool yes) => yes ? "yes" : "–";

    [GeneratedRegex(@"(?<=^|;\s*|\n\s*)[a-z][a-z0-9.]*")]
    private static partial Regex Mnemonic();
}
