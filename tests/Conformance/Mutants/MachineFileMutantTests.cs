using System.Diagnostics;
using Doppel.Backends.Disk;
using Doppel.Core.Errors;
using Doppel.Machine;
using Doppel.Machine.Named;
using Doppel.Machine.Portable;
using Doppel.Machine.Portable.Format;
using Doppel.Tests.Unit.Machine;
using Doppel.Tests.Unit.Machine.Portable;

namespace Doppel.Tests.Conformance.Mutants;

/// <summary>Garbage, truncation and flipped bits: one clear error with a place, and nothing left behind.</summary>
public sealed class MachineFileMutantTests : IDisposable
{
    private readonly SmallPrograms _programs = new();
    private readonly TempFolder _folder = new();

    public void Dispose()
    {
        _programs.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false, 8500)]
    [InlineData(true, 1500)]
    public async Task Mutants_are_refused_with_the_place_and_leave_nothing(bool encrypted, int count)
    {
        byte[] good = await MakeAsync(encrypted);
        var random = new Random(encrypted ? 2 : 1);
        var store = new MachineStore(Path.Combine(_folder.Path, "other"));
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            byte[] mutant = Mutate(good, random);
            byte[] before = [.. mutant];
            // Most are only read, since folders take time; every tenth is loaded.
            Task work = i % 10 == 0
                ? MachineFile.LoadAsync(store, new MemoryStream(mutant, writable: false), "m", new MachineLoad { Passphrase = () => PortableFiles.Passphrase })
                : MachineFile.CheckAsync(new MemoryStream(mutant, writable: false), "m", () => PortableFiles.Passphrase);
            DoppelException error = await Assert.ThrowsAsync<DoppelException>(() => work);
            Assert.True(error.Kind == ErrorKind.Corrupt, $"mutant {i}: {error}");
            Assert.Matches("damaged at byte [0-9]+|is no file of doppel save|version [0-9]+ of the format", error.Message);
            Assert.Equal(before, mutant);
        }

        Assert.Empty(store.List());
        if (Directory.Exists(Path.Combine(store.Folder, "machines"))) Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(store.Folder, "machines")));
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(5));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_bit_counts(bool encrypted)
    {
        byte[] good = await MakeAsync(encrypted);
        Assert.NotEmpty(await MachineFile.CheckAsync(new MemoryStream(good), "m", () => PortableFiles.Passphrase));
        for (int at = 0; at < good.Length; at += at < 400 ? 1 : 97)
        {
            good[at] ^= (byte)(1 << at % 8);
            await Assert.ThrowsAsync<DoppelException>(() => MachineFile.CheckAsync(new MemoryStream(good), "m", () => PortableFiles.Passphrase));
            good[at] ^= (byte)(1 << at % 8);
        }
    }

    /// <summary>The file of a small machine; encrypted with few iterations, for the sake of time.</summary>
    private async Task<byte[]> MakeAsync(bool encrypted)
    {
        string path = Path.Combine(_folder.Path, "disk.img");
        DiskImage.CreateRaw(path, 256 << 10);
        SynchronousDisk disk = DiskImage.Open(path);
        disk.Write(65536, PortableFiles.Noise(3072, 1));
        disk.Write(3 * 65536, PortableFiles.Noise(3072, 1));
        disk.Close();
        var store = new MachineStore(Path.Combine(_folder.Path, "state"));
        NamedMachine machine = store.Create(_programs.BareMetal(SmallPrograms.Counting) with { Name = "m", Disks = [new DiskConfig(path)] });
        var file = new MemoryStream();
        Stream body = await FileHeader.WriteAsync(file, encrypted ? PortableFiles.Passphrase : null, Seal.MinIterations);
        await MachineSaver.SaveAsync(machine, body, null, CancellationToken.None);
        await FileHeader.EndAsync(body);
        return file.ToArray();
    }

    private static byte[] Mutate(byte[] good, Random random)
    {
        byte[] mutant = [.. good];
        switch (random.Next(6))
        {
            case 0:
                return mutant[..random.Next(mutant.Length)];
            case 1:
                // Something more, in the middle or behind.
                int where = random.Next(mutant.Length + 1);
                return [.. mutant[..where], .. PortableFiles.Noise(random.Next(1, 100), random.Next()), .. mutant[where..]];
            case 2:
                int start = random.Next(mutant.Length - 1);
                int end = random.Next(start + 1, mutant.Length);
                return [.. mutant[..start], .. mutant[end..]];
            case 3:
                byte[] garbage = new byte[random.Next(4000)];
                random.NextBytes(garbage);
                return garbage;
            case 4:
                int at = random.Next(mutant.Length);
                byte[] noise = PortableFiles.Noise(Math.Min(random.Next(1, 64), mutant.Length - at), random.Next());
                if (mutant.AsSpan(at, noise.Length).SequenceEqual(noise)) noise[0] ^= 1;
                noise.CopyTo(mutant, at);
                return mutant;
            default:
                for (int flips = random.Next(1, 4); flips > 0; flips--)
                {
                    int bit = random.Next(mutant.Length / 4) * 32 + flips;
                    mutant[bit / 8] ^= (byte)(1 << bit % 8);
                }

                return mutant;
        }
    }
}
