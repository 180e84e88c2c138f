using System.Diagnostics;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Operations;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Errors;

namespace Doppel.Fuzz.Inputs;

/// <summary>Damaged qcow2 images in files: opening, reading, checking and writing end well or in order; what is refused is not changed.</summary>
internal static class Qcow2Run
{
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(10);

    /// <returns>The number of images tried, and what was found, with the image saved to a file.</returns>
    public static async Task<(long Tried, string? Finding)> RunAsync(ulong seed, TimeSpan time, string folder)
    {
        var mutator = new Mutator(new Random(unchecked((int)seed)));
        byte[][] seeds = [.. Shapes().Select((shape, i) => Make(Path.Combine(folder, $"seed{i}.qcow2"), shape))];
        string path = Path.Combine(folder, "mutant.qcow2");
        long start = Stopwatch.GetTimestamp();
        long tried = 0;
        for (; Stopwatch.GetElapsedTime(start) < time; tried++)
        {
            byte[] image = Mutate(mutator, seeds[mutator.Random.Next(seeds.Length)]);
            await File.WriteAllBytesAsync(path, image).ConfigureAwait(false);
            long begun = Stopwatch.GetTimestamp();
            string? finding = await TryAsync(path, image).ConfigureAwait(false);
            if (finding is null && Stopwatch.GetElapsedTime(begun) > Slow) finding = $"it took {Stopwatch.GetElapsedTime(begun)}";
            if (finding is null) continue;
            string saved = Path.GetFullPath($"fuzz-qcow2-{seed}.qcow2");
            await File.WriteAllBytesAsync(saved, image).ConfigureAwait(false);
            return (tried, $"{finding}\nimage: {saved}");
        }

        return (tried, null);
    }

    private static IEnumerable<Qcow2Options> Shapes() =>
    [
        new() { ClusterSize = 512 },
        new() { ClusterSize = 4096, RefcountBits = 2 },
        new() { ClusterSize = 4096, Version = 2 },
        new() { ClusterSize = 16384, Subclusters = true, LazyRefcounts = true },
        new() { ClusterSize = 65536, RefcountBits = 64 },
        new() { ClusterSize = 1024, Compression = Qcow2CompressionType.Zstd },
        new() { ClusterSize = 32768, Compression = Qcow2CompressionType.Zstd, Subclusters = true },
    ];

    /// <summary>An image with data, zeroes, compressed clusters and a snapshot.</summary>
    private static byte[] Make(string path, Qcow2Options options)
    {
        DiskImage.CreateQcow2(path, 1 << 20, options);
        var disk = (Qcow2Disk)DiskImage.Open(path);
        byte[] data = new byte[20_480];
        new Random(1).NextBytes(data);
        disk.Write(512, data);
        new Qcow2Snapshots(disk.Image).Create("s", DateTimeOffset.UnixEpoch);
        disk.Write(8192, data.AsSpan(0, 1024));
        disk.WriteZeroes(128 << 10, 64 << 10, false, CancellationToken.None);
        var compression = new Qcow2Compression(disk.Image);
        byte[] text = new byte[options.ClusterSize];
        for (int i = 0; i < text.Length; i++) text[i] = (byte)(i * i % 23);
        if (options.RefcountBits > 2) compression.Write(512 << 10, compression.Compress(text)!);
        disk.Close();
        return File.ReadAllBytes(path);
    }

    private static byte[] Mutate(Mutator mutator, byte[] good)
    {
        if (mutator.Random.Next(4) == 0) return mutator.Mutate(good);
        byte[] image = [.. good];
        // Half of the damage is in the header.
        byte[] part = image[..(mutator.Random.Next(2) == 0 ? 128 : image.Length)];
        mutator.MutateInPlace(part);
        part.CopyTo(image, 0);
        return image;
    }

    private static async Task<string?> TryAsync(string path, byte[] image)
    {
        var reading = new DiskOpenOptions { ReadOnly = true };
        string? finding = await RefusedOrFineAsync(() => DiskCheck.RunAsync(path, reading, repair: false)).ConfigureAwait(false);
        finding ??= await RefusedOrFineAsync(async () =>
        {
            SynchronousDisk disk = DiskImage.Open(path, reading);
            await using (disk.ConfigureAwait(false)) await ReadAsync(disk).ConfigureAwait(false);
        }).ConfigureAwait(false);
        if (finding is null && !image.AsSpan().SequenceEqual(File.ReadAllBytes(path))) finding = "reading has changed the file";
        bool opened = false;
        finding ??= await RefusedOrFineAsync(async () =>
        {
            SynchronousDisk disk = DiskImage.Open(path);
            opened = true;
            await using (disk.ConfigureAwait(false))
            {
                if (disk.Length >= 64 << 10) await disk.WriteAsync(4096, new byte[32 << 10]).ConfigureAwait(false);
                await disk.FlushAsync().ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
        if (finding is null && !opened && !image.AsSpan().SequenceEqual(File.ReadAllBytes(path))) finding = "an image that was refused has changed";
        return finding ?? await RefusedOrFineAsync(() => DiskCheck.RunAsync(path, new DiskOpenOptions(), repair: true)).ConfigureAwait(false);
    }

    private static async Task ReadAsync(SynchronousDisk disk)
    {
        byte[] buffer = new byte[1 << 20];
        for (long at = 0, end = Math.Min(disk.Length, 4 << 20); at < end; at += buffer.Length) await disk.ReadAsync(at, buffer.AsMemory(0, (int)Math.Min(buffer.Length, end - at))).ConfigureAwait(false);
    }

    private static async Task<string?> RefusedOrFineAsync(Func<Task> action)
    {
        try
        {
            await action().ConfigureAwait(false);
            return null;
        }
        catch (DoppelException exception) when (exception.Kind is ErrorKind.Corrupt or ErrorKind.Failed or ErrorKind.Denied or ErrorKind.NotFound)
        {
            return null;
        }
        catch (IOException)
        {
            // The host has no room for what a mutant asks for.
            return null;
        }
        catch (Exception exception)
        {
            return exception.ToString();
        }
    }
}
