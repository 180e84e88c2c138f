using System.Globalization;
using Doppel.Backends.Console;
using Doppel.Backends.Disk;
using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Doppel.Core.Guests;

namespace Doppel.Machine.Guests;

/// <summary>Does guests' work in machines of this process.</summary>
public sealed class GuestRunner : IGuestRunner
{
    public async Task<int?> RunAsync(GuestTask task, Action<string> output, Action<string> log, CancellationToken cancel)
    {
        var config = new VmConfig
        {
            Name = task.Name,
            Kernel = task.Kernel,
            Initrd = task.Initrd,
            InitrdExtras = task.InitrdExtras,
            Append = task.CommandLine,
            MemoryBytes = task.MemoryBytes,
            Disks = [.. task.Disks.Select(disk => new DiskConfig(disk.Path, disk.ReadOnly, DiskFormat.Raw))],
            Clock = task.RepeatableFrom is null ? ClockKind.Real : ClockKind.Virtual,
            StartTime = task.RepeatableFrom,
            NoReboot = true,
            Ports = CommandPorts.Names,
        };
        var logging = new Lock();
        var input = new MemoryConsole();
        input.EndInput();
        var standardOutput = new LinePort(output);
        LinePort serial = Logged(), standardError = Logged();
        int? exitCode = null;
        var control = new LinePort(line => exitCode = int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out int code) ? code : null);
        var host = new VmHost
        {
            ExpectsSnapshots = false,
            Serial = serial,
            Ports = new Dictionary<string, IConsoleBackend>
            {
                [CommandPorts.Input] = input,
                [CommandPorts.Output] = standardOutput,
                [CommandPorts.Error] = standardError,
                [CommandPorts.Control] = control,
            },
        };
        VirtualMachine machine = VirtualMachine.Create(config, host);
        await using (machine.ConfigureAwait(false))
        {
            machine.Start();
            VmExit exit;
            try
            {
                exit = await machine.WaitForExitAsync(cancel).ConfigureAwait(false);
            }
            finally
            {
                // Also when it was cancelled: nothing writes to the disks or the log any more when we return.
                await machine.StopAsync().ConfigureAwait(false);
                foreach (LinePort port in (LinePort[])[standardOutput, standardError, serial]) port.End();
            }

            if (exit.Reason == VmExitReason.Fault) throw new DoppelException(ErrorKind.Failed, exit.Message ?? $"{task.Name}: the machine failed", "DOPPEL_DEBUG=1 shows more; please report it");
            return exitCode;
        }

        LinePort Logged() => new(line =>
        {
            lock (logging) log(line);
        });
    }
}
