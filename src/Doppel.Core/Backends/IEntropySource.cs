namespace Doppel.Core.Backends;

/// <summary>Where a guest's random bytes come from. Thread-safe.</summary>
public interface IEntropySource
{
    void Fill(Span<byte> destination);
}
