using System.Buffers.Binary;
using System.Diagnostics;
using Doppel.Core.Backends;
using Doppel.Devices.Virtio;
using Doppel.Machine;

namespace Doppel.Fuzz.Guest;

/// <summary>How one machine with a hostile guest fared.</summary>
/// <param name="Exit">How it ended.</param>
/// <param name="Rounds">Rounds of the program, per hart, since the last reset of the machine.</param>
/// <param name="DeviceFaults">Errors of ours that the bus and the devices caught.</param>
/// <param name="StopTime">How long the stop took.</param>
internal sealed record GuestOutcome(VmExit Exit, IReadOnlyList<long> Rounds, long DeviceFaults, TimeSpan StopTime, IReadOnlyList<string> Errors, string Where)
{
    /// <summary>Longest stop that is in order, generous because tests share their machine.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);

    /// <summary>What is wrong, or null.</summary>
    public string? Complaint =>
        Exit.Reason == VmExitReason.Fault ? $"the machine failed: {Exit.Message}"
        : DeviceFaults > 0 ? $"{DeviceFaults} errors in devices: {string.Join("\n", Errors)}"
        : StopTime > StopPatience ? $"the stop took {StopTime}"
        : null;
}

/// <summary>Runs a <see cref="HostileProgram"/> on a whole board: serial port, virtio console with ports, entropy, a disk and a read-only disk.</summary>
internal static class GuestRun
{
    public const ulong MemoryBytes = 64UL << 20;
    private const long DiskBytes = 6L << 30;

    /// <param name="folder">For the program and the disks.</param>
    public static async Task<GuestOutcome> RunAsync(ulong seed, int harts, TimeSpan time, string folder)
    {
        string program = Path.Combine(folder, "hostile.bin");
        await File.WriteAllBytesAsync(program, HostileProgram.Assemble(seed)).ConfigureAwait(false);
        string disk = Sparse(Path.Combine(folder, "disk.raw"));
        string readOnly = Sparse(Path.Combine(folder, "read-only.raw"));
        var errors = new List<string>();
        using var console = new NoisyConsole();
        var config = new VmConfig
        {
            Name = $"hostile-{seed}",
            Cpus = harts,
            MemoryBytes = MemoryBytes,
            Bios = program,
            Disks = [new DiskConfig(disk), new DiskConfig(readOnly, ReadOnly: true)],
            Ports = ["channel"],
        };
        var host = new VmHost
        {
            Serial = console,
            Console = console,
            Ports = new Dictionary<string, IConsoleBackend> { ["channel"] = console },
            Warning = text =>
            {
                if (text.Contains("error", StringComparison.Ordinal)) errors.Add(text);
            },
        };
        await using VirtualMachine machine = VirtualMachine.Create(config, host);
        machine.Start();
        Task<VmExit> ended = machine.WaitForExitAsync();
        var clock = Stopwatch.StartNew();
        long[] before = [-1];
        while (clock.Elapsed < time && !ended.IsCompleted)
        {
            // All have lost their way: the next seed is more use.
            long[] rounds = Rounds(machine, harts);
            if (rounds.SequenceEqual(before)) break;
            before = rounds;
            await Task.WhenAny(ended, Task.Delay(200)).ConfigureAwait(false);
            console.Type();
            if (!ended.IsCompleted && clock.Elapsed.Milliseconds < 300) await PauseAsync(machine).ConfigureAwait(false);
        }

        var stopping = Stopwatch.StartNew();
        await machine.StopAsync().ConfigureAwait(false);
        TimeSpan stopTime = stopping.Elapsed;
        VmExit exit = await ended.ConfigureAwait(false);
        long faults = machine.DeviceFaults + machine.Parts.OfType<VirtioTransport>().Sum(t => t.DeviceFaults.Value);
        string where = string.Join("; ", machine.Vcpus.Select(v => $"pc {v.ReadRegister(64):x} mode {v.ReadRegister(65)} mtvec {v.ReadRegister(73):x} mepc {v.ReadRegister(75):x} mcause {v.ReadRegister(76):x} mtval {v.ReadRegister(77):x} waiting {v.ReadRegister(94)}"));
        return new GuestOutcome(exit, Rounds(machine, harts), faults, stopTime, errors, where);
    }

    /// <summary>A pause in the middle, a save and a load of the saved.</summary>
    private static async Task PauseAsync(VirtualMachine machine)
    {
        try
        {
            await machine.PauseAsync().ConfigureAwait(false);
            using VmSnapshot snapshot = await machine.SnapshotAsync().ConfigureAwait(false);
            await machine.RestoreAsync(snapshot).ConfigureAwait(false);
            await machine.ResumeAsync().ConfigureAwait(false);
        }
        catch (Core.Errors.DoppelException exception) when (exception.Kind == Core.Errors.ErrorKind.WrongState)
        {
            // The guest has switched itself off meanwhile.
        }
    }

    private static long[] Rounds(VirtualMachine machine, int harts)
    {
        var rounds = new long[harts];
        byte[] value = new byte[8];
        for (int hart = 0; hart < harts; hart++)
        {
            machine.TryReadMemory(HostileProgram.HartArea + 0x1000UL * (uint)hart + 8, value);
            rounds[hart] = BinaryPrimitives.ReadInt64LittleEndian(value);
        }

        return rounds;
    }

    private static string Sparse(string path)
    {
        using FileStream file = File.Create(path);
        file.SetLength(DiskBytes);
        return path;
    }
}
