using System.Buffers.Binary;
using Doppel.Backends.Net.Capture;
using Doppel.Tests.Unit.Core.Net;

namespace Doppel.Tests.Unit.Backends.Net;

public class PcapWriterTests
{
    [Fact]
    public async Task Frames_that_the_file_is_too_slow_for_are_counted_and_do_not_wait_without_end()
    {
        const int Frames = 400, Length = 14 + 65_000;
        using var file = new SlowStream();
        var writer = new PcapWriter(file);
        byte[] frame = TestFrames.Ethernet(TestFrames.B, TestFrames.A, payload: Length - 14);
        for (int i = 0; i < Frames; i++) Assert.True(writer.TryTake(frame, default));
        Assert.InRange(writer.Lost.Value, Frames - (16 << 20) / Length - 2, Frames - 1);
        file.Go();
        await writer.DisposeAsync();

        // What is there is whole.
        byte[] all = file.ToArray();
        int at = 24;
        for (long left = Frames - writer.Lost.Value; left > 0; left--) at += 16 + BinaryPrimitives.ReadInt32LittleEndian(all.AsSpan(at + 8));
        Assert.Equal(all.Length, at);
    }

    [Fact]
    public async Task Capture_point_records_between_begin_and_end()
    {
        var point = new CapturePoint();
        using MemoryStream one = new(), two = new();
        byte[] frame = TestFrames.Ethernet(TestFrames.B, TestFrames.A);
        int record = 16 + frame.Length;
        PcapWriter first = new(one), second = new(two);
        point.Record(frame, default);
        using (point.Begin(first))
        {
            point.Record(frame, default);
            using (point.Begin(second)) point.Record(frame, default);
            point.Record(frame, default);
        }

        point.Record(frame, default);
        await first.DisposeAsync();
        await second.DisposeAsync();
        Assert.Equal((24 + 3 * record, 24 + record), (one.ToArray().Length, two.ToArray().Length));
    }

    /// <summary>Takes nothing until it is told to.</summary>
    private sealed class SlowStream : MemoryStream
    {
        private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Go() => _go.SetResult();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await _go.Task;
            await base.WriteAsync(buffer, cancellationToken);
        }
    }
}
