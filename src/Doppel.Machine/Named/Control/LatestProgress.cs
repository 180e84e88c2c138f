namespace Doppel.Machine.Named.Control;

/// <summary>How far some work is, for somebody who looks from time to time. Thread-safe.</summary>
internal sealed class LatestProgress : IProgress<double>
{
    private double _value = double.NaN;

    public void Report(double value) => Volatile.Write(ref _value, value);

    /// <summary>The last report; null if there was none since the last look.</summary>
    public double? Take()
    {
        double value = Interlocked.Exchange(ref _value, double.NaN);
        return double.IsNaN(value) ? null : value;
    }
}
