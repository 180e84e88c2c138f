using Doppel.CodeGen;
using Doppel.Core.Vcpu;

namespace Doppel.Engines.Translator;

/// <summary>
/// How often the accesses of one vCPU find another page than the one that they remember. Seldom, as a rule; those that go to and fro between pages are better off without
/// remembering, and are found by looking who it was each time that many have done so within a short time.
/// </summary>
/// <remarks>
/// The time alone does not tell those whose accesses hardly ever find their page, and wait for the host's memory each time, from those that find it often in between. If it can be either, there is a trial: for some
/// hundred accesses no site is right, so that all can be counted. Each that finds nothing wrong makes the next one rarer.
/// </remarks>
internal sealed class SiteRefills
{
    private const int Sample = 1 << 16;

    /// <summary>Accesses that a trial counts: some 50 µs, as the engine does them one by one.</summary>
    private const int Trial = 1 << 9;

    /// <summary>With fewer hits than that for each access that finds another page, to look into the TLB each time costs less.</summary>
    private const int WorthHits = 3;

    /// <summary>So many times rarer than what is too often, filling sites takes less than a tenth of the time, and nobody looks who it is.</summary>
    private const int Ambiguous = 8;

    /// <summary>How many samples in a row pass without a trial at most, after those that found nothing.</summary>
    private const int MostTrust = 63;

    private readonly CpuState _state;
    private readonly int _frame;
    private readonly double _limit;
    private readonly TimeProvider _clock;
    private long _began;
    private SiteUser _suspect;

    // After a trial that found nothing, and how many of these samples are left.
    private int _trust;
    private int _trusted;

    /// <param name="frame">The slot that is number 0 of <see cref="FrameSlot"/>.</param>
    /// <param name="nanoseconds">If the mean time between two is less, code has to do without; 0 for never.</param>
    public SiteRefills(CpuState state, int frame, int nanoseconds, TimeProvider clock)
    {
        _state = state;
        _frame = frame;
        _limit = (double)Sample * nanoseconds;
        _clock = clock;
        Begin();
    }

    /// <summary>Whether there were many in too short a time, or for too few hits, and who was the last.</summary>
    public bool Look(out SiteUser refiller)
    {
        int distance = (int)Frame(FrameSlot.RefillerDistance);
        refiller = new SiteUser((nint)Frame(FrameSlot.Refiller), distance % FrameSlot.RefillerPair, distance >= FrameSlot.RefillerPair);
        if (refiller.Code == 0) return false;
        if (_suspect.Code != 0)
        {
            refiller = _suspect;
            bool isWorthLittle = Frame(FrameSlot.TrialHits) < (ulong)Trial * WorthHits / (WorthHits + 1);
            _trusted = _trust = isWorthLittle ? 0 : Math.Min((2 * _trust) + 1, MostTrust);
            Begin();
            return isWorthLittle;
        }

        double elapsed = _clock.GetElapsedTime(_began).TotalNanoseconds;
        bool tooOften = elapsed < _limit;
        bool isAmbiguous = !tooOften && elapsed < _limit * Ambiguous;
        if (isAmbiguous && --_trusted < 0) BeginTrial(refiller);
        else Begin();
        return tooOften;
    }

    private void Begin()
    {
        _suspect = default;
        Frame(FrameSlot.Refiller) = 0;
        Frame(FrameSlot.SiteTrial) = 0;
        Frame(FrameSlot.Refills) = _limit == 0 ? long.MaxValue : (ulong)Sample;
        _began = _clock.GetTimestamp();
    }

    private void BeginTrial(SiteUser suspect)
    {
        _suspect = suspect;
        Frame(FrameSlot.Refiller) = 0;
        Frame(FrameSlot.SiteTrial) = 1;
        Frame(FrameSlot.TrialHits) = 0;
        Frame(FrameSlot.Refills) = Trial;
    }

    private ref ulong Frame(int number) => ref _state.At(_frame + number);
}
