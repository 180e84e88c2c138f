using System.Diagnostics;
using Doppel.Backends.Disk;
using Doppel.Core.Errors;
using Doppel.Machine;
using Doppel.Machine.Named;
using Doppel.Machine.Portable;
using Doppel.Machine.Portable.Format;
using Doppel.Machine.Snapshots;

namespace Doppel.Fuzz.Inputs;

/// <summary>
/// Damaged files of saved machines: bytes, records whose checks are right all the same, and content that is damaged below all checks. Each is loaded in order, or refused in order, and leaves
/// nothing behind.
/// </summary>
internal static class MachineFileRun
{
    private const string Passphrase = "fuzz";
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(10);

    /// <returns>The number of files tried, and what was found, with the file saved.</returns>
    public static async Task<(long Tried, string? Finding)> RunAsync(ulong seed, TimeSpan time, string folder)
    {
        var mutator = new Mutator(new Random(unchecked((int)seed)));
        byte[] good = await MakeAsync(folder).ConfigureAwait(false);
        byte[] encrypted = await SealAsync(good).ConfigureAwait(false);
        List<(string Name, byte[] Content)> objects = await ReadAsync(good).ConfigureAwait(false);
        var store = new MachineStore(Path.Combine(folder, "loaded"));
        long start = Stopwatch.GetTimestamp();
        long tried = 0;
        for (; Stopwatch.GetElapsedTime(start) < time; tried++)
        {
            int way = mutator.Random.Next(4);
            byte[] file = way switch
            {
                0 => mutator.Mutate(good),
                1 => mutator.Mutate(encrypted),
                2 => Recheck(mutator, good),
                _ => await RewriteAsync(mutator, objects).ConfigureAwait(false),
            };
            long begun = Stopwatch.GetTimestamp();
            string? finding = await TryAsync(store, file, isDamaged: way < 2 && !file.AsSpan().SequenceEqual(way == 0 ? good : encrypted)).ConfigureAwait(false);
            if (finding is null && Stopwatch.GetElapsedTime(begun) > Slow) finding = $"it took {Stopwatch.GetElapsedTime(begun)}";
            if (finding is null) continue;
            string saved = Path.GetFullPath($"fuzz-machine-file-{seed}.doppel");
            await File.WriteAllBytesAsync(saved, file).ConfigureAwait(false);
            return (tried, $"{finding}\nfile: {saved}");
        }

        return (tried, null);
    }

    /// <param name="isDamaged">Whether it must be refused.</param>
    private static async Task<string?> TryAsync(MachineStore store, byte[] file, bool isDamaged)
    {
        try
        {
            NamedMachine machine = await MachineFile.LoadAsync(store, new MemoryStream(file), "file", new MachineLoad { Passphrase = () => Passphrase }).ConfigureAwait(false);
            await machine.LookAsync().ConfigureAwait(false);
            store.Remove(machine);
            if (isDamaged) return "a damaged file was loaded";
        }
        catch (DoppelException exception) when (exception.Kind == ErrorKind.Corrupt || !isDamaged)
        {
            // In order.
        }
        catch (Exception exception)
        {
            return exception.ToString();
        }

        string machines = Path.Combine(store.Folder, "machines");
        return Directory.Exists(machines) && Directory.GetFileSystemEntries(machines) is { Length: > 0 } left ? $"{left[0]} is left behind" : null;
    }

    /// <summary>Damages a record, and makes all checks right again.</summary>
    private static byte[] Recheck(Mutator mutator, byte[] good)
    {
        var file = new MemoryStream();
        file.Write(good.AsSpan(0, FileHeader.Size));
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        var records = new List<byte[]>();
        for (int at = FileHeader.Size; at < good.Length;)
        {
            int length = RecordHeader.Size + RecordHeader.Read(good.AsSpan(at))!.Value.Length;
            records.Add(good[at..(at + length)]);
            at += length + PortableFormat.CheckLength;
        }

        int which = mutator.Random.Next(records.Count);
        switch (mutator.Random.Next(4))
        {
            case 0:
                records.RemoveAt(which);
                break;
            case 1:
                records.Insert(mutator.Random.Next(records.Count), records[which]);
                break;
            case 2:
                byte[] edge = records[which][..RecordHeader.Size];
                mutator.MutateInPlace(edge);
                edge.CopyTo(records[which], 0);
                break;
            default:
                mutator.MutateInPlace(records[which]);
                break;
        }

        foreach (byte[] record in records)
        {
            hash.AppendData(record);
            byte[] check = hash.GetCurrentHash()[..PortableFormat.CheckLength];
            hash.AppendData(check);
            file.Write(record);
            file.Write(check);
        }

        return file.ToArray();
    }

    /// <summary>Damages content, and writes a file of it that is in order by itself.</summary>
    private static async Task<byte[]> RewriteAsync(Mutator mutator, List<(string Name, byte[] Content)> objects)
    {
        int which = mutator.Random.Next(objects.Count);
        var file = new MemoryStream();
        await FileHeader.WriteAsync(file, null).ConfigureAwait(false);
        using var writer = new PortableWriter(file);
        for (int i = 0; i < objects.Count; i++) await writer.WriteAsync(objects[i].Name, new ByteContent(i == which ? mutator.Mutate(objects[i].Content) : objects[i].Content)).ConfigureAwait(false);
        await writer.FinishAsync().ConfigureAwait(false);
        return file.ToArray();
    }

    /// <summary>The file of a small machine that is suspended, and has a snapshot.</summary>
    private static async Task<byte[]> MakeAsync(string folder)
    {
        string disk = Path.Combine(folder, "disk.qcow2");
        DiskImage.CreateQcow2(disk, 1 << 20, new());
        string bios = Path.Combine(folder, "bios");
        await File.WriteAllBytesAsync(bios, [0x6f, 0, 0, 0]).ConfigureAwait(false);
        var store = new MachineStore(Path.Combine(folder, "made"));
        NamedMachine machine = store.Create(new VmConfig { Name = "fuzz", Bios = bios, MemoryBytes = 32 << 20, Disks = [new DiskConfig(disk)] });
        VirtualMachine before = VirtualMachine.Create((await machine.LookAsync().ConfigureAwait(false)).Config);
        await using (before.ConfigureAwait(false))
        {
            using VmSnapshot snapshot = await before.SnapshotAsync().ConfigureAwait(false);
            await new SnapshotStore(machine.Folder.File("snapshots")).SaveAsync(snapshot, "one").ConfigureAwait(false);
        }

        var file = new MemoryStream();
        Task<VmExit> run = Task.Run(() => machine.RunHereAsync());
        while ((await machine.LookAsync().ConfigureAwait(false)).State != NamedState.Running) await Task.Delay(10).ConfigureAwait(false);
        await MachineFile.SaveAsync(machine, file).ConfigureAwait(false);
        await machine.KillAsync().ConfigureAwait(false);
        await run.ConfigureAwait(false);
        return file.ToArray();
    }

    private static async Task<byte[]> SealAsync(byte[] good)
    {
        var file = new MemoryStream();
        Stream body = await FileHeader.WriteAsync(file, Passphrase, Seal.MinIterations).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            await body.WriteAsync(good.AsMemory(FileHeader.Size)).ConfigureAwait(false);
            await FileHeader.EndAsync(body).ConfigureAwait(false);
        }

        return file.ToArray();
    }

    private static async Task<List<(string Name, byte[] Content)>> ReadAsync(byte[] file)
    {
        var objects = new List<(string, byte[])>();
        using var reader = new PortableReader(new MemoryStream(file, FileHeader.Size, file.Length - FileHeader.Size), "file");
        while (await reader.NextAsync().ConfigureAwait(false) is { } found)
        {
            var content = new ByteContent(new byte[found.Length]);
            await reader.CopyToAsync(content).ConfigureAwait(false);
            objects.Add((found.Name, content.Bytes));
        }

        return objects;
    }
}
