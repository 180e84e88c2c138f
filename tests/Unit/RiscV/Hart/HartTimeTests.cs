using Doppel.Core.Bus;
using Doppel.Core.Clock;
using Doppel.Core.Memory;
using Doppel.Core.Trace;
using Doppel.Core.Vcpu;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa.Assembly;
using Doppel.Tests.Unit.Doubles;

namespace Doppel.Tests.Unit.RiscV.Hart;

/// <summary>The time CSR and stimecmp when somebody else, the interruptor, sets the time.</summary>
public sealed class HartTimeTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly TickCounter _time;
    private readonly GuestMemory _memory = new();
    private readonly RiscVHart _hart;

    public HartTimeTests()
    {
        _time = new TickCounter(_clock, HartConfig.TimebaseFrequency);
        _memory.AddRegion("ram", HartBench.Base, 1 << 20);
        _hart = new RiscVHart(0, new HartConfig(), _memory, new SystemBus(NoTrace.Instance), _clock, NoTrace.Instance, _time);
    }

    [Fact]
    public void Time_csr_follows_a_write_of_the_counter()
    {
        Program("rdtime a0; wfi");
        _clock.Advance(1_000);
        _time.Set(77_000);
        _clock.Advance(300);
        Assert.Equal(StopReason.Halted, _hart.Run(100));
        Assert.Equal(77_003UL, _hart.ReadRegister(10));
    }

    [Theory]
    [InlineData(0UL, 20UL)]
    [InlineData(995UL, 5UL)]
    [InlineData(2_000UL, 0UL)]
    public void Supervisor_timer_is_judged_anew_when_the_counter_is_written(ulong start, ulong ticksLeft)
    {
        // menvcfg.STCE, stimecmp, mie.STIE; the second wfi is passed when the interrupt is pending.
        Program("li t0, -1; slli t0, t0, 63; csrw menvcfg, t0; li t0, 1000; csrw stimecmp, t0; li t0, 0x20; csrw mie, t0; wfi; li a0, 1; wfi");
        Assert.Equal(StopReason.Halted, _hart.Run(100));
        _time.Set(start == 0 ? 980 : start);
        if (ticksLeft > 0)
        {
            _clock.Advance(100 * (long)ticksLeft - 1);
            Assert.Equal(StopReason.Halted, _hart.Run(100));
            Assert.NotEqual(1UL, _hart.ReadRegister(10));
            _clock.Advance(1);
        }

        _hart.Run(100);
        Assert.Equal(1UL, _hart.ReadRegister(10));
    }

    [Fact]
    public void Supervisor_timer_is_withdrawn_when_the_counter_goes_back()
    {
        Program("li t0, -1; slli t0, t0, 63; csrw menvcfg, t0; li t0, 10; csrw stimecmp, t0; wfi; csrr a0, mip; wfi");
        _clock.Advance(2_000);
        _hart.Run(100);
        Assert.Equal(0x20UL, _hart.ReadRegister(RiscVSlot.Lines) & 0x20);
        _time.Set(0);
        _hart.Run(100);
        Assert.Equal(0UL, _hart.ReadRegister(RiscVSlot.Lines) & 0x20);
    }

    public void Dispose()
    {
        _hart.Dispose();
        _memory.Dispose();
    }

    private void Program(string text) => Assert.True(_memory.TryWrite(HartBench.Base, Assembler.Assemble(text, HartBench.Base)));
}
