using System.Text;
using Doppel.Core.Bus;
using Doppel.Core.Memory;
using Doppel.Core.Trace;
using Doppel.Core.Vcpu;
using Doppel.RiscV.Hart;
using Doppel.Tests.Unit.Doubles;
using Doppel.Tests.Unit.Snapshot;

namespace Doppel.Tests.Unit.RiscV.Sbi;

public sealed class SupervisorFirmwareTests : IDisposable
{
    private const ulong Base = 0x10;
    private const ulong Time = 0x54494D45;
    private const ulong Ipi = 0x735049;
    private const ulong Rfence = 0x52464E43;
    private const ulong Hsm = 0x48534D;
    private const ulong Reset = 0x53525354;
    private const ulong Console = 0x4442434E;
    private const long NotSupported = -2;
    private const long InvalidParam = -3;
    private const long InvalidAddress = -5;
    private const long AlreadyAvailable = -6;
    private const ulong Started = 0;
    private const ulong Stopped = 1;
    private const ulong StartPending = 2;
    private const ulong Suspended = 4;
    private readonly SbiBench _sbi = new(3);

    public void Dispose() => _sbi.Dispose();

    [Fact]
    public void Boot_startsTheFirstHartOnly()
    {
        RiscVHart first = _sbi.Harts[0];
        Assert.Equal((SbiBench.Ram, 0UL, SbiBench.Ram + 0x8000, (ulong)PrivilegeMode.Supervisor), (first.ReadRegister(RiscVSlot.Pc), first.ReadRegister(10), first.ReadRegister(11), first.ReadRegister(RiscVSlot.Mode)));
        Assert.Equal([Started, Stopped, Stopped], Enumerable.Range(0, 3).Select(i => Status(i)));
        Assert.Equal(StopReason.Halted, _sbi.Harts[1].Run(10));
    }

    [Fact]
    public void Base_tellsVersionAndExtensions()
    {
        Assert.Equal((0, 2UL << 24), _sbi.Call(0, Base, 0));
        foreach (ulong extension in (ulong[])[0, 1, 2, 3, 4, 5, 6, 7, 8, Base, Time, Ipi, Rfence, Hsm, Reset, Console, 0x504D55]) Assert.Equal((0, 1UL), _sbi.Call(0, Base, 3, extension));
        // SUSP, CPPC, NACL, STA, a reserved legacy number, and one that is no 32-bit number.
        foreach (ulong extension in (ulong[])[0x53555350, 0x43505043, 0x4E41434C, 0x535441, 9, 1UL << 32 | Base]) Assert.Equal((0, 0UL), _sbi.Call(0, Base, 3, extension));
        foreach (ulong function in (ulong[])[4, 5, 6]) Assert.Equal((0, 0UL), _sbi.Call(0, Base, function));
    }

    [Theory]
    [InlineData(0x53555350, 0)]
    [InlineData(9, 0)]
    [InlineData(Base, 7)]
    [InlineData(Time, 1)]
    [InlineData(Ipi, 1)]
    [InlineData(Rfence, 3)]
    [InlineData(Rfence, 6)]
    [InlineData(Hsm, 4)]
    [InlineData(Reset, 1)]
    [InlineData(Console, 3)]
    [InlineData(Console, 1UL << 32)]
    public void Unknown_calls_areNotSupported(ulong extension, ulong function) => Assert.Equal(NotSupported, _sbi.Call(0, extension, function).Error);

    [Fact]
    public void Call_leavesOtherRegistersAlone()
    {
        RiscVHart hart = _sbi.Harts[0];
        for (int i = 1; i < 32; i++) hart.WriteRegister(i, (ulong)(1000 + i));

        _sbi.Call(0, Base, 0, 12, 13, 14);

        Assert.All(Enumerable.Range(1, 31).Where(i => i is not (>= 10 and <= 17)), i => Assert.Equal((ulong)(1000 + i), hart.ReadRegister(i)));
        Assert.Equal((14UL, 0UL, Base), (hart.ReadRegister(12), hart.ReadRegister(16), hart.ReadRegister(17)));
    }

    [Theory]
    [InlineData(Time)]
    [InlineData(0UL)]
    public void SetTimer_interruptsWhenItIsTime(ulong extension)
    {
        Assert.Equal(0, _sbi.Call(0, extension, 0, 1000).Error);
        Assert.False(_sbi.Pending(0, InterruptNumber.SupervisorTimer));

        _sbi.ManualClock.Advance(1000 * 100);
        _sbi.Load("loop: j loop");
        _sbi.Harts[0].Run(3);
        Assert.True(_sbi.Pending(0, InterruptNumber.SupervisorTimer));

        // A time to come clears the interrupt, also one that never comes.
        _sbi.Call(0, extension, 0, ulong.MaxValue);
        Assert.False(_sbi.Pending(0, InterruptNumber.SupervisorTimer));
    }

    [Theory]
    [InlineData(0b101UL, 0UL, new[] { true, false, true })]
    [InlineData(0b11UL, 1UL, new[] { false, true, true })]
    [InlineData(0UL, 77UL, new[] { false, false, false })]
    [InlineData(0b1UL, ulong.MaxValue, new[] { true, true, true })]
    public void Ipi_reachesTheHartsOfTheMask(ulong mask, ulong maskBase, bool[] expected)
    {
        Assert.Equal(0, _sbi.Call(0, Ipi, 0, mask, maskBase).Error);

        Assert.Equal(expected, Enumerable.Range(0, 3).Select(i => _sbi.Pending(i, InterruptNumber.SupervisorSoftware)));
    }

    [Theory]
    [InlineData(0b1000UL, 0UL)]
    [InlineData(0b100UL, 1UL)]
    [InlineData(0b1UL, 3UL)]
    [InlineData(0b1UL, 64UL)]
    [InlineData(1UL << 63, 1UL)]
    [InlineData(0b1UL, 1UL << 32)]
    public void Masks_withHartsThatDoNotExist_areInvalid(ulong mask, ulong maskBase)
    {
        Assert.Equal(InvalidParam, _sbi.Call(0, Ipi, 0, mask, maskBase).Error);
        Assert.Equal(InvalidParam, _sbi.Call(0, Rfence, 0, mask, maskBase).Error);
        Assert.False(_sbi.Pending(0, InterruptNumber.SupervisorSoftware));
    }

    [Fact]
    public void LegacyIpi_readsItsMaskFromMemory_andCanBeCleared()
    {
        _sbi.Memory.TryWriteUInt64(SbiBench.Ram + 0x100, 0b110);

        Assert.Equal(0, _sbi.Call(0, 4, 0, SbiBench.Ram + 0x100).Error);
        Assert.Equal([false, true, true], Enumerable.Range(0, 3).Select(i => _sbi.Pending(i, InterruptNumber.SupervisorSoftware)));
        Assert.Equal(1, _sbi.Call(1, 3, 0).Error);
        Assert.Equal(0, _sbi.Call(1, 3, 0).Error);
        Assert.False(_sbi.Pending(1, InterruptNumber.SupervisorSoftware));

        // Null means everybody; a mask that cannot be read is an error and leaves no trap behind.
        Assert.Equal(0, _sbi.Call(0, 4, 0, 0).Error);
        Assert.True(_sbi.Pending(0, InterruptNumber.SupervisorSoftware));
        Assert.Equal(InvalidAddress, _sbi.Call(0, 4, 0, 0x1234_5678_0000).Error);
        _sbi.Load("li a0, 5; loop: j loop");
        _sbi.Harts[2].WriteRegister(RiscVSlot.Mie, 0);
        _sbi.Harts[0].Run(2);
        Assert.Equal(5UL, _sbi.Harts[0].ReadRegister(10));
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL)]
    [InlineData(2UL)]
    public void Fence_ofHartsThatDoNotRun_comesBack(ulong function) => Assert.Equal(0, _sbi.Call(0, Rfence, function, 0, ulong.MaxValue, 0, 0x1000, 1).Error);

    [Fact]
    public void HartStart_entersSupervisorModeWithItsArguments()
    {
        _sbi.Load("loop: j loop");
        _sbi.Harts[1].WriteRegister(RiscVSlot.Satp, 0);

        Assert.Equal(0, _sbi.Call(0, Hsm, 0, 1, SbiBench.Ram, 4711).Error);
        Assert.Equal(StartPending, Status(1));
        Assert.Equal(AlreadyAvailable, _sbi.Call(0, Hsm, 0, 1, SbiBench.Ram, 1).Error);

        Assert.Equal(StopReason.Budget, _sbi.Harts[1].Run(1));
        RiscVHart hart = _sbi.Harts[1];
        Assert.Equal((SbiBench.Ram, 1UL, 4711UL, (ulong)PrivilegeMode.Supervisor), (hart.ReadRegister(RiscVSlot.Pc), hart.ReadRegister(10), hart.ReadRegister(11), hart.ReadRegister(RiscVSlot.Mode)));
        Assert.Equal(Started, Status(1));
        Assert.Equal(AlreadyAvailable, _sbi.Call(0, Hsm, 0, 1, SbiBench.Ram, 1).Error);
    }

    [Theory]
    [InlineData(0UL, SbiBench.Ram, AlreadyAvailable)]
    [InlineData(3UL, SbiBench.Ram, InvalidParam)]
    [InlineData(ulong.MaxValue, SbiBench.Ram, InvalidParam)]
    [InlineData(1UL, 0x1000UL, InvalidAddress)]
    [InlineData(1UL, SbiBench.Ram + 1, InvalidAddress)]
    [InlineData(1UL, SbiBench.Ram + SbiBench.RamLength, InvalidAddress)]
    public void HartStart_thatIsNotPossible_saysWhy(ulong hart, ulong address, long error)
    {
        Assert.Equal(error, _sbi.Call(0, Hsm, 0, hart, address, 0).Error);
        Assert.Equal(Stopped, Status(1));
    }

    [Fact]
    public void HartStop_andStartAgain()
    {
        _sbi.Load("li a7, 0x48534D; li a6, 1; ecall; loop: j loop");

        Assert.Equal(StopReason.Halted, _sbi.Harts[0].Run(1000));
        Assert.Equal(Stopped, Status(0));
        Assert.Equal(0, _sbi.Call(1, Hsm, 0, 0, SbiBench.Ram, 0).Error);
        Assert.Equal(StopReason.Halted, _sbi.Harts[0].Run(1000));
        Assert.Equal(InvalidParam, _sbi.Call(1, Hsm, 2, 3).Error);
    }

    [Fact]
    public void RetentiveSuspend_goesOnAfterAnInterrupt()
    {
        _sbi.Load("li t0, 2; csrw sie, t0; li a7, 0x48534D; li a6, 3; li a0, 0; ecall; li s0, 9; loop: j loop");

        Assert.Equal(StopReason.Halted, _sbi.Harts[0].Run(1000));
        Assert.Equal(Suspended, Status(0));
        Assert.Equal(0UL, _sbi.Harts[0].ReadRegister(8));
        _sbi.Harts[0].RaiseSoftwareInterrupt();
        Assert.Equal(StopReason.Budget, _sbi.Harts[0].Run(5));
        Assert.Equal((9UL, 0UL), (_sbi.Harts[0].ReadRegister(8), _sbi.Harts[0].ReadRegister(10)));
        Assert.Equal(Started, Status(0));
    }

    [Fact]
    public void NonRetentiveSuspend_goesOnElsewhere()
    {
        _sbi.Load("""
            li t0, 2; csrw sie, t0; csrw sstatus, t0
            li a7, 0x48534D; li a6, 3; li a0, 0x80000000; la a1, resume; li a2, 77; ecall
            loop: j loop
            resume: csrr s0, sstatus; end: j end
            """);

        Assert.Equal(StopReason.Halted, _sbi.Harts[0].Run(1000));
        _sbi.Harts[0].RaiseSoftwareInterrupt();
        Assert.Equal(StopReason.Budget, _sbi.Harts[0].Run(5));
        Assert.Equal((0UL, 77UL, 0UL), (_sbi.Harts[0].ReadRegister(10), _sbi.Harts[0].ReadRegister(11), _sbi.Harts[0].ReadRegister(8) & 2));
    }

    [Theory]
    [InlineData(1UL, SbiBench.Ram, InvalidParam)]
    [InlineData(0x8000_0001UL, SbiBench.Ram, InvalidParam)]
    [InlineData(0x8000_0000UL, 0UL, InvalidAddress)]
    public void Suspend_thatIsNotPossible_saysWhy(ulong type, ulong address, long error) => Assert.Equal(error, _sbi.Call(0, Hsm, 3, type, address, 0).Error);

    [Theory]
    [InlineData(0UL, 0UL, "off 0")]
    [InlineData(0UL, 1UL, "off 1")]
    [InlineData(1UL, 0UL, "reset")]
    [InlineData(2UL, 1UL, "reset")]
    public void SystemReset_tellsTheMachine_andDoesNotReturn(ulong type, ulong reason, string request)
    {
        _sbi.Load("loop: j loop");

        _sbi.Call(0, Reset, 0, type, reason);

        Assert.Equal([request], _sbi.Requests);
        Assert.Equal(StopReason.Halted, _sbi.Harts[0].Run(10));
    }

    [Theory]
    [InlineData(3UL, 0UL)]
    [InlineData(0xf000_0000UL, 0UL)]
    [InlineData(0UL, 2UL)]
    [InlineData(0UL, 0xe000_0000UL)]
    public void SystemReset_ofReservedKinds_isInvalid(ulong type, ulong reason)
    {
        Assert.Equal(InvalidParam, _sbi.Call(0, Reset, 0, type, reason).Error);
        Assert.Empty(_sbi.Requests);
    }

    [Fact]
    public void LegacyShutdown_switchesOff()
    {
        _sbi.Call(0, 8, 0);

        Assert.Equal(["off 0"], _sbi.Requests);
    }

    [Fact]
    public void DebugConsole_writesAndReadsMemory()
    {
        _sbi.Memory.TryWrite(SbiBench.Ram, "hello"u8);

        Assert.Equal((0, 5UL), _sbi.Call(0, Console, 0, 5, SbiBench.Ram, 0));
        Assert.Equal((0, 0UL), _sbi.Call(0, Console, 2, 0x121));
        Assert.Equal("hello!", _sbi.Script.Output);
        Assert.Equal((0, 0UL), _sbi.Call(0, Console, 1, 5, SbiBench.Ram, 0));
        _sbi.Script.Type("xyz");
        Assert.Equal((0, 2UL), _sbi.Call(0, Console, 1, 2, SbiBench.Ram, 0));
        byte[] read = new byte[5];
        _sbi.Memory.TryRead(SbiBench.Ram, read);
        Assert.Equal("xyllo", Encoding.ASCII.GetString(read));
    }

    [Theory]
    [InlineData(1UL, 0x1000UL, 0UL)]
    [InlineData(1UL, SbiBench.Ram, 1UL)]
    [InlineData(2UL, SbiBench.Ram + SbiBench.RamLength - 1, 0UL)]
    [InlineData(ulong.MaxValue, SbiBench.Ram, 0UL)]
    public void DebugConsole_reachesRamOnly(ulong count, ulong low, ulong high)
    {
        _sbi.Script.Type("secret");

        Assert.Equal(InvalidParam, _sbi.Call(0, Console, 0, count, low, high).Error);
        Assert.Equal(InvalidParam, _sbi.Call(0, Console, 1, count, low, high).Error);
        Assert.Equal("", _sbi.Script.Output);
        Assert.Equal(6, _sbi.Script.Waiting);
    }

    [Fact]
    public void LegacyConsole_writesAndReadsCharacters()
    {
        _sbi.Call(0, 1, 0, 'A');
        Assert.Equal("A", _sbi.Script.Output);
        Assert.Equal(-1, _sbi.Call(0, 2, 0).Error);
        _sbi.Script.Type("q");
        Assert.Equal('q', _sbi.Call(0, 2, 0).Error);
    }

    [Fact]
    public void Start_thatIsPending_isSaved()
    {
        using var memory = new GuestMemory();
        memory.AddRegion("ram", SbiBench.Ram, SbiBench.RamLength);
        SnapshotContract.Check(
            () => new RiscVHart(1, new HartConfig(), memory, new SystemBus(NoTrace.Instance), new ManualClock(), NoTrace.Instance),
            hart => hart.StartSupervisor(SbiBench.Ram, 5));
    }

    private ulong Status(int hart)
    {
        // Asked by a hart that is not the one asked about, since the answer overwrites a0 and a1.
        RiscVHart asking = _sbi.Harts[hart == 2 ? 1 : 2];
        ulong a0 = asking.ReadRegister(10), a1 = asking.ReadRegister(11);
        (long error, ulong value) = _sbi.Call(asking.Id, Hsm, 2, (ulong)hart);
        asking.WriteRegister(10, a0);
        asking.WriteRegister(11, a1);
        Assert.Equal(0, error);
        return value;
    }
}
