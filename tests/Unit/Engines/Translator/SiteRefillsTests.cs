using Doppel.CodeGen;
using Doppel.Core.Vcpu;
using Doppel.Engines.Translator;

namespace Doppel.Tests.Unit.Engines.Translator;

public sealed class SiteRefillsTests
{
    private const int Often = 10;
    private const int Ambiguous = 100;
    private const int Seldom = 400;
    private const ulong Worthy = 500;

    private readonly CpuState _state = new(64);
    private readonly Clock _clock = new();
    private readonly SiteRefills _refills;

    public SiteRefillsTests() => _refills = new SiteRefills(_state, 0, nanoseconds: 25, _clock);

    [Theory]
    [InlineData(Often, true, false)]
    [InlineData(Ambiguous, false, true)]
    [InlineData(Seldom, false, false)]
    public void Refills_areToldApart_byTheTimeBetweenThem(int nanoseconds, bool doWithout, bool trial)
    {
        Assert.Equal(doWithout, Sample(nanoseconds));
        Assert.Equal(trial, IsTrial);
    }

    [Theory]
    [InlineData(383, true)]
    [InlineData(384, false)]
    public void Trial_countsHits_andNamesWhomItBeganFor(int hits, bool doWithout)
    {
        Sample(Ambiguous, refiller: 0x1000, distance: 0x24);
        Assert.Equal(doWithout, End((ulong)hits, out SiteUser refiller));
        Assert.Equal(new SiteUser(0x1000, 0x24, HasPair: false), refiller);
        Assert.False(IsTrial);
    }

    [Fact]
    public void Trials_thatFindNothing_getRarer()
    {
        List<int> between = [];
        for (int trials = 0, samples = 0; trials < 9; samples++)
        {
            Sample(Ambiguous);
            if (!IsTrial) continue;
            End(Worthy, out _);
            between.Add(samples);
            trials++;
            samples = -1;
        }

        Assert.Equal([0, 1, 3, 7, 15, 31, 63, 63, 63], between);
    }

    [Fact]
    public void Trial_thatFindsSomething_isFollowedByTheNextAtOnce()
    {
        Sample(Ambiguous);
        End(Worthy, out _);
        Sample(Ambiguous);
        Sample(Ambiguous);
        Assert.True(End(0, out _));
        Sample(Ambiguous);
        Assert.True(IsTrial);
    }

    private bool IsTrial => _state.At(FrameSlot.SiteTrial) != 0;

    /// <summary>As many refills as make the code ask, in this mean time.</summary>
    private bool Sample(int nanoseconds, nint refiller = 0x2000, int distance = 0)
    {
        _clock.Now += (long)nanoseconds << 16;
        _state.At(FrameSlot.Refiller) = (ulong)refiller;
        _state.At(FrameSlot.RefillerDistance) = (ulong)distance;
        return _refills.Look(out _);
    }

    private bool End(ulong hits, out SiteUser refiller)
    {
        Assert.True(IsTrial);
        _state.At(FrameSlot.TrialHits) = hits;
        _state.At(FrameSlot.Refiller) = 0x3000;
        return _refills.Look(out refiller);
    }

    private sealed class Clock : TimeProvider
    {
        public long Now { get; set; }

        public override long TimestampFrequency => 1_000_000_000;

        public override long GetTimestamp() => Now;
    }
}
