using Doppel.Backends.Console;
using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Doppel.Images.Store;
using Doppel.Machine;

namespace Doppel.Tests.System.Machine;

/// <summary>A machine with Debian's kernel, and a shell on its virtio console to type commands into.</summary>
internal sealed class DebianGuest : IAsyncDisposable
{
    /// <summary>Long, since shared machines are slow at times; nothing waits that long unless it hangs.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private int _commands = 1000;

    private readonly INetworkBackend[] _networks;

    private DebianGuest(VmConfig config, params INetworkBackend[] networks)
    {
        _networks = networks;
        Machine = VirtualMachine.Create(config, Host);
    }

    private DebianGuest(VmSnapshot snapshot, VmConfig? config, params INetworkBackend[] networks)
    {
        _networks = networks;
        Machine = VirtualMachine.Create(snapshot, Host, config);
    }

    public VirtualMachine Machine { get; }

    /// <summary>Kernel messages.</summary>
    public MemoryConsole Serial { get; } = new();

    public MemoryConsole Console { get; } = new();

    private VmHost Host => new() { Serial = Serial, Console = Console, Networks = _networks };

    /// <summary>What boots the default guest, with further Debian packages in it. Skips the test, by name, where no mirror can be reached.</summary>
    public static async Task<VmConfig> ConfigAsync(params string[] packages)
    {
        using var store = new ImageStore();
        try
        {
            GuestImage image = await store.GetAsync(new GuestImageRequest(packages: packages), null, TestContext.Current.CancellationToken);
            // At log level 5 the serial port shows warnings and worse, and nothing else.
            return new VmConfig { Kernel = image.KernelPath, Initrd = image.InitrdPath, Append = "console=ttyS0 loglevel=5", MemoryBytes = 512 << 20 };
        }
        catch (DoppelException exception) when (exception.Kind is ErrorKind.Unreachable or ErrorKind.TimedOut)
        {
            Assert.Skip($"needs a Debian mirror: {exception.Message}");
            throw;
        }
    }

    /// <summary>Boots to the shell's prompt.</summary>
    public static async Task<DebianGuest> BootAsync(VmConfig config, params INetworkBackend[] networks)
    {
        var guest = new DebianGuest(config, networks);
        guest.Machine.Start();
        await guest.PromptAsync();
        return guest;
    }

    /// <summary>A machine that goes on where another one was saved.</summary>
    /// <param name="config">By what to make it, if not by what the saved one was made.</param>
    public static async Task<DebianGuest> LoadAsync(VmSnapshot snapshot, VmConfig? config = null, params INetworkBackend[] networks)
    {
        var guest = new DebianGuest(snapshot, config, networks) { _commands = 2000 };
        await guest.Machine.ResumeAsync();
        return guest;
    }

    /// <summary>Runs a command in the guest's shell.</summary>
    /// <returns>What it wrote.</returns>
    public async Task<string> RunAsync(string command)
    {
        // The end mark is computed by the shell, so that the echo of what was typed does not contain it.
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

    public ValueTask DisposeAsync() => Machine.DisposeAsync();

    /// <summary>The banner first: a shell that is being ended shows a prompt, too.</summary>
    private async Task PromptAsync()
    {
        await WaitAsync("turns this machine off.");
        await WaitAsync("~ # ");
    }

    private async Task<string> WaitAsync(string text)
    {
        Task<string> shown = Console.WaitForAsync(text, Patience);
        Task<VmExit> exit = Machine.WaitForExitAsync();
        if (await Task.WhenAny(shown, exit) == exit) Assert.Fail($"The machine ended ({await exit}) before '{text}'. Its kernel said:\n{Serial.Output}\nits console:\n{Console.Output}");
        try
        {
            return await shown;
        }
        catch (DoppelException exception)
        {
            throw new TimeoutException($"{exception.Message}; the kernel said:\n{Serial.Output}", exception);
        }
    }
}
