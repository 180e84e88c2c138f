using Doppel.CodeGen.Ir;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Isa.Assembly;
using Doppel.RiscV.Translation;
using Doppel.Tests.Unit.CodeGen.Ir;
using Doppel.Tests.Unit.House;

namespace Doppel.Tests.Unit.RiscV.Translation;

/// <summary>
/// Assembly language in, operations out: every case of every file. A case says what is to be done as <c>translate</c>, and then <c>at N</c> for the offset at which
/// the code is and is entered, <c>counted</c> if instructions are to be counted, <c>supervisor</c> or <c>machine</c> (else user), <c>clean</c> if floating point has not been used yet, and
/// <c>no-fused</c> or <c>no-float</c> if the backend has no such operations. With DOPPEL_REWRITE=1
/// in the environment the files are rewritten with what comes out, to be read before it is committed.
/// </summary>
public sealed class TranslationFileTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "Unit", "RiscV", "Translation", "files");

    public static TheoryData<string> Files => [.. Directory.EnumerateFiles(Folder, "*.ir").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void File_comes_out_as_expected(string file)
    {
        string path = Path.Combine(Folder, file);
        IReadOnlyList<IrCase> cases = IrCase.Read(path);
        Assert.NotEmpty(cases);
        if (Environment.GetEnvironmentVariable("DOPPEL_REWRITE") == "1")
        {
            IrCase.Write(path, IrCase.ReadComment(path), cases.Select(c => c with { Expected = Translate(c) }));
            return;
        }

        Assert.All(cases, c => Assert.Equal(c.Expected, Translate(c)));
    }

    private static string Translate(IrCase c)
    {
        string[] words = c.Action.Split(' ');
        Assert.Equal("translate", words[0]);
        int at = Array.IndexOf(words, "at");
        int entry = at < 0 ? 0 : int.Parse(words[at + 1], System.Globalization.CultureInfo.InvariantCulture);
        PrivilegeMode privilege = words.Contains("machine") ? PrivilegeMode.Machine : words.Contains("supervisor") ? PrivilegeMode.Supervisor : PrivilegeMode.User;
        byte[] page = new byte[4096];
        byte[] code = Assembler.Assemble(c.Input, (ulong)entry);
        code.AsSpan(0, Math.Min(code.Length, page.Length - entry)).CopyTo(page.AsSpan(entry));
        var region = new IrRegion();
        new RiscVFrontEnd(ExtensionSet.All, code => Supports(words, code), words.Contains("counted")).Translate(
            new GuestCode { Page = page, Entry = entry, Mode = CodeMode.Of(privilege, words.Contains("clean") ? 0 : TwoHarts.FloatOn, 0) }, region);
        Assert.Empty(new IrVerifier(slot => slot is >= RiscVSlot.F and < RiscVSlot.F + 32).Verify(region));
        return new IrPrinter(slot => RiscVSlot.Name(slot)).Print(region);
    }

    private static bool Supports(string[] words, IrOpcode code) =>
        !words.Contains("no-float") && !(words.Contains("no-fused") && code is >= IrOpcode.FMulAdd and <= IrOpcode.FNegMulSub);
}
