namespace Doppel.Core.Trace;

/// <summary>What a trace can show; the names of <c>--trace</c>.</summary>
[Flags]
public enum TraceCategory
{
    None = 0,

    /// <summary>Every instruction executed.</summary>
    Exec = 1,

    /// <summary>Interrupts and exceptions taken.</summary>
    Irq = 2,

    /// <summary>Every access to a device register.</summary>
    Mmio = 4,

    /// <summary>Virtqueue activity.</summary>
    Virtio = 8,

    /// <summary>Translated blocks.</summary>
    Tb = 16,

    /// <summary>Calls to the supervisor binary interface.</summary>
    Sbi = 32,

    /// <summary>The running <see cref="TraceHash"/>, under the virtual clock.</summary>
    Hash = 64,
}

/// <summary>Where a machine writes what it does. Thread-safe. Ask <see cref="Enabled"/> before building a text.</summary>
public interface ITrace
{
    bool Enabled(TraceCategory category);

    void Write(TraceCategory category, string text);

    /// <summary>Something a user should know although nothing failed; rate-limited by the receiver.</summary>
    void Warn(string text);
}

/// <summary>Traces nothing.</summary>
public sealed class NoTrace : ITrace
{
    public static readonly NoTrace Instance = new();

    private NoTrace()
    {
    }

    public bool Enabled(TraceCategory category) => false;

    public void Write(TraceCategory category, string text)
    {
    }

    public void Warn(string text)
    {
    }
}
