using Doppel.Machine;
using Doppel.Tests.System.Cli;

namespace Doppel.Tests.System.Readme;

[Collection(BootCollection.Name)]
public sealed class LibraryExampleTests(DefaultGuest guest)
{
    [Fact]
    public async Task Example_of_the_readme_boots_asks_and_powers_off()
    {
        guest.Require();
        (string answer, VmExit exit) = await LibraryExample.RunAsync();
        Assert.Contains("riscv64 GNU/Linux", answer, StringComparison.Ordinal);
        Assert.Equal((VmExitReason.PowerOff, 0), (exit.Reason, exit.ExitCode));
    }
}
