using System.Diagnostics;
using Doppel.Backends.Console;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Errors;
using Doppel.Images.Store;
using Doppel.Machine;
using Doppel.Machine.Guests;
using ImageStore = Doppel.Images.Store.ImageStore;

namespace Doppel.Tests.System.Images;

/// <summary>A machine that boots Debian from a layer over its disk, with a root shell on the virtio console.</summary>
internal sealed class DebianDisk : IAsyncDisposable
{
    /// <summary>Long, since shared machines are slow at times; nothing waits that long unless it hangs.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private int _commands = 1000;

    private DebianDisk(VmConfig config) => Machine = VirtualMachine.Create(config, new VmHost { Console = Console });

    public VirtualMachine Machine { get; }

    public MemoryConsole Console { get; } = new();

    /// <summary>The image from the cache; built first if it is not there. Skips the test, by name, where no mirror can be reached.</summary>
    public static async Task<GuestImage> ImageAsync()
    {
        using var store = new ImageStore(runner: new GuestRunner());
        try
        {
            return await store.GetAsync(new GuestImageRequest(GuestImageRequest.DebianName), null, TestContext.Current.CancellationToken);
        }
        catch (DoppelException exception) when (exception.Kind is ErrorKind.Unreachable or ErrorKind.TimedOut)
        {
            Assert.Skip($"needs a Debian mirror: {exception.Message}");
            throw;
        }
    }

    /// <summary>Boots a new layer over the image's disk.</summary>
    /// <param name="layer">The layer's file.</param>
    public static async Task<DebianDisk> BootAsync(GuestImage image, string layer)
    {
        DiskImage.CreateQcow2(layer, image.DiskBytes!.Value, new Qcow2Options { BackingName = image.DiskPath });
        var guest = new DebianDisk(new VmConfig
        {
            Kernel = image.KernelPath,
            Initrd = image.InitrdPath,
            Append = "root=/dev/vda console=ttyS0 console=hvc0 quiet",
            Disks = [new DiskConfig(layer, AllowBackingAnywhere: true)],
        });
        guest.Machine.Start();
        await guest.PromptAsync();
        return guest;
    }

    /// <summary>Runs a command in the guest's shell.</summary>
    /// <returns>What it wrote.</returns>
    public async Task<string> RunAsync(string command)
    {
        // The marks are computed by the shell, so that the echo of what was typed does not contain them.
        int number = _commands++;
        Console.Send($"echo begin$(({number})); {command}; echo end$(({number}))\r");
        await WaitAsync($"begin{number}\r\n");
        string output = await WaitAsync($"end{number}\r\n");
        return output[..output.LastIndexOf("end", StringComparison.Ordinal)].ReplaceLineEndings("\n");
    }

    /// <summary>Restarts the guest from its shell, to the next shell's prompt.</summary>
    public async Task RebootAsync()
    {
        Console.Send("reboot\r");
        await PromptAsync();
    }

    /// <summary>Switches the guest off from its shell.</summary>
    public async Task<VmExit> PowerOffAsync()
    {
        Console.Send("poweroff\r");
        return await Machine.WaitForExitAsync().WaitAsync(Patience);
    }

    /// <summary>Runs a program of the host's.</summary>
    public static async Task AssertSucceedsAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{output}{await errors}");
    }

    public ValueTask DisposeAsync() => Machine.DisposeAsync();

    private async Task PromptAsync()
    {
        await WaitAsync("login: root (automatic login)");
        await WaitAsync("root@debian:~# ");
    }

    private async Task<string> WaitAsync(string text)
    {
        Task<string> shown = Console.WaitForAsync(text, Patience);
        Task<VmExit> exit = Machine.WaitForExitAsync();
        if (await Task.WhenAny(shown, exit) == exit) Assert.Fail($"The machine ended ({await exit}) before '{text}'. Its console:\n{Console.Output}");
        return await shown;
    }
}
