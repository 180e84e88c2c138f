using System.Net.Sockets;
using Doppel.Backends.Net.Link;
using Doppel.Core.Backends;
using Doppel.Tests.Unit.Core.Net;
using Doppel.Tests.Unit.Machine;

namespace Doppel.Tests.Unit.Backends.Net;

public sealed class FrameLinkTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Frames_arrive_in_order_with_what_is_undone()
    {
        (Socket one, Socket two) = await PairAsync();
        RecordingPort near = new(), far = new() { Accepts = FrameOffloads.Checksum };
        await using FrameLink a = new(one, near), b = new(two, far);
        Task running = Task.WhenAll(a.RunAsync(), b.RunAsync());
        await UntilAsync(() => a.Accepts == FrameOffloads.Checksum);
        for (int i = 0; i < 200; i++) Assert.True(a.TryTake(TestFrames.Ethernet(TestFrames.B, TestFrames.A, payload: 46 + i), default));
        await UntilAsync(() => far.Frames.Count == 200);
        Assert.Equal(Enumerable.Range(60, 200), far.Frames.Select(f => f.Frame.Length));
        (byte[] frame, FrameOffload offload) = TestFrames.Tcp(ipv6: false, payload: 40_000, segment: 1000);
        Assert.True(b.TryTake(frame, offload));
        await UntilAsync(() => near.Frames.Count == 1);
        Assert.Equal(frame, near.Frames.Single().Frame);
        Assert.Equal(offload, near.Frames.Single().Offload);
        await a.DisposeAsync();
        await running.WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Receiver_without_room_fills_the_link_and_empties_it_later()
    {
        (Socket one, Socket two) = await PairAsync();
        RecordingPort near = new(), far = new() { Full = true };
        await using FrameLink a = new(one, near), b = new(two, far);
        Task running = Task.WhenAll(a.RunAsync(), b.RunAsync());
        using var room = new SemaphoreSlim(0);
        a.RoomAvailable += () => room.Release();
        byte[] frame = TestFrames.Ethernet(TestFrames.B, TestFrames.A, payload: 60_000);
        int taken = 0;
        // More than both ends and the sockets between them keep.
        while (taken < 1000 && (a.TryTake(frame, default) || await room.WaitAsync(200, TestContext.Current.CancellationToken) && a.TryTake(frame, default))) taken++;
        Assert.InRange(taken, 60, 400);
        far.Full = false;
        await UntilAsync(() => far.Frames.Count == taken);
        Assert.True(await room.WaitAsync(Patience, TestContext.Current.CancellationToken) || room.CurrentCount > 0 || a.TryTake(frame, default));
        await b.DisposeAsync();
        await running.WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Frames_do_not_wait_for_threads_of_the_pool()
    {
        (Socket one, Socket two) = await PairAsync();
        var far = new RecordingPort();
        await using FrameLink a = new(one, new RecordingPort()), b = new(two, far);
        Task running = Task.WhenAll(a.RunAsync(), b.RunAsync());
        Assert.True(a.TryTake(TestFrames.Ethernet(TestFrames.B, TestFrames.A), default));
        await UntilAsync(() => far.Frames.Count == 1);
        Assert.False(far.Taker!.IsThreadPoolThread);
        await a.DisposeAsync();
        await running.WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0 })]
    [InlineData(new byte[] { 1, 0, 0, 7, 0 })]
    [InlineData(new byte[] { 2, 0, 0, 1, 0, 0 })]
    [InlineData(new byte[] { 3, 0, 0, 0, 1, 2, 3 })]
    [InlineData(new byte[] { 24, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 })]
    public async Task Nonsense_ends_the_link(byte[] bytes)
    {
        (Socket one, Socket two) = await PairAsync();
        var near = new RecordingPort();
        await using var link = new FrameLink(one, near);
        Task running = link.RunAsync();
        await two.SendAsync(bytes, TestContext.Current.CancellationToken);
        await running.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Empty(near.Frames);
        two.Dispose();
    }

    private async Task<(Socket One, Socket Two)> PairAsync()
    {
        var end = new UnixDomainSocketEndPoint(Path.Combine(_folder.Path, "s"));
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(end);
        listener.Listen();
        var one = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await one.ConnectAsync(end);
        return (one, await listener.AcceptAsync());
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var late = new CancellationTokenSource(Patience);
        while (!condition()) await Task.Delay(5, late.Token);
    }
}
