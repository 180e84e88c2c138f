using System.Security.Cryptography;
using System.Text;
using Doppel.Core.Errors;
using Doppel.Machine;
using Doppel.Machine.Snapshots;
using Doppel.Tests.Unit.Machine;

namespace Doppel.Tests.Conformance.Mutants;

/// <summary>Damaged and hostile files of a store.</summary>
public sealed class SnapshotMutantTests : IDisposable
{
    /// <summary>Ten thousand, with the manifests that somebody made up.</summary>
    private const int Mutants = 9000;
    private const int MadeUp = 1000;

    private readonly SmallPrograms _programs = new();
    private readonly TempFolder _folder = new();
    private readonly SnapshotStore _store;

    public SnapshotMutantTests() => _store = new SnapshotStore(Path.Combine(_folder.Path, "snapshots"));

    public void Dispose()
    {
        _programs.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Damage_isFound_whereverItIs()
    {
        await FillAsync();
        await _store.CheckAsync([]);
        var random = new Random(7);
        Pristine[] files = [.. Directory.GetFiles(_store.Folder, "*.snapshot").Concat(Directory.GetFiles(Path.Combine(_store.Folder, "layers"))).Select(f => new Pristine(f))];
        for (int i = 0; i < Mutants; i++)
        {
            Pristine file = files[random.Next(files.Length)];
            if (!file.Damage(random)) continue;
            var problem = await Assert.ThrowsAsync<DoppelException>(() => _store.CheckAsync([]));
            Assert.Equal(ErrorKind.Corrupt, problem.Kind);
            Assert.Contains(Path.GetFileName(file.Path), problem.Message, StringComparison.Ordinal);
            _ = _store.List();
            foreach (string name in (string[])["one", "two"])
            {
                try
                {
                    // What is not looked at before it is used may be damaged and mapped; nothing worse.
                    _store.Load(name).Dispose();
                }
                catch (DoppelException exception)
                {
                    Assert.Equal(ErrorKind.Corrupt, exception.Kind);
                }
            }

            file.Repair();
        }

        await _store.CheckAsync([]);
    }

    [Fact]
    public async Task Manifest_thatSomebodyMadeUp_isRefused_orMakesAMachine()
    {
        await FillAsync();
        var random = new Random(11);
        string path = Path.Combine(_store.Folder, "two.snapshot");
        byte[] whole = await File.ReadAllBytesAsync(path);
        byte[] json = whole[..^66];
        int refused = 0;
        for (int i = 0; i < MadeUp; i++)
        {
            byte[] made = [.. json];
            for (int n = random.Next(3); n >= 0; n--)
            {
                int at = random.Next(made.Length);
                // Numbers for numbers, so that most of it is JSON.
                made[at] = char.IsAsciiDigit((char)made[at]) ? (byte)('0' + random.Next(10)) : random.Next(4) == 0 ? (byte)random.Next(256) : made[at];
            }

            await File.WriteAllBytesAsync(path, [.. made, (byte)'\n', .. Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(made))), (byte)'\n']);
            try
            {
                using VmSnapshot loaded = _store.Load("two");
                if (i % 32 == 0) await VirtualMachine.Create(loaded).DisposeAsync();
            }
            catch (DoppelException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, MadeUp / 10, MadeUp);
        string text = Encoding.UTF8.GetString(json);
        foreach ((string from, string to) in ((string, string)[])
        [
            ("\"name\":\"two\"", "\"name\":\"../two\""), ("\"format\":1", "\"format\":2"), ("\"memoryBytes\":33554432", "\"memoryBytes\":9000000000000000000"), ("\"cpus\":1", "\"cpus\":100000000"),
            ("\"extents\":[0,", "\"extents\":[1,"), ("\"extents\":[0,", "\"extents\":[0,9223372036854775807,0,0,"), ("\"layers\":[", "\"layers\":[null,"), ("\"regions\":[", "\"regions\":[null,"), ("\"disks\":[", "\"disks\":[null,"),
        ])
        {
            Assert.Contains(from, text, StringComparison.Ordinal);
            byte[] made = Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal));
            await File.WriteAllBytesAsync(path, [.. made, (byte)'\n', .. Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(made))), (byte)'\n']);
            Assert.Equal(ErrorKind.Corrupt, Assert.Throws<DoppelException>(() => _store.Load("two")).Kind);
        }
    }

    /// <summary>Two snapshots with little in them.</summary>
    private async Task FillAsync()
    {
        string disk = _programs.File("disk.raw", new byte[1 << 20]);
        using (FileStream file = File.OpenWrite(disk)) file.Write(Encoding.ASCII.GetBytes("first block"));
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(SmallPrograms.Sleeping) with { Disks = [new DiskConfig(disk)], DeviceTreeChanges = ["/chosen:flag"] });
        vm.Start();
        foreach (string name in (string[])["one", "two"])
        {
            vm.TryWriteMemory(SmallPrograms.Ram + 0x5000, Encoding.ASCII.GetBytes(name));
            using VmSnapshot snapshot = await vm.SnapshotAsync();
            await _store.SaveAsync(snapshot, name);
        }
    }

    /// <summary>A file that is damaged and repaired.</summary>
    private sealed class Pristine
    {
        private const int Block = 4096;
        private readonly List<(long Offset, byte[] Bytes)> _blocks = [];
        private readonly long _length;

        public Pristine(string path)
        {
            Path = path;
            using FileStream file = File.OpenRead(path);
            _length = file.Length;
            byte[] block = new byte[Block];
            for (long offset = 0; offset < _length; offset += Block)
            {
                int count = file.ReadAtLeast(block, Block, throwOnEndOfStream: false);
                if (block.AsSpan(0, count).ContainsAnyExcept((byte)0)) _blocks.Add((offset, block[..count]));
            }
        }

        public string Path { get; }

        /// <returns>Whether it is another file now.</returns>
        public bool Damage(Random random)
        {
            using FileStream file = File.OpenWrite(Path);
            // Most of a file is holes; what is somewhere is more worth damaging.
            (long offset, byte[] bytes) = _blocks[random.Next(_blocks.Count)];
            long at = random.Next(8) == 0 ? random.NextInt64(_length) : offset + random.Next(bytes.Length);
            switch (random.Next(4))
            {
                case 0:
                    file.SetLength(random.Next(2) == 0 ? at : _length + random.Next(1, 100_000));
                    return true;
                case 1:
                    byte[] garbage = new byte[random.Next(1, 64)];
                    random.NextBytes(garbage);
                    garbage[0] = (byte)~At(at);
                    file.Position = at;
                    file.Write(garbage.AsSpan(0, (int)Math.Min(garbage.Length, _length - at)));
                    return true;
                default:
                    file.Position = at;
                    file.WriteByte((byte)(At(at) ^ (1 << random.Next(8))));
                    return true;
            }
        }

        public void Repair()
        {
            using FileStream file = new(Path, FileMode.Create, FileAccess.Write);
            file.SetLength(_length);
            foreach ((long offset, byte[] bytes) in _blocks)
            {
                file.Position = offset;
                file.Write(bytes);
            }
        }

        private byte At(long offset) => _blocks.FirstOrDefault(b => b.Offset == offset / Block * Block) is { Bytes: { } bytes } && offset % Block < bytes.Length ? bytes[offset % Block] : (byte)0;
    }
}
