// README.md shows what is between the two marks, word for word; a unit test compares them.
using Doppel.Backends.Console;
using Doppel.Images.Store;
using Doppel.Machine;

namespace Doppel.Tests.System.Readme;

internal static class LibraryExample
{
    public static async Task<(string Answer, VmExit Exit)> RunAsync()
    {
        // <example>
        using var store = new ImageStore();
        GuestImage guest = await store.GetAsync(new GuestImageRequest());        // fetched once, verified, cached

        var console = new MemoryConsole();
        await using VirtualMachine machine = VirtualMachine.Create(
            new VmConfig { Kernel = guest.KernelPath, Initrd = guest.InitrdPath, Append = "console=ttyS0 quiet" },
            new VmHost { Console = console });
        machine.Start();

        await console.WaitForAsync("~ # ", TimeSpan.FromMinutes(1));
        console.SendLine("uname -a");
        string answer = await console.WaitForAsync("~ # ", TimeSpan.FromMinutes(1));

        using VmSnapshot snapshot = await machine.SnapshotAsync();               // everything; the machine goes on
        await using VirtualMachine copy = VirtualMachine.Create(snapshot);       // another one: shares memory until it writes
        await copy.ResumeAsync();
        await machine.RestoreAsync(snapshot);                                    // and back, in milliseconds

        console.SendLine("poweroff");
        VmExit exit = await machine.WaitForExitAsync();                          // exit.ExitCode is 0
        // </example>
        return (answer, exit);
    }
}
