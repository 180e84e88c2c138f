using Doppel.Core.Backends;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.Capture;

/// <summary>A place that frames pass, where records of them are begun and ended at any time. Without any it costs next to nothing. Thread-safe.</summary>
public sealed class CapturePoint
{
    private readonly Lock _lock = new();
    private volatile PcapWriter[] _writers = [];

    /// <summary>Whether anybody wants frames.</summary>
    internal bool IsOn => _writers.Length > 0;

    /// <summary>All frames go to a file as well from now on, until what is returned is disposed of. The file is the caller's.</summary>
    public IDisposable Begin(PcapWriter writer)
    {
        lock (_lock) _writers = [.. _writers, writer];
        return new Capture(this, writer);
    }

    /// <summary>A frame has passed.</summary>
    internal void Record(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        PcapWriter[] writers = _writers;
        if (writers.Length == 0 || !FrameDelivery.IsPossible(frame.Length, offload)) return;
        foreach (PcapWriter writer in writers) writer.TryDeliver(frame, offload);
    }

    private void End(PcapWriter writer)
    {
        lock (_lock) _writers = [.. _writers.Where(w => w != writer)];
    }

    private sealed class Capture(CapturePoint point, PcapWriter writer) : IDisposable
    {
        public void Dispose() => point.End(writer);
    }
}
