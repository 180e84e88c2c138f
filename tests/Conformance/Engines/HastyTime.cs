namespace Doppel.Tests.Conformance.Engines;

/// <summary>Time that passes only while somebody looks at it, a quarter of a second each time.</summary>
internal sealed class HastyTime : TimeProvider
{
    private long _looks;

    public override long TimestampFrequency => 4;

    public override long GetTimestamp() => Interlocked.Increment(ref _looks);
}
