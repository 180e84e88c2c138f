namespace Doppel.Host.Memory;

/// <summary>
/// What a <see cref="HostMemory"/> held at one moment, never to change again. Blocks that are made from it, or set back to it, share its pages as far
/// as the host can, and get pages of their own only where they write.
/// </summary>
/// <remarks>Thread-safe. The pages go back to the host when this object and all blocks on it are disposed.</remarks>
public abstract class FrozenMemory : IDisposable
{
    private protected FrozenMemory(ulong length)
    {
        Length = length;
    }

    /// <summary>Bytes.</summary>
    public ulong Length { get; }

    /// <summary>The same content once more, to be disposed on its own.</summary>
    public abstract FrozenMemory Share();

    /// <summary>Lets go of the pages. Blocks on them keep theirs.</summary>
    public abstract void Dispose();
}
