using Doppel.RiscV.Hart;
using Doppel.Tests.Unit.Snapshot;

namespace Doppel.Tests.Unit.RiscV.Sbi;

/// <summary>SBI 2.0, chapter 11: the performance monitoring unit.</summary>
public sealed class PmuExtensionTests : IDisposable
{
    private const ulong Pmu = 0x504D55;
    private const ulong Cycles = 1, Instructions = 2, LoadMisses = 0x10019, Raw = 0x20000, Firmware = 0xf0000;
    private const ulong SkipMatch = 1, ClearValue = 2, AutoStart = 4, SetUinh = 1 << 5, SetSinh = 1 << 6, SetMinh = 1 << 7;
    private const long NotSupported = -2, InvalidParam = -3, AlreadyStarted = -7, AlreadyStopped = -8, NoShmem = -9;
    private const ulong Counters = 19, FirstFirmware = 11;
    private readonly SbiBench _sbi = new(3);

    public void Dispose() => _sbi.Dispose();

    [Fact]
    public void Counters_areToldWithTheirCsrs()
    {
        Assert.Equal((0, Counters), _sbi.Call(0, Pmu, 0));
        for (ulong counter = 0; counter < Counters; counter++)
        {
            (long, ulong) expected = counter switch
            {
                1 => (InvalidParam, 0UL),
                < FirstFirmware => (0, 0xc00 + counter | 63 << 12),
                _ => (0, 1UL << 63 | 63 << 12),
            };
            Assert.Equal(expected, _sbi.Call(0, Pmu, 1, counter));
        }

        Assert.Equal(InvalidParam, _sbi.Call(0, Pmu, 1, Counters).Error);
        Assert.Equal(InvalidParam, _sbi.Call(0, Pmu, 1, ulong.MaxValue).Error);
    }

    [Fact]
    public void Configure_givesAFreeCounterOfTheSet()
    {
        Assert.Equal((0, 3UL), Configure(Instructions));
        Assert.Equal((0, 4UL), Configure(Cycles, flags: SetUinh | SetSinh | SetMinh));
        Assert.Equal((0, 9UL), Configure(LoadMisses, 9, 0b11));
        Assert.Equal((0, 5UL), Configure(Raw, data: Instructions));
        Assert.Equal((0, FirstFirmware), Configure(Firmware | 5));
        Assert.Equal([1UL << 63 | 2, 0xf000_0000_0000_0001, 1UL << 63 | 2], new[] { 0, 1, 2 }.Select(i => _sbi.Harts[0].ReadRegister(RiscVSlot.Mhpmevent + i)));

        // When the programmable ones are in use the fixed ones are left, which cannot leave out modes.
        for (int i = 0; i < 4; i++) Assert.Equal(0, Configure(LoadMisses).Error);
        Assert.Equal(NotSupported, Configure(LoadMisses).Error);
        Assert.Equal(NotSupported, Configure(Instructions, flags: SetUinh).Error);
        Assert.Equal((0, 2UL), Configure(Instructions));
        Assert.Equal(NotSupported, Configure(Instructions).Error);
        Assert.Equal((0, 0UL), Configure(Cycles));

        // One that is given back can be had again.
        Assert.Equal(AlreadyStopped, _sbi.Call(0, Pmu, 4, 7, 1, 1).Error);
        Assert.Equal((0, 7UL), Configure(Raw, data: LoadMisses));
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(3UL)]
    [InlineData(10UL)]
    [InlineData(0x10018UL)]
    [InlineData(0x10001UL)]
    [InlineData(Raw)]
    [InlineData(Raw | 1)]
    [InlineData(0x30001UL)]
    [InlineData(Firmware | 0)]
    [InlineData(Firmware | 4)]
    [InlineData(Firmware | 14)]
    [InlineData(Firmware | 0xffff)]
    public void Configure_ofAnEventThatNobodyCounts_isNotSupported(ulong index) => Assert.Equal(NotSupported, Configure(index).Error);

    [Theory]
    [InlineData(19UL, 1UL, 0UL, Cycles)]
    [InlineData(0UL, 1UL << 19, 0UL, Cycles)]
    [InlineData(18UL, 3UL, 0UL, Cycles)]
    [InlineData(1UL, 1UL << 63, 0UL, Cycles)]
    [InlineData(ulong.MaxValue, 1UL, 0UL, Cycles)]
    [InlineData(1UL, 1UL, 0UL, Cycles)] // the counter that there is not
    [InlineData(0UL, 0UL, 0UL, Cycles)]
    [InlineData(0UL, 8UL, 0x100UL, Cycles)]
    [InlineData(0UL, 8UL, 0UL, 1UL << 20)]
    public void Configure_ofWhatDoesNotExist_isInvalid(ulong start, ulong mask, ulong flags, ulong index) =>
        Assert.Equal(InvalidParam, _sbi.Call(0, Pmu, 2, start, mask, flags, index).Error);

    [Fact]
    public void Start_andStop_tellWhatWasSoAlready()
    {
        Configure(Instructions);
        Assert.Equal(0, _sbi.Call(0, Pmu, 3, 3, 1, 1, 1000).Error);
        Assert.Equal(AlreadyStarted, _sbi.Call(0, Pmu, 3, 3, 1, 1, 1).Error);
        Assert.Equal(0, _sbi.Call(0, Pmu, 4, 3, 1, 0).Error);
        Assert.Equal(AlreadyStopped, _sbi.Call(0, Pmu, 4, 3, 1, 1).Error);

        // The rest of a set is served all the same. Cycle and instret run since the boot.
        Assert.Equal(AlreadyStopped, _sbi.Call(0, Pmu, 4, 0, 0b1111, 0).Error);
        Assert.Equal(0x7fdUL, _sbi.Harts[0].ReadRegister(RiscVSlot.Mcountinhibit));
        Assert.Equal(InvalidParam, _sbi.Call(0, Pmu, 3, FirstFirmware, 1, 0).Error);
        Assert.Equal(InvalidParam, _sbi.Call(0, Pmu, 3, 3, 1, 4).Error);
        Assert.Equal(InvalidParam, _sbi.Call(0, Pmu, 4, 3, 1, 4).Error);
    }

    [Fact]
    public void Snapshots_areNotOffered()
    {
        Assert.Equal(NotSupported, _sbi.Call(0, Pmu, 7, SbiBench.Ram, 0, 0).Error);
        Assert.Equal(NoShmem, _sbi.Call(0, Pmu, 3, 3, 1, 2).Error);
        Assert.Equal(NoShmem, _sbi.Call(0, Pmu, 4, 3, 1, 2).Error);
    }

    [Fact]
    public void Kernel_countsItsInstructionsAndIsInterrupted()
    {
        // Counts from the value -40 on, in S-mode, and notes where it is interrupted and what is in the counter then.
        _sbi.Load("""
            li a7, 0x504D55; li a6, 2; li a0, 3; li a1, 1; li a2, 0xa0; li a3, 2; li a4, 0; ecall
            la t0, handler; csrw stvec, t0; li t0, 0x2000; csrw sie, t0; csrsi sstatus, 2
            li a6, 3; li a0, 3; li a1, 1; li a2, 1; li a3, -40; ecall
            loop: addi s0, s0, 1; j loop
            .align 4
            handler: csrr s1, hpmcounter3; csrr s2, sepc; csrr s3, scountovf; csrw sie, zero
            li a6, 4; li a0, 3; li a1, 1; li a2, 1; ecall; csrr s4, hpmcounter3; csrr s5, hpmcounter3; stay: wfi; j stay
            """);
        _sbi.Harts[0].Run(1000);
        RiscVHart hart = _sbi.Harts[0];
        Assert.Equal(20UL, hart.ReadRegister(8));
        Assert.Equal((0UL, 8UL), (hart.ReadRegister(9), hart.ReadRegister(19)));
        Assert.Equal(hart.ReadRegister(20), hart.ReadRegister(21));
        Assert.Equal(0UL, hart.ReadRegister(RiscVSlot.Mhpmevent));
    }

    [Fact]
    public void FirmwareCounters_countWhatTheyAreStartedFor()
    {
        foreach (ulong code in (ulong[])[5, 6, 8, 10, 12]) Assert.Equal(0, Configure(Firmware | code, flags: ClearValue | AutoStart).Error);
        Assert.Equal((0, FirstFirmware), Configure(Firmware | 7, flags: AutoStart, hart: 1));
        _sbi.Call(0, 0x54494D45, 0, 1000);
        _sbi.Call(0, 0, 0, 1000);
        _sbi.Call(0, 0x735049, 0, 0b110, 0);
        _sbi.Call(0, 0x735049, 0, 0b011, 0);
        _sbi.Call(0, 0x52464E43, 0, 0, ulong.MaxValue);
        _sbi.Call(0, 0x52464E43, 1, 0b010, 0, 0, ulong.MaxValue);
        _sbi.Call(0, 0x52464E43, 2, 0b101, 0, 0, 4096, 1);

        Assert.Equal([2UL, 3UL, 2UL, 1UL, 1UL], new ulong[] { 0, 1, 2, 3, 4 }.Select(i => Read(0, FirstFirmware + i)));
        Assert.Equal(2UL, Read(1, FirstFirmware));
        Assert.Equal((0, 0UL), _sbi.Call(0, Pmu, 6, FirstFirmware));

        // What stands does not count, and goes on from the value that it is given.
        Assert.Equal(0, _sbi.Call(0, Pmu, 4, FirstFirmware, 1, 0).Error);
        _sbi.Call(0, 0x54494D45, 0, 1000);
        Assert.Equal(2UL, Read(0, FirstFirmware));
        Assert.Equal(0, _sbi.Call(0, Pmu, 3, FirstFirmware, 1, 1, 100).Error);
        _sbi.Call(0, 0x54494D45, 0, 1000);
        Assert.Equal(101UL, Read(0, FirstFirmware));
        Assert.Equal((InvalidParam, InvalidParam), (_sbi.Call(0, Pmu, 5, 3).Error, _sbi.Call(0, Pmu, 6, Counters).Error));
    }

    [Fact]
    public void SkipMatch_takesTheFirstCounterAsItIs()
    {
        Assert.Equal((0, 2UL), Configure(Instructions, 2, 1, SkipMatch | ClearValue));
        Assert.Equal((0, 5UL), Configure(Instructions, 5, 1, SkipMatch));
        Assert.Equal(0UL, _sbi.Harts[0].ReadRegister(RiscVSlot.Mhpmevent + 2));
    }

    [Fact]
    public void State_isPartOfTheHarts()
    {
        Configure(Instructions, flags: AutoStart);
        Configure(Firmware | 5, flags: AutoStart);
        _sbi.Call(0, 0x54494D45, 0, 1000);
        byte[] saved = SnapshotContract.Save(_sbi.Harts[0]);
        using var other = new SbiBench(3);
        SnapshotContract.Load(other.Harts[0], saved);
        other.Call(0, 0x54494D45, 0, 1000);
        Assert.Equal((0, 2UL), other.Call(0, Pmu, 5, FirstFirmware));
        Assert.Equal(AlreadyStarted, other.Call(0, Pmu, 3, 3, 1, 0).Error);

        // One that says that a counter counts what does not exist.
        other.Harts[0].WriteRegister(RiscVSlot.FirmwareEvent, ulong.MaxValue);
        Assert.Equal(0, other.Call(0, Pmu, 5, FirstFirmware).Error);
    }

    private (long Error, ulong Value) Configure(ulong index, ulong start = 0, ulong mask = (1UL << 19) - 1, ulong flags = 0, ulong data = 0, int hart = 0) =>
        _sbi.Call(hart, Pmu, 2, start, mask, flags, index, data);

    private ulong Read(int hart, ulong counter)
    {
        (long error, ulong value) = _sbi.Call(hart, Pmu, 5, counter);
        Assert.Equal(0, error);
        return value;
    }
}
