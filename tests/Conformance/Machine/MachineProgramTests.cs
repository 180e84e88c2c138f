using System.Text;
using Doppel.Engines.Translator;
using Doppel.Machine;
using Doppel.Tests.Conformance.Engines;

namespace Doppel.Tests.Conformance.Machine;

/// <summary>Privileged situations under Doppel's engines and under QEMU's <c>virt</c> machine: every trap's cause, address, value and status.</summary>
public sealed class MachineProgramTests(ITestOutputHelper output)
{
    private static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("DOPPEL_SEED"), out int seed) ? seed : 1;

    [Theory]
    [InlineData('M')]
    [InlineData('S')]
    [InlineData('U')]
    public void Csr_numbers_are_readable_in_the_same_modes_with_the_same_values(char mode)
    {
        for (int first = 0; first < 0x1000; first += 0x400) Compare([.. CsrCases.Reads(mode, first, 0x400)], entriesPerCase: 1);
    }

    [Fact]
    public void Csr_writes_leave_the_same_values() => Compare(Random(600, CsrCases.Write), entriesPerCase: 1);

    [Fact]
    public void Illegal_words_trap_alike() => Compare(Random(800, TrapCases.Illegal), entriesPerCase: 1);

    [Fact]
    public void Privileged_instructions_trap_alike() => Compare(Random(500, TrapCases.Privileged), entriesPerCase: 2);

    [Fact]
    public void Misaligned_and_unmapped_accesses_trap_alike() => Compare(Random(600, TrapCases.Access), entriesPerCase: 1);

    [Fact]
    public void Delegated_exceptions_and_interrupts_arrive_alike() => Compare(Random(500, TrapCases.Delegation), entriesPerCase: 3);

    [Fact]
    public void Random_page_tables_translate_and_fault_alike() => Compare(Random(400, PagingCases.Next), entriesPerCase: 2);

    [Fact]
    public void Random_memory_protection_faults_alike() => Compare(Random(500, PmpCases.Next), entriesPerCase: 2);

    private static MachineCase[] Random(int count, Func<Random, MachineCase> generate)
    {
        var random = new Random(Seed);
        return [.. Enumerable.Range(0, count).Select(_ => generate(random))];
    }

    private void Compare(IReadOnlyList<MachineCase> cases, int entriesPerCase)
    {
        QemuSystem? qemu = QemuSystem.Find();
        if (qemu is null) Assert.Skip("qemu-system-riscv64 (Debian: qemu-system-misc) is not installed");
        if (qemu.Major < QemuSystem.FirstVersion) Assert.Skip($"QEMU {qemu.Version} is too old: the privileged comparison needs {QemuSystem.FirstVersion}");
        var program = new MachineProgram(cases, entriesPerCase);
        byte[] expected = qemu.Run(program.ImageForQemu());
        foreach (EngineKind engine in CodeTranslator.IsSupported ? [EngineKind.Interpreter, EngineKind.Translator] : new[] { EngineKind.Interpreter })
        {
            using var hart = new DoppelHart(engine);
            byte[] actual = hart.RunMachine(program.Image).AsSpan(program.LogOffset, program.LogBytes).ToArray();
            Assert.Equal(actual.Length, expected.Length);
            Report(program, cases.Count, expected, actual, $"the {engine} differs from QEMU {qemu.Version}");
        }

        output.WriteLine($"{cases.Count} cases of seed {Seed} agree with QEMU {qemu.Version}");
    }

    private static void Report(MachineProgram program, int count, byte[] expected, byte[] actual, string what)
    {
        var report = new StringBuilder();
        int differences = 0;
        foreach ((MachineCase one, string difference) in program.Differences(expected, actual))
        {
            if (differences++ < 40) report.Append(one.Name).AppendLine(difference);
        }

        if (differences > 0) Assert.Fail($"{differences} of {count} cases of seed {Seed}: {what}:\n{report}");
    }
}
