using System.Globalization;
using System.Numerics;

namespace Doppel.Core.Trace;

/// <summary>
/// A number that two runs have in common only if they have gone the same way: over everything that processors report at their traps, in order. Not safe for several threads at a time, and no
/// protection against anybody who wants two runs to look alike.
/// </summary>
/// <remarks>
/// Begins with 0x6a09e667f3bcc908, the fraction of the square root of 2; each word w makes h = rotl((h xor w) × 0x9e3779b97f4a7c15, 29), so that the order of words matters, and each step can be undone: what once differs stays different
/// unless other words make up for it.
/// </remarks>
public sealed class TraceHash
{
    private const ulong Start = 0x6a09_e667_f3bc_c908;
    private const ulong Multiplier = 0x9e37_79b9_7f4a_7c15;
    private const int Rotation = 29;

    private readonly ITrace _trace;
    private readonly long _interval;

    /// <param name="trace">Gets a line after every so many events, if <see cref="TraceCategory.Hash"/> is traced.</param>
    /// <param name="interval">After how many.</param>
    public TraceHash(ITrace? trace = null, long interval = 1024)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(interval);
        _trace = trace ?? NoTrace.Instance;
        _interval = interval;
    }

    public ulong Value { get; private set; } = Start;

    /// <summary>What has been added so far.</summary>
    public long Events { get; private set; }

    public void Add(ReadOnlySpan<ulong> head, ReadOnlySpan<ulong> registers)
    {
        ulong hash = Value;
        foreach (ulong word in head) hash = Step(hash, word);
        foreach (ulong word in registers) hash = Step(hash, word);
        Value = hash;
        Events++;
        if (Events % _interval == 0) Write();
    }

    /// <summary>Goes on from a saved value.</summary>
    public void Set(ulong value, long events)
    {
        Value = value;
        Events = events;
    }

    /// <summary>Traces how far it is.</summary>
    public void Write()
    {
        if (_trace.Enabled(TraceCategory.Hash)) _trace.Write(TraceCategory.Hash, ToString());
    }

    /// <summary>The hash in hexadecimal, and of how many events.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"0x{Value:x16} after {Events} traps");

    private static ulong Step(ulong hash, ulong word) => BitOperations.RotateLeft((hash ^ word) * Multiplier, Rotation);
}
