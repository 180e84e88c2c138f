using System.Diagnostics;
using System.Globalization;
using System.Text;
using Doppel.Images.Guests;
using Doppel.Images.Store;

namespace Doppel.Bench;

/// <summary>What one run of one command in the guest took and said.</summary>
internal sealed record RunResult(string Output, TimeSpan Wall, TimeSpan Cpu);

/// <summary>Something that runs a command in the guest and powers off: Doppel, or QEMU with the same kernel, initramfs and byte channels.</summary>
internal sealed class Contender
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private readonly Func<IReadOnlyList<string>, string, Process> _start;
    private readonly Func<string, Process, string> _output;

    private Contender(string name, string version, Func<IReadOnlyList<string>, string, Process> start, Func<string, Process, string> output)
    {
        (Name, Version, _start, _output) = (name, version, start, output);
    }

    public string Name { get; }

    public string Version { get; }

    public static Contender Doppel()
    {
        // The build leaves all programs side by side, by configuration.
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        string program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Doppel.Cli", configuration, "doppel"));
        return new Contender("Doppel", FirstLine(program, "--version"), (command, folder) => Start(folder, [program, "run", "--", .. command]), (folder, _) => File.ReadAllText(Path.Combine(folder, "out")));
    }

    public static Contender Qemu(string program, GuestImage guest)
    {
        string version = FirstLine(program, "--version");
        return new Contender("QEMU", version, (command, folder) =>
        {
            string initrd = Path.Combine(folder, "initrd");
            using (FileStream file = File.Create(initrd))
            {
                file.Write(File.ReadAllBytes(guest.InitrdPath));
                file.SetLength((file.Length + 3) & ~3);
                file.Position = file.Length;
                file.Write(GuestCommand.ToArchive(command));
            }

            var arguments = new List<string>
            {
                program, "-M", "virt", "-m", "512M", "-smp", "1", "-display", "none", "-serial", "none", "-monitor", "none", "-no-reboot", "-kernel", guest.KernelPath, "-initrd", initrd,
                "-append", "console=ttyS0 quiet loglevel=3", "-object", "rng-random,filename=/dev/urandom,id=rng", "-device", "virtio-rng-device,rng=rng", "-device", "virtio-serial-device",
            };
            foreach (string port in new[] { "stdin", "stdout", "stderr", "control" })
            {
                arguments.AddRange(["-chardev", $"file,id={port},path={Path.Combine(folder, "port-" + port)}", "-device", $"virtserialport,chardev={port},name=doppel.{port}"]);
            }

            return Start(folder, arguments);
        }, (folder, _) => File.ReadAllText(Path.Combine(folder, "port-stdout")));
    }

    /// <summary>Runs a command to its end.</summary>
    public Task<RunResult> RunAsync(params IReadOnlyList<string> command) => RunAsync(command, null);

    /// <param name="meanwhile">Called once, with the process that does the work, when the guest has printed something.</param>
    public async Task<RunResult> RunAsync(IReadOnlyList<string> command, Func<Process, Task>? meanwhile)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("doppel-bench-");
        try
        {
            long started = Stopwatch.GetTimestamp();
            using Process shell = _start(command, folder.FullName);
            using var late = new CancellationTokenSource(Patience);
            if (meanwhile is not null)
            {
                while (Output(folder, shell).Length == 0) await Task.Delay(20, late.Token);
                using Process worker = Child(shell);
                await meanwhile(worker);
            }

            await shell.WaitForExitAsync(late.Token);
            TimeSpan wall = Stopwatch.GetElapsedTime(started);
            if (shell.ExitCode != 0) throw new InvalidOperationException($"{Name} ended with code {shell.ExitCode}:\n{await File.ReadAllTextAsync(Path.Combine(folder.FullName, "err"))}");
            string[] times = (await File.ReadAllTextAsync(Path.Combine(folder.FullName, "times"))).Split(' ', StringSplitOptions.TrimEntries);
            return new RunResult(Output(folder, shell), wall, TimeSpan.FromSeconds(times.Sum(t => double.Parse(t, CultureInfo.InvariantCulture))));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private string Output(DirectoryInfo folder, Process process)
    {
        try
        {
            return _output(folder.FullName, process);
        }
        catch (FileNotFoundException)
        {
            return "";
        }
    }

    /// <summary>In a shell, because only a parent learns what a process took.</summary>
    private static Process Start(string folder, IEnumerable<string> command)
    {
        const string script = """TIMEFORMAT='%U %S'; cd "$1"; shift; { time "$@" </dev/null >out 2>err; } 2>times""";
        return Process.Start("bash", ["-c", script, "bash", folder, .. command]);
    }

    private static Process Child(Process shell)
    {
        string children = File.ReadAllText($"/proc/{shell.Id}/task/{shell.Id}/children");
        return Process.GetProcessById(int.Parse(children.Split(' ')[0], CultureInfo.InvariantCulture));
    }

    private static string FirstLine(string program, string argument)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, argument) { RedirectStandardOutput = true, StandardOutputEncoding = Encoding.UTF8 })!;
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return text.Split('\n')[0];
    }
}
