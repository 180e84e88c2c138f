namespace Doppel.Core.Backends;

/// <summary>The host's end of a guest's console: a byte stream both ways and, if it has one, a window size.</summary>
public interface IConsoleBackend
{
    /// <summary>Takes output of the guest. Must not block for long; the implementation buffers. Thread-safe.</summary>
    void Write(ReadOnlySpan<byte> data);

    /// <summary>Takes up to <paramref name="buffer"/>.Length bytes of waiting input; 0 if there are none. Never blocks. Thread-safe.</summary>
    int Read(Span<byte> buffer);

    /// <summary>Raised, on any thread and without locks held, when input has arrived.</summary>
    event Action? InputAvailable;

    /// <summary>
    /// Whether the input has ended: once what is waiting has been read, nothing more will come. <see cref="InputAvailable"/> is raised when it ends, too.
    /// </summary>
    bool InputEnded => false;

    /// <summary>The guest goes on from another state. Called under the device's lock; must be quick.</summary>
    /// <param name="written">Whether the guest had written to this console in that state, since it was reset.</param>
    void GoesOn(bool written)
    {
    }

    /// <summary>A program of the guest has opened its end of a port with a name, or closed it; a reset closes it. Called under the device's lock; must be quick.</summary>
    void GuestOpened(bool isOpen)
    {
    }

    /// <summary>Columns and rows; (0, 0) if there is no window.</summary>
    (int Columns, int Rows) Size { get; }

    /// <summary>Raised when <see cref="Size"/> has changed.</summary>
    event Action? Resized;
}
