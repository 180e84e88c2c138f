using Doppel.Engines.Translator;
using Doppel.Machine;
using Doppel.RiscV.Isa;
using Doppel.Tests.Conformance.Engines;
using Doppel.Tests.Conformance.Programs;

namespace Doppel.Tests.Conformance.User;

/// <summary>What the tests of this class share: QEMU's abilities are found once.</summary>
public sealed class UserFixture : IDisposable
{
    internal QemuUser? Qemu { get; } = QemuUser.Find();

    internal DoppelHart Interpreter { get; } = new();

    internal DoppelHart? Translator { get; } = CodeTranslator.IsSupported ? new(EngineKind.Translator) : null;

    /// <summary>Runs a program under both engines.</summary>
    /// <returns>What the interpreter gives, or the translator if that is something else.</returns>
    internal byte[] Run(ProgramImage image)
    {
        byte[] interpreted = Interpreter.Run(image), translated = Translator?.Run(image) ?? interpreted;
        return interpreted.AsSpan().SequenceEqual(translated) ? interpreted : translated;
    }

    public void Dispose()
    {
        Interpreter.Dispose();
        Translator?.Dispose();
    }
}

/// <summary>
/// Random user-level programs under Doppel's engines and under QEMU's user mode: all registers after every block, the flags, and memory at the end.
/// <c>DOPPEL_SEED</c> moves all seeds; <c>DOPPEL_PROGRAMS</c> is the number of programs per extension.
/// </summary>
public sealed class UserProgramTests(UserFixture fixture, ITestOutputHelper output) : IClassFixture<UserFixture>
{
    private const int BlocksPerProgram = 2000;

    /// <summary>Enough for ten million instructions over all extensions, most of them executed once more by code that both sides have translated already.</summary>
    private const int Rounds = 5;

    private static readonly int FirstSeed = Number("DOPPEL_SEED", 1);
    private static readonly int Programs = Number("DOPPEL_PROGRAMS", 10);

    public static TheoryData<Extension> Extensions => new(InstructionTable.Rows.Where(HasBlocks).Select(r => r.Extension).Distinct());

    [Theory]
    [MemberData(nameof(Extensions))]
    public void Programs_of_an_extension_leave_the_same_state_as_under_QEMU(Extension extension)
    {
        if (fixture.Qemu is not { } qemu)
        {
            Assert.Skip("qemu-riscv64-static (Debian: qemu-user-static) is not installed");
            return;
        }

        if (!qemu.Extensions.Contains(extension)) Assert.Skip($"QEMU {qemu.Version} has no {extension}");
        var set = new InstructionChoice([.. InstructionTable.Rows.Where(r => r.IsIn(qemu.Extensions) && HasBlocks(r) && !QemuBugs.IsWrong(r, qemu.Version))], r => r.Extension == extension, QemuBugs.LosesFlagsOfUnusedResult);
        var comparison = new Comparison($"QEMU {qemu.Version}", image => qemu.Run(image.Bytes, RandomProgram.Address), fixture.Run, Rounds);
        ulong before = fixture.Interpreter.Instructions;
        int first = FirstSeed + ((int)extension * 100_000);
        for (int seed = first; seed < first + Programs; seed++)
        {
            var program = new RandomProgram(seed, BlocksPerProgram, set);
            if (comparison.Difference(program, out int block) is { } difference) Assert.Fail(comparison.Report(program, difference, block));
        }

        output.WriteLine($"{extension}: seeds {first}–{first + Programs - 1}, {fixture.Interpreter.Instructions - before:n0} instructions agree with QEMU {qemu.Version}");
    }

    /// <summary>Whether random user-level programs can contain the instruction.</summary>
    internal static bool HasBlocks(InstructionRow row) =>
        row.Op != Op.Illegal && row.Extension is not (Extension.Privileged or Extension.Svinval) && row.Op is not (Op.Ecall or Op.Ebreak);

    private static int Number(string variable, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(variable), out int value) ? value : otherwise;
}
