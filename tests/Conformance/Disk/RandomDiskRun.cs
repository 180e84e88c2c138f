using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Qcow2;

namespace Doppel.Tests.Conformance.Disk;

/// <summary>Random operations on an image, by us and by QEMU in turn, beside the same ones on plain bytes.</summary>
internal sealed class RandomDiskRun : IDisposable
{
    private readonly Random _random;
    private readonly string _folder = DiskFolder.Make();
    private readonly string _path;
    private readonly Dictionary<string, byte[]> _snapshots = [];
    private readonly bool _keepsSize;
    private byte[] _bytes;

    public RandomDiskRun(int seed)
    {
        _random = new Random(seed);
        Shape = ImageShape.Random(_random);
        _path = Path.Combine(_folder, "disk.qcow2");
        long cluster = 1L << Shape.ClusterBits;
        _bytes = new byte[Math.Clamp(cluster * _random.Next(1, 200), 64 << 10, 12 << 20) / 512 * 512 + 512 * _random.Next(0, 3)];
        string? backing = null;
        if (_random.Next(2) == 0)
        {
            backing = "base.raw";
            byte[] below = new byte[_random.Next(1, _bytes.Length / 512 + 200) * 512];
            for (int at = 0; at < below.Length; at += 4096 * _random.Next(1, 20)) _random.NextBytes(below.AsSpan(at, Math.Min(_random.Next(1, 9000), below.Length - at)));
            File.WriteAllBytes(Path.Combine(_folder, backing), below);
            below.AsSpan(0, Math.Min(below.Length, _bytes.Length)).CopyTo(_bytes);
        }

        // QEMU resizes no image of version 2 that has snapshots, and neither of both agree on what is below a base that is larger.
        _keepsSize = Shape.Version == 2;
        Shape.Create(_path, _bytes.Length, backing, "raw");
        if (_random.Next(3) == 0) Pack(byQemu: _random.Next(2) == 0);
    }

    public ImageShape Shape { get; }

    public async Task RunAsync(int rounds, int operations)
    {
        for (int round = 0; round < rounds; round++)
        {
            if (round > 0 && _random.Next(3) == 0) WriteByQemu();
            else await OperateAsync(operations);
            QemuImg.Check(_path);
            string raw = Path.Combine(_folder, "model.raw");
            await File.WriteAllBytesAsync(raw, _bytes);
            QemuImg.Compare(_path, raw);
        }

        QemuImg.Check(_path);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task OperateAsync(int operations)
    {
        await using var disk = (Qcow2Disk)DiskImage.Open(_path);
        Assert.Equal(_bytes.Length, disk.Length);
        for (int i = 0; i < operations; i++)
        {
            (int offset, int length) = Range();
            switch (_random.Next(24))
            {
                case < 9:
                    byte[] data = new byte[length];
                    _random.NextBytes(data);
                    data.CopyTo(_bytes, offset);
                    await disk.WriteAsync(offset, data);
                    break;
                case < 13:
                    byte[] back = new byte[length];
                    await disk.ReadAsync(offset, back);
                    Assert.True(back.AsSpan().SequenceEqual(_bytes.AsSpan(offset, length)), $"What is read at {offset}, {length} bytes, is not what was written ({Shape}).");
                    break;
                case < 16:
                    await disk.WriteZeroesAsync(offset, length, _random.Next(2) == 0);
                    _bytes.AsSpan(offset, length).Clear();
                    break;
                case < 18:
                    await DiscardAsync(disk, offset, length);
                    break;
                case < 19:
                    await disk.FlushAsync();
                    break;
                case < 20:
                    await MapAsync(disk);
                    break;
                case < 21 when Shape.RefcountBits > 1:
                    try
                    {
                        Snapshot(disk);
                    }
                    catch (Doppel.Core.Errors.DoppelException exception) when (Shape.RefcountBits <= 4 && exception.Message.Contains("would be shared more", StringComparison.Ordinal))
                    {
                        // Compressed clusters share, too. Nothing has changed then.
                    }

                    break;
                case < 22 when !_keepsSize:
                    await ResizeAsync(disk);
                    break;
                default:
                    await ManyAsync(disk);
                    break;
            }
        }
    }

    /// <summary>Writes side by side, to places that touch.</summary>
    private async Task ManyAsync(Qcow2Disk disk)
    {
        int blocks = _bytes.Length / 512;
        int start = _random.Next(blocks), count = Math.Min(blocks - start, _random.Next(1, 40));
        byte[] data = new byte[count * 512];
        _random.NextBytes(data);
        data.CopyTo(_bytes, start * 512);
        await Task.WhenAll(Enumerable.Range(0, count).Select(i => disk.WriteAsync((start + i) * 512L, data.AsMemory(i * 512, 512)).AsTask()));
    }

    /// <summary>Discarded blocks are what they were, or zeroes; then they stay that.</summary>
    private async Task DiscardAsync(Qcow2Disk disk, int offset, int length)
    {
        await disk.DiscardAsync(offset, length);
        byte[] now = new byte[length];
        await disk.ReadAsync(offset, now);
        for (int at = 0; at < length; at += 512)
        {
            bool same = now.AsSpan(at, 512).SequenceEqual(_bytes.AsSpan(offset + at, 512));
            Assert.True(same || !now.AsSpan(at, 512).ContainsAnyExcept((byte)0), $"Discarded block at {offset + at} holds something else.");
        }

        now.CopyTo(_bytes, offset);
    }

    private async Task MapAsync(Qcow2Disk disk)
    {
        for (long at = 0; at < disk.Length;)
        {
            Doppel.Core.Backends.BlockExtent extent = await disk.MapAsync(at, disk.Length - at);
            Assert.InRange(extent.Length, 1, disk.Length - at);
            bool isZero = extent.Kind is Doppel.Core.Backends.BlockExtentKind.Zero or Doppel.Core.Backends.BlockExtentKind.Unallocated;
            if (isZero) Assert.False(_bytes.AsSpan((int)at, (int)extent.Length).ContainsAnyExcept((byte)0));
            at += extent.Length;
        }
    }

    private void Snapshot(Qcow2Disk disk)
    {
        string? known = _snapshots.Count == 0 ? null : _snapshots.Keys.ElementAt(_random.Next(_snapshots.Count));
        var snapshots = new Qcow2Snapshots(disk.Image);
        switch (_random.Next(4))
        {
            case 0 when known is not null:
                snapshots.Delete(known);
                _snapshots.Remove(known);
                break;
            case 1 when known is not null:
                snapshots.Apply(known);
                _bytes = [.. _snapshots[known]];
                break;
            default:
                // Small counts hold few snapshots.
                if (_snapshots.Count >= (Shape.RefcountBits == 2 ? 1 : 5)) break;
                string name = $"s{_random.Next()}";
                snapshots.Create(name, DateTimeOffset.UnixEpoch.AddSeconds(1_700_000_000));
                _snapshots[name] = [.. _bytes];
                break;
        }
    }

    private async Task ResizeAsync(Qcow2Disk disk)
    {
        int length = Math.Max(512, _bytes.Length / 512 * _random.Next(50, 160) / 100 * 512);
        await disk.ResizeAsync(length);
        Array.Resize(ref _bytes, length);
        Assert.Equal(length, disk.Length);
    }

    /// <summary>Compressed clusters, which either side writes only where nothing is yet.</summary>
    private void Pack(bool byQemu)
    {
        int cluster = 1 << Shape.ClusterBits;
        int[] places = [.. Enumerable.Range(0, _bytes.Length / cluster).OrderBy(_ => _random.Next()).Take(20)];
        if (places.Length == 0) return;
        var commands = new List<string>();
        foreach (int place in places)
        {
            byte pattern = (byte)_random.Next(1, 256);
            commands.Add($"write -c -P {pattern} {(long)place * cluster} {cluster}");
            _bytes.AsSpan(place * cluster, cluster).Fill(pattern);
        }

        if (byQemu)
        {
            QemuImg.Io(_path, [.. commands]);
            return;
        }

        var disk = (Qcow2Disk)DiskImage.Open(_path);
        var compression = new Qcow2Compression(disk.Image);
        foreach (int place in places) Assert.True(compression.Write((long)place * cluster, compression.Compress(_bytes.AsSpan(place * cluster, cluster))!));
        disk.Close();
    }

    private void WriteByQemu()
    {
        var commands = new List<string>();
        for (int i = 0; i < 10; i++)
        {
            (int offset, int length) = Range();
            byte pattern = (byte)_random.Next(1, 256);
            bool zero = _random.Next(4) == 0;
            commands.Add($"write {(zero ? "-z" : $"-P {pattern}")} {offset} {length}");
            _bytes.AsSpan(offset, length).Fill(zero ? (byte)0 : pattern);
        }

        QemuImg.Io(_path, [.. commands]);
    }

    private (int Offset, int Length) Range()
    {
        int blocks = _bytes.Length / 512;
        int offset = _random.Next(blocks);
        int most = Math.Min(blocks - offset, _random.Next(3) switch { 0 => 8, 1 => 256, _ => 4096 });
        return (offset * 512, _random.Next(1, most + 1) * 512);
    }
}
