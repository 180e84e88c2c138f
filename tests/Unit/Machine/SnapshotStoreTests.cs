using System.Buffers.Binary;
using Doppel.Core.Errors;
using Doppel.Machine;
using Doppel.Machine.Snapshots;

namespace Doppel.Tests.Unit.Machine;

/// <summary>Snapshots in files, of machines in this process.</summary>
public sealed class SnapshotStoreTests : IDisposable
{
    private readonly Programs _programs = new();
    private readonly TempFolder _folder = new();
    private readonly SnapshotStore _store;

    public SnapshotStoreTests() => _store = new SnapshotStore(Path.Combine(_folder.Path, "snapshots"));

    public void Dispose()
    {
        _programs.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Stored_machine_goesOn_underEveryEngine_withoutItsFirstOne()
    {
        VmConfig config = _programs.BareMetal(Programs.Counting) with { Engine = EngineKind.Auto };
        VirtualMachine vm = _programs.Create(config);
        vm.Start();
        EngineKind[] engines = [EngineKind.Interpreter, EngineKind.Auto, EngineKind.Interpreter];
        for (int i = 0; i < engines.Length; i++)
        {
            await UntilCounted(vm, Count(vm) + 1000);
            ulong least = Count(vm);
            await SaveAsync(vm, $"s{i}");
            await vm.DisposeAsync();
            using VmSnapshot loaded = _store.Load($"s{i}");
            vm = VirtualMachine.Create(loaded, config: config with { Engine = engines[i] });
            Assert.True(Count(vm) >= least);
            await vm.ResumeAsync();
        }

        await vm.DisposeAsync();
        Assert.Equal([null, "s0", "s1"], _store.List().Snapshots.Select(s => s.Parent));
        Assert.Equal("s2", Assert.Single(_store.List().Snapshots, s => s.IsCurrent).Name);
    }

    [Fact]
    public async Task Machine_isSetBackInPlace_andAReset_bootsFromItsFiles()
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Counting));
        vm.Start();
        await UntilCounted(vm, 1000);
        await SaveAsync(vm, "early");
        await vm.PauseAsync();
        ulong most = Count(vm);
        for (int round = 0; round < 5; round++)
        {
            await vm.ResumeAsync();
            await UntilCounted(vm, most + 1000);
            await vm.PauseAsync();
            using VmSnapshot early = _store.Load("early");
            await vm.RestoreAsync(early);
            Assert.InRange(Count(vm), 1000UL, most);
        }

        using VmSnapshot again = _store.Load("early");
        await using VirtualMachine copy = VirtualMachine.Create(again);
        await copy.ResetAsync();
        Assert.Equal(0UL, Count(copy));
    }

    [Fact]
    public async Task Memory_thatDidNotChange_isNotWrittenAgain()
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Counting));
        byte[] noise = new byte[8 << 20];
        new Random(1).NextBytes(noise);
        vm.TryWriteMemory(Programs.Ram + (16 << 20), noise);
        vm.Start();
        await UntilCounted(vm, 10);
        SnapshotInfo first = await SaveAsync(vm, "first");
        SnapshotInfo second = await SaveAsync(vm, "second");
        Assert.InRange(first.StoredBytes, 8 << 20, 9 << 20);
        Assert.InRange(second.StoredBytes, 0, 256 << 10);

        // Also after the machine has been set back, or made anew.
        using VmSnapshot loaded = _store.Load("first");
        await vm.RestoreAsync(loaded);
        Assert.InRange((await SaveAsync(vm, "third")).StoredBytes, 0, 256 << 10);
        await using VirtualMachine copy = VirtualMachine.Create(loaded);
        await copy.ResumeAsync();
        await UntilCounted(copy, Count(copy) + 10);
        Assert.InRange((await SaveAsync(copy, "fourth")).StoredBytes, 0, 256 << 10);
        byte[] there = new byte[noise.Length];
        copy.TryReadMemory(Programs.Ram + (16 << 20), there);
        Assert.Equal(noise, there);
    }

    [Fact]
    public async Task Snapshot_inTheMiddle_canBeRemoved_andTheRestStaysWhole()
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Sleeping));
        vm.Start();
        for (byte i = 0; i < 5; i++)
        {
            vm.TryWriteMemory(Programs.Ram + (1 << 20) + (64UL * i << 10), [i, 1, 2, 3]);
            await SaveAsync(vm, $"s{i}", $"number {i}");
        }

        await _store.RemoveAsync("s1");
        await _store.RemoveAsync("s3");
        Assert.Equal([("s0", null), ("s2", "s0"), ("s4", "s2")], _store.List().Snapshots.Select(s => (s.Name, s.Parent)));
        using (VmSnapshot last = _store.Load("s4"))
        {
            await using VirtualMachine copy = VirtualMachine.Create(last);
            byte[] four = new byte[4];
            for (byte i = 0; i < 5; i++)
            {
                copy.TryReadMemory(Programs.Ram + (1 << 20) + (64UL * i << 10), four);
                Assert.Equal([i, 1, 2, 3], four);
            }
        }

        await _store.RemoveAsync("s4");
        Assert.Equal("s2", Assert.Single(_store.List().Snapshots, s => s.IsCurrent).Name);
        await _store.RemoveAsync("s0");
        await _store.RemoveAsync("s2");
        Assert.Empty(Directory.GetFiles(Path.Combine(_store.Folder, "layers")));
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<DoppelException>(() => _store.RemoveAsync("s2"))).Kind);
    }

    [Fact]
    public async Task Names_andComments_areJudged()
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Sleeping));
        vm.Start();
        SnapshotInfo info = await SaveAsync(vm, "one", "before the change");
        Assert.Equal(("one", "before the change", null, true, true), (info.Name, info.Comment, info.Parent, info.IsLive, info.IsCurrent));
        Assert.Equal(ErrorKind.WrongState, (await Assert.ThrowsAsync<DoppelException>(() => SaveAsync(vm, "one"))).Kind);
        Assert.Equal(ErrorKind.Usage, (await Assert.ThrowsAsync<DoppelException>(() => SaveAsync(vm, "../one"))).Kind);
        Assert.Equal(ErrorKind.Usage, (await Assert.ThrowsAsync<DoppelException>(() => SaveAsync(vm, "two", "a\nb"))).Kind);
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<DoppelException>(() => _store.Load("two")).Kind);
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<DoppelException>(() => _store.Load("/etc/passwd")).Kind);
    }

    [Fact]
    public async Task Leftovers_ofAKilledProcess_areSwept()
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Sleeping));
        vm.Start();
        await SaveAsync(vm, "one");
        string layers = Path.Combine(_store.Folder, "layers");
        int whole = Directory.GetFiles(layers).Length;
        string[] left = [Path.Combine(layers, Guid.NewGuid().ToString("n")), Path.Combine(layers, Guid.NewGuid().ToString("n") + ".new"), Path.Combine(_store.Folder, "two.snapshot.1.new")];
        foreach (string file in left) await File.WriteAllBytesAsync(file, [1, 2, 3]);
        await SaveAsync(vm, "two");
        Assert.DoesNotContain(left, File.Exists);
        Assert.Equal(whole, Directory.GetFiles(layers).Length);
    }

    private async Task<SnapshotInfo> SaveAsync(VirtualMachine vm, string name, string? comment = null)
    {
        using VmSnapshot snapshot = await vm.SnapshotAsync();
        return await _store.SaveAsync(snapshot, name, comment);
    }

    private static ulong Count(VirtualMachine vm)
    {
        byte[] bytes = new byte[8];
        Assert.True(vm.TryReadMemory(Programs.Counter, bytes));
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private static async Task UntilCounted(VirtualMachine vm, ulong atLeast)
    {
        using var patience = new CancellationTokenSource(Programs.Patience);
        while (Count(vm) < atLeast) await Task.Delay(1, patience.Token);
    }
}
