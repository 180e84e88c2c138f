namespace Doppel.Host.Memory;

/// <summary>
/// Pages that were frozen together, at the offsets that they have in their block. What a layer holds never changes, and its name is its own for good, in files too: whoever has a layer of
/// that name has its content.
/// </summary>
public abstract class FrozenLayer
{
    private protected FrozenLayer(Guid id)
    {
        Id = id;
    }

    /// <summary>Its name.</summary>
    public Guid Id { get; }

    /// <summary>
    /// Where another process of the same user can open the layer, as a file, as long as this process has it; null if it cannot. The layer has all its pages when this returns.
    /// </summary>
    /// <exception cref="OutOfMemoryException">The host had no room for them.</exception>
    public virtual string? ForOthers() => null;

    /// <summary>The parts of a range that have pages, in order; the rest reads as zeroes.</summary>
    public abstract IEnumerable<PageRun> Data(PageRun range);

    /// <summary>Copies bytes out.</summary>
    /// <exception cref="IOException">They lie in a file that cannot be read, or that is too short.</exception>
    public abstract void Read(ulong offset, Span<byte> destination);
}
