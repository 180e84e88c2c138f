using System.Buffers.Binary;
using Doppel.Core.Errors;
using Doppel.Machine;

namespace Doppel.Tests.Unit.Machine;

public sealed class LifecycleTests : IDisposable
{
    private const string PowerOffWith = "li t0, 0x100000; li t1, {0}; sw t1, 0(t0); loop: j loop";
    private readonly Programs _programs = new();

    public void Dispose() => _programs.Dispose();

    [Theory]
    [InlineData(0x5555, 0)]
    [InlineData(0x0007_3333, 7)]
    [InlineData(0x3333, 1)]
    public async Task Guest_thatSwitchesOff_givesItsCode(int value, int code)
    {
        VmExit exit = await _programs.RunAsync(_programs.BareMetal(string.Format(null, PowerOffWith, value)));

        Assert.Equal(new VmExit(VmExitReason.PowerOff, code), exit);
    }

    [Fact]
    public async Task Guest_thatResets_bootsAgainWithFreshMemory()
    {
        // Writes what it finds in memory (0 + 'A'), then changes that memory and resets.
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal("""
            li t0, 0x80001000; lw t1, 0(t0); addi t1, t1, 65
            li t2, 0x10000000; sb t1, 0(t2)
            sw t1, 0(t0)
            li t0, 0x100000; li t1, 0x7777; sw t1, 0(t0)
            loop: j loop
            """));
        vm.Start();

        await _programs.Serial.WaitForAsync("AAA", Programs.Patience);
        Assert.Equal(VmState.Running, vm.State);
    }

    [Fact]
    public async Task Guest_thatResets_endsWithoutReboot()
    {
        VmConfig config = _programs.BareMetal(string.Format(null, PowerOffWith, 0x7777)) with { NoReboot = true };

        Assert.Equal(VmExitReason.Reboot, (await _programs.RunAsync(config)).Reason);
    }

    [Fact]
    public async Task Reset_byTheHost_startsAnew()
    {
        int restarts = 0;
        await using VirtualMachine vm = VirtualMachine.Create(_programs.BareMetal(Programs.Counting), new VmHost { Restarted = () => restarts++ });
        vm.Start();
        await UntilCounted(vm, 1000);
        await vm.PauseAsync();

        await vm.ResetAsync();

        Assert.Equal(1, restarts);
        Assert.Equal(VmState.Paused, vm.State);
        Assert.Equal(0UL, Count(vm));
        await vm.ResumeAsync();
        await UntilCounted(vm, 1);
    }

    [Fact]
    public async Task Paused_machine_standsStill()
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Counting) with { Cpus = 2 });
        vm.Start();
        await UntilCounted(vm, 1);

        await vm.PauseAsync();
        ulong paused = Count(vm);
        ulong retired = vm.Vcpus[1].InstructionsRetired;
        await Task.Delay(20);

        Assert.Equal(VmState.Paused, vm.State);
        Assert.Equal(paused, Count(vm));
        Assert.Equal(retired, vm.Vcpus[1].InstructionsRetired);
        await vm.ResumeAsync();
        await UntilCounted(vm, paused + 1);
    }

    [Fact]
    public async Task Stop_whileTheGuestSleeps_ends()
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Sleeping) with { Cpus = 4 });
        vm.Start();

        await vm.StopAsync().WaitAsync(Programs.Patience);

        Assert.Equal(VmState.Stopped, vm.State);
        Assert.Equal(new VmExit(VmExitReason.Stopped, 0), await vm.WaitForExitAsync());
    }

    [Fact]
    public async Task Changes_inTheSameDirection_areHarmless()
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Counting));
        vm.Start();
        await vm.ResumeAsync();
        await vm.PauseAsync();
        await vm.PauseAsync();
        await vm.StopAsync();
        await vm.StopAsync();
        await vm.DisposeAsync();
        await vm.DisposeAsync();

        Assert.Equal(VmState.Stopped, vm.State);
        Assert.False(vm.TryReadMemory(Programs.Ram, new byte[1]));
    }

    [Fact]
    public async Task Changes_thatAreNotPossible_areWrongState()
    {
        VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Counting));
        await AssertWrongState(vm.PauseAsync);
        await AssertWrongState(vm.ResumeAsync);
        await AssertWrongState(vm.ResetAsync);
        vm.Start();
        Assert.Equal(ErrorKind.WrongState, Assert.Throws<DoppelException>(vm.Start).Kind);
        await vm.DisposeAsync();
        await AssertWrongState(vm.PauseAsync);
        await AssertWrongState(vm.ResumeAsync);
        await AssertWrongState(vm.ResetAsync);
        Assert.Throws<DoppelException>(vm.Start);
    }

    [Theory]
    [InlineData(VmState.Created)]
    [InlineData(VmState.Running)]
    [InlineData(VmState.Paused)]
    [InlineData(VmState.Stopped)]
    public async Task Dispose_inAnyState_ends(VmState state)
    {
        VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Counting) with { Cpus = 2 });
        if (state != VmState.Created) vm.Start();
        if (state == VmState.Paused) await vm.PauseAsync();
        if (state == VmState.Stopped) await vm.StopAsync();
        Assert.Equal(state, vm.State);

        await Task.WhenAll(vm.DisposeAsync().AsTask(), vm.DisposeAsync().AsTask()).WaitAsync(Programs.Patience);

        Assert.Equal(VmExitReason.Stopped, (await vm.WaitForExitAsync()).Reason);
    }

    [Fact]
    public async Task Changes_fromManyThreads_neverHang()
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Counting) with { Cpus = 2 });
        vm.Start();

        async Task Shake(int seed)
        {
            var random = new Random(seed);
            for (int i = 0; i < 20; i++)
            {
                await (random.Next(3) switch { 0 => vm.PauseAsync(), 1 => vm.ResumeAsync(), _ => vm.ResetAsync() });
            }
        }

        await Task.WhenAll(Enumerable.Range(0, 4).Select(seed => Task.Run(() => Shake(seed)))).WaitAsync(Programs.Patience);
        await vm.ResumeAsync();
        await UntilCounted(vm, 1);
    }

    [Fact]
    public async Task WaitForExit_canBeGivenUp()
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Sleeping));
        vm.Start();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => vm.WaitForExitAsync(new CancellationToken(canceled: true)));
        Assert.Equal(VmState.Running, vm.State);
    }

    [Fact]
    public async Task Registers_andMemory_canBeReadAndWritten()
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Counting));

        // Before the start the machine is loaded already: pc is register 64.
        Assert.Equal(Programs.Ram, vm.Vcpus[0].ReadRegister(64));
        Assert.Equal("pc", vm.Vcpus[0].RegisterName(64));
        Assert.True(vm.TryWriteMemory(Programs.Counter, [0, 0, 0, 0, 0, 1]));
        Assert.False(vm.TryWriteMemory(0x1000_0000, [1]));
        vm.Start();
        await UntilCounted(vm, (1UL << 40) + 1);
    }

    [Fact]
    public async Task Snapshot_ofARunningMachine_goesOnInAnother()
    {
        // Counts to a number that only both together reach soon, then reports a register that was set before.
        VmConfig config = _programs.BareMetal("""
            li t0, 0x80001000; li t3, 0x00053333; li t4, 0x100000
            loop: ld t1, 0(t0); addi t1, t1, 1; sd t1, 0(t0)
            ld t2, 8(t0); beqz t2, loop
            sw t3, 0(t4)
            end: j end
            """);
        VmSnapshot snapshot;
        await using (VirtualMachine first = _programs.Create(config))
        {
            first.Start();
            await UntilCounted(first, 1000);
            snapshot = await first.SnapshotAsync();
        }

        using VmSnapshot kept = snapshot;
        await using VirtualMachine second = VirtualMachine.Create(snapshot);
        using VmSnapshot again = await second.SnapshotAsync();
        Assert.Equal(snapshot.Parts.Select(p => p.Name), again.Parts.Select(p => p.Name));
        // It has another generation ID, and an interrupt that says so.
        Assert.Equal(["vmgenid", "plic"], snapshot.Parts.Zip(again.Parts).Where(pair => !pair.First.State.SequenceEqual(pair.Second.State)).Select(pair => pair.First.Name));
        Assert.True(Count(second) >= 1000);

        second.TryWriteMemory(Programs.Counter + 8, [1]);
        await second.ResumeAsync();
        Assert.Equal(5, (await second.WaitForExitAsync().WaitAsync(Programs.Patience)).ExitCode);
    }

    [Fact]
    public async Task Parts_haveDifferentNames()
    {
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Counting) with { Cpus = 2 });

        string[] names = [.. vm.Parts.Select(p => p.SnapshotName)];
        Assert.Equal(names.Distinct(), names);
        Assert.Superset(new HashSet<string> { "clock", "cpu0", "cpu1", "plic", "clint", "uart", "rtc", "test", "vmgenid" }, names.ToHashSet());
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

    private static async Task AssertWrongState(Func<Task> change) => Assert.Equal(ErrorKind.WrongState, (await Assert.ThrowsAsync<DoppelException>(change)).Kind);
}
