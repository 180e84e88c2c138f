using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Passes;
using Doppel.CodeGen.X64;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Translation;
using Doppel.Tests.Unit.CodeGen.X64;

namespace Doppel.Tests.Unit.CodeGen.Ir;

/// <summary>
/// Text in, text out: every case of every file. With DOPPEL_REWRITE=1 in the environment the files are rewritten with what comes out, to be read before it is
/// committed.
/// </summary>
public sealed class IrFileTests
{
    private static readonly Dictionary<string, int> SlotNumbers = Enumerable.Range(0, RiscVSlot.Count).ToDictionary(RiscVSlot.Name);

    public static TheoryData<string> Files => [.. Directory.EnumerateFiles(IrCase.Folder, "*.ir").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void File_comes_out_as_expected(string file)
    {
        string path = Path.Combine(IrCase.Folder, file);
        IReadOnlyList<IrCase> cases = IrCase.Read(path);
        Assert.NotEmpty(cases);
        if (Environment.GetEnvironmentVariable("DOPPEL_REWRITE") == "1")
        {
            IrCase.Write(path, IrCase.ReadComment(path), cases.Select(c => c with { Expected = Execute(c) }));
            return;
        }

        Assert.All(cases, c => Assert.Equal(c.Expected, Execute(c)));
    }

    private static string Execute(IrCase c)
    {
        var region = new IrRegion();
        var verifier = new IrVerifier(slot => slot is >= RiscVSlot.F and < RiscVSlot.F + 32);
        Parse(c.Input, region);
        IReadOnlyList<string> problems = verifier.Verify(region);
        if (c.Action == "verify") return string.Join("\n", problems.DefaultIfEmpty("well-formed")) + "\n";
        Assert.Empty(problems);
        switch (c.Action)
        {
            case "print":
                break;
            case "forward":
                new ForwardPass(RiscVSlot.Pc).Run(region);
                break;
            case "dead":
                new DeadWritePass().Run(region);
                break;
            case "loops":
                new LoopPass().Run(region);
                break;
            case "passes":
                new PassPipeline(RiscVSlot.Pc).Run(region);
                break;
            case "x64":
                return CodeText.Of(Target(X64Features.Bmi1 | X64Features.Bmi2 | X64Features.Lzcnt | X64Features.Popcnt), region);
            case "x64 sites":
                region.KeepsView = true;
                return CodeText.Of(Target(X64Features.Bmi2), region);
            case "x64 sse2":
                return CodeText.Of(Target(X64Features.None), region);
            case "x64 single":
                return CodeText.Of(Target(X64Features.Bmi2) with { SingleProcessor = true }, region);
            default:
                throw new FormatException($"{c.Name}: {c.Action} is nothing that can be done");
        }

        Assert.Empty(verifier.Verify(region));
        string text = new IrPrinter(slot => RiscVSlot.Name(slot)).Print(region);
        var again = new IrRegion();
        Parse(text, again);
        Assert.Equal(text, new IrPrinter(slot => RiscVSlot.Name(slot)).Print(again));
        return text;
    }

    private static X64Target Target(X64Features features) => new()
    {
        FirstEngineSlot = RiscVSlot.Count,
        FrontEnd = new RiscVFrontEnd(default),
        Features = features,
        ReservationSlot = RiscVSlot.ReservationAddress,
        HostToPhysical = 0x1234_5678_9abc,
    };

    private static void Parse(string text, IrRegion region) => new IrParser(name => SlotNumbers.TryGetValue(name, out int slot) ? slot : null).Parse(text, region);
}
