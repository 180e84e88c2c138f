using System.Buffers.Binary;
using Doppel.Core.Errors;
using Doppel.Machine;

namespace Doppel.Tests.Unit.Machine;

public sealed class SnapshotTests : IDisposable
{
    private readonly Programs _programs = new();

    public void Dispose() => _programs.Dispose();

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Auto)]
    public async Task Running_machine_goesOn_andCanBeSetBack(EngineKind engine)
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Counting) with { Engine = engine });
        vm.Start();
        await UntilCounted(vm, 1000);
        using VmSnapshot snapshot = await vm.SnapshotAsync();
        Assert.Equal(VmState.Running, vm.State);
        await vm.PauseAsync();
        ulong least = Count(vm);
        for (int round = 0; round < 20; round++)
        {
            await vm.ResumeAsync();
            await UntilCounted(vm, least + 100_000);
            await vm.PauseAsync();
            await vm.RestoreAsync(snapshot);
            Assert.Equal(VmState.Paused, vm.State);
            Assert.InRange(Count(vm), 1000UL, least);
        }
    }

    [Fact]
    public async Task Copies_andCopiesOfCopies_goTheirOwnWays()
    {
        var machines = new List<VirtualMachine> { _programs.Create(_programs.BareMetal(Programs.Counting)) };
        machines[0].Start();
        for (int i = 0; i < 6; i++)
        {
            await UntilCounted(machines[^1], 1000);
            using VmSnapshot snapshot = await machines[^1].SnapshotAsync();
            machines.Add(VirtualMachine.Create(snapshot, config: snapshot.Config with { Name = $"copy{i}" }));
            Assert.True(Count(machines[^1]) >= 1000);
            machines[^1].TryWriteMemory(Programs.Counter, new byte[8]);
            await machines[^1].ResumeAsync();
        }

        foreach (VirtualMachine vm in machines)
        {
            ulong count = Count(vm);
            await UntilCounted(vm, count + 1000);
            await vm.DisposeAsync();
        }
    }

    [Fact]
    public async Task Hundred_forks_ofARunningMachine_haveTheirOwnMemory()
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Sleeping));
        vm.Start();
        vm.TryWriteMemory(Programs.Counter, [255]);
        var forks = new List<VirtualMachine>();
        try
        {
            for (byte i = 0; i < 100; i++)
            {
                forks.Add(await vm.ForkAsync(name: $"fork{i}"));
                Assert.Equal((255UL, VmState.Running), (Count(forks[i]), forks[i].State));
                forks[i].TryWriteMemory(Programs.Counter, [i]);
            }

            Assert.Equal(Enumerable.Range(0, 100), forks.Select(f => (int)Count(f)));
            Assert.Equal(("fork99", 255UL), (forks[^1].Config.Name, Count(vm)));
            await forks[7].PauseAsync();
            await using VirtualMachine paused = await forks[7].ForkAsync();
            Assert.Equal((7UL, VmState.Paused), (Count(paused), paused.State));
        }
        finally
        {
            foreach (VirtualMachine fork in forks) await fork.DisposeAsync();
        }
    }

    [Fact]
    public async Task Copy_interpretsWhatItHardlyExecutes_andABootedMachineTranslatesIt()
    {
        Assert.SkipUnless(Doppel.Engines.Translator.CodeTranslator.IsSupported, "needs a host that can run generated code");
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Counting));
        vm.Start();
        await UntilCounted(vm, 1000);
        await using VirtualMachine copy = await vm.ForkAsync();
        await UntilCounted(copy, Count(copy) + 1000);

        Assert.Equal(0, Interpreted(vm));
        Assert.True(Interpreted(copy) > 0);

        static long Interpreted(VirtualMachine vm) => vm.Statistics.Single(s => s.Name == "translator.interpreted").Value;
    }

    [Fact]
    public async Task Fork_ofAMachineThatHasEnded_isRefused()
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Sleeping));
        vm.Start();
        await vm.StopAsync();
        Assert.Equal(ErrorKind.WrongState, (await Assert.ThrowsAsync<DoppelException>(() => vm.ForkAsync())).Kind);
    }

    [Fact]
    public async Task Snapshot_underOneEngine_goesOnUnderTheOther()
    {
        VmConfig config = _programs.BareMetal(Programs.Counting);
        EngineKind[] engines = [EngineKind.Interpreter, EngineKind.Auto, EngineKind.Interpreter];
        VirtualMachine vm = _programs.Create(config with { Engine = EngineKind.Auto });
        vm.Start();
        foreach (EngineKind engine in engines)
        {
            ulong count = Count(vm);
            await UntilCounted(vm, count + 1000);
            using VmSnapshot snapshot = await vm.SnapshotAsync();
            await vm.DisposeAsync();
            vm = VirtualMachine.Create(snapshot, config: config with { Engine = engine });
            Assert.True(Count(vm) >= count + 1000);
            await vm.ResumeAsync();
        }

        await UntilCounted(vm, Count(vm) + 1000);
        await vm.DisposeAsync();
    }

    [Fact]
    public async Task Copy_ofAMachine_boots_whenItIsReset()
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Counting));
        vm.Start();
        await UntilCounted(vm, 1000);
        using VmSnapshot snapshot = await vm.SnapshotAsync();
        await using VirtualMachine copy = VirtualMachine.Create(snapshot);
        await copy.ResetAsync();
        Assert.Equal(0UL, Count(copy));
        await copy.ResumeAsync();
        await UntilCounted(copy, 1);
        Assert.True(Count(vm) >= 1000);
    }

    [Fact]
    public async Task Disks_belongToTheState()
    {
        string path = _programs.File("disk.raw", new byte[1 << 20]);
        VmConfig config = _programs.BareMetal(Programs.Sleeping) with { Disks = [new DiskConfig(path)] };
        await using VirtualMachine vm = _programs.Create(config);
        vm.Start();
        using VmSnapshot snapshot = await vm.SnapshotAsync();
        await using VirtualMachine copy = VirtualMachine.Create(snapshot);
        await copy.RestoreAsync(snapshot);
        await vm.RestoreAsync(snapshot);
        Assert.Equal((VmState.Running, VmState.Paused), (vm.State, copy.State));
    }

    [Fact]
    public async Task Snapshot_ofAnotherKindOfMachine_isRefused_andNothingChanges()
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Counting));
        vm.Start();
        await UntilCounted(vm, 1000);
        string path = _programs.File("disk.raw", new byte[1 << 20]);
        VmConfig[] others =
        [
            vm.Config with { Cpus = 2 },
            vm.Config with { MemoryBytes = 64 << 20 },
            vm.Config with { VirtioConsole = false },
            vm.Config with { Disks = [new DiskConfig(path)] },
        ];
        foreach (VmConfig config in others)
        {
            await using VirtualMachine other = _programs.Create(config);
            using VmSnapshot snapshot = await other.SnapshotAsync();
            DoppelException refused = await Assert.ThrowsAsync<DoppelException>(() => vm.RestoreAsync(snapshot));
            Assert.Equal(ErrorKind.WrongState, refused.Kind);
            Assert.Equal(VmState.Running, vm.State);
            Assert.Throws<DoppelException>(() => VirtualMachine.Create(snapshot, config: vm.Config));
        }

        await UntilCounted(vm, Count(vm) + 1000);
    }

    [Fact]
    public async Task Machine_thatHasEnded_hasNoState()
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Counting));
        using VmSnapshot atPowerOn = await vm.SnapshotAsync();
        vm.Start();
        await vm.StopAsync();

        Assert.Equal(ErrorKind.WrongState, (await Assert.ThrowsAsync<DoppelException>(vm.SnapshotAsync)).Kind);
        Assert.Equal(ErrorKind.WrongState, (await Assert.ThrowsAsync<DoppelException>(() => vm.RestoreAsync(atPowerOn))).Kind);
        await using VirtualMachine copy = VirtualMachine.Create(atPowerOn);
        await copy.ResumeAsync();
        await UntilCounted(copy, 1);
    }

    private static ulong Count(VirtualMachine vm)
    {
        byte[] bytes = new byte[8];
        Assert.True(vm.TryReadMemory(Programs.Counter, bytes));
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private static async Task UntilCounted(VirtualMachine vm, ulong least)
    {
        using var limit = new CancellationTokenSource(Programs.Patience);
        while (Count(vm) < least) await Task.Delay(1, limit.Token);
    }
}
