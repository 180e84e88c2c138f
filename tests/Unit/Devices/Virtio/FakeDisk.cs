using Doppel.Core.Backends;

namespace Doppel.Tests.Unit.Devices.Virtio;

/// <summary>A disk in memory that can be slow, can fail, and remembers what it was asked.</summary>
internal sealed class FakeDisk(int length, bool readOnly = false) : IBlockBackend
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _gate;

    public byte[] Bytes { get; } = new byte[length];

    public List<string> Calls { get; } = [];

    /// <summary>What every call throws.</summary>
    public Exception? Failure { get; set; }

    public long Length => PretendedLength ?? Bytes.Length;

    /// <summary>Makes the disk look larger than it is.</summary>
    public long? PretendedLength { get; init; }

    public bool ReadOnly => readOnly;

    public int BlockSize => 512;

    public int Waiting { get; private set; }

    /// <summary>Makes calls wait until <see cref="Open"/>.</summary>
    public void Close() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Open()
    {
        _gate?.SetResult();
        _gate = null;
    }

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel = default) =>
        Call($"read {offset} {buffer.Length}", () => Bytes.AsSpan((int)offset, buffer.Length).CopyTo(buffer.Span));

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancel = default) =>
        Call($"write {offset} {data.Length}", () => data.Span.CopyTo(Bytes.AsSpan((int)offset)));

    public ValueTask FlushAsync(CancellationToken cancel = default) => Call("flush", () => { });

    public ValueTask DiscardAsync(long offset, long length, CancellationToken cancel = default) => Call($"discard {offset} {length}", () => { });

    public ValueTask WriteZeroesAsync(long offset, long length, bool mayUnmap, CancellationToken cancel = default) =>
        Call($"zero {offset} {length} {mayUnmap}", () => Bytes.AsSpan((int)offset, (int)length).Clear());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async ValueTask Call(string call, Action action)
    {
        if (_gate is { } gate)
        {
            lock (_lock) Waiting++;
            await gate.Task.ConfigureAwait(false);
        }

        lock (_lock)
        {
            Calls.Add(call);
            if (Failure is not null) throw Failure;
            action();
        }
    }
}
