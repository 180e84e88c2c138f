using System.Diagnostics;
using Doppel.Core.Errors;
using Doppel.Fuzz.Guest;
using Doppel.Machine;

namespace Doppel.Fuzz.Inputs;

/// <summary>Damaged states of a whole machine: loading refuses them as corrupt or takes them, and what it takes can run.</summary>
internal static class SnapshotRun
{
    public static async Task<(long Tried, string? Finding)> RunAsync(ulong seed, TimeSpan time, string folder)
    {
        string program = Path.Combine(folder, "hostile.bin");
        await File.WriteAllBytesAsync(program, HostileProgram.Assemble(seed)).ConfigureAwait(false);
        string disk = Path.Combine(folder, "disk.raw");
        await File.WriteAllBytesAsync(disk, new byte[1 << 20]).ConfigureAwait(false);
        var config = new VmConfig { Name = "snapshot", Cpus = 2, MemoryBytes = 32UL << 20, Bios = program, Disks = [new DiskConfig(disk)], Ports = ["channel"] };
        await using VirtualMachine machine = VirtualMachine.Create(config);
        machine.Start();
        var mutator = new Mutator(new Random(unchecked((int)seed)));
        long start = Stopwatch.GetTimestamp();
        long tried = 0;
        while (Stopwatch.GetElapsedTime(start) < time && machine.State == VmState.Running)
        {
            await Task.Delay(50).ConfigureAwait(false);
            await machine.PauseAsync().ConfigureAwait(false);
            using VmSnapshot good = await machine.SnapshotAsync().ConfigureAwait(false);
            for (int i = 0; i < 20; i++, tried++)
            {
                using VmSnapshot bad = Damage(good, mutator);
                try
                {
                    await machine.RestoreAsync(bad).ConfigureAwait(false);
                }
                catch (DoppelException exception) when (exception.Kind == ErrorKind.Corrupt)
                {
                    await machine.RestoreAsync(good).ConfigureAwait(false);
                    continue;
                }
                catch (Exception exception)
                {
                    return (tried, exception.ToString());
                }

                await machine.ResumeAsync().ConfigureAwait(false);
                await Task.Delay(2).ConfigureAwait(false);
                if (machine.State != VmState.Running) break;
                await machine.PauseAsync().ConfigureAwait(false);
            }

            if (machine.State != VmState.Paused) break;
            await machine.RestoreAsync(good).ConfigureAwait(false);
            await machine.ResumeAsync().ConfigureAwait(false);
        }

        await machine.StopAsync().ConfigureAwait(false);
        VmExit exit = await machine.WaitForExitAsync().ConfigureAwait(false);
        return (tried, exit.Reason == VmExitReason.Fault ? exit.Message : machine.DeviceFaults > 0 ? $"{machine.DeviceFaults} errors in devices" : null);
    }

    private static VmSnapshot Damage(VmSnapshot good, Mutator mutator)
    {
        int damaged = mutator.Random.Next(good.Parts.Count);
        VmSnapshot.PartState[] parts = [.. good.Parts];
        byte[] state = [.. parts[damaged].State];
        mutator.MutateInPlace(state);
        parts[damaged] = parts[damaged] with { State = state };
        return good.With(parts);
    }
}
