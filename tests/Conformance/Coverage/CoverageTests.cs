using Doppel.RiscV.Isa;
using Doppel.Tests.Conformance.Engines;
using Doppel.Tests.Conformance.User;

namespace Doppel.Tests.Conformance.Coverage;

public sealed class CoverageTests
{
    [Fact]
    public void Interpreter_executes_every_row()
    {
        using var hart = new DoppelHart();
        Assert.Empty(InstructionTable.Rows.Where(r => r.Op != Op.Illegal && !hart.Executes(r)).Select(r => r.Mnemonic));
    }

    [Fact]
    public void User_programs_contain_every_row_that_they_can()
    {
        HashSet<InstructionRow> found = CoverageReport.InUserPrograms();
        Assert.Empty(InstructionTable.Rows.Where(r => UserProgramTests.HasBlocks(r) && !found.Contains(r)).Select(r => r.Mnemonic));
    }

    [Fact]
    public void Coverage_report_is_up_to_date()
    {
        string file = Path.Combine(Root(), "docs", "isa-coverage.md");
        string report = CoverageReport.Write();
        if (Environment.GetEnvironmentVariable("DOPPEL_UPDATE") == "1") File.WriteAllText(file, report);
        Assert.True(File.Exists(file) && File.ReadAllText(file) == report, "docs/isa-coverage.md is not what the rows say: run `dotnet run tools/isa-coverage.cs`");
    }

    private static string Root()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Doppel.slnx"))) return folder.FullName;
        }

        throw new InvalidOperationException("Doppel.slnx is in none of the folders above the test.");
    }
}
