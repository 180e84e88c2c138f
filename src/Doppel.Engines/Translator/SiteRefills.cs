using System.Diagnostics;
using Doppel.CodeGen;
using Doppel.Core.Vcpu;

namespace Doppel.Engines.Translator;

/// <summary>
/// How often the accesses of one vCPU find another page than the one that they remember. Seldom, as a rule; code whose accesses go to and fro between pages is better off without
/// remembering, and is found by looking who it was each time that many have done so within a short time.
/// </summary>
internal sealed class SiteRefills
{
    private const int Sample = 1 << 16;

    private readonly CpuState _state;
    private readonly int _frame;
    private readonly double _limit;
    private long _began;

    /// <param name="frame">The slot that is number 0 of <see cref="FrameSlot"/>.</param>
    /// <param name="nanoseconds">If the mean time between two is less, code has to do without; 0 for never.</param>
    public SiteRefills(CpuState state, int frame, int nanoseconds)
    {
        _state = state;
        _frame = frame;
        _limit = (double)Sample * nanoseconds;
        Begin();
    }

    /// <summary>Whether there were many in too short a time, and an address in the code of the last.</summary>
    public bool Look(out nint refiller)
    {
        refiller = (nint)_state.At(_frame + FrameSlot.Refiller);
        if (refiller == 0) return false;
        bool tooOften = Stopwatch.GetElapsedTime(_began).TotalNanoseconds < _limit;
        Begin();
        return tooOften;
    }

    private void Begin()
    {
        _state.At(_frame + FrameSlot.Refiller) = 0;
        _state.At(_frame + FrameSlot.Refills) = _limit == 0 ? long.MaxValue : (ulong)Sample;
        _began = Stopwatch.GetTimestamp();
    }
}
