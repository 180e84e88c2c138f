using System.Collections.Concurrent;
using System.Diagnostics;
using Doppel.Backends.Net.Tap;
using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Doppel.Core.Net;

namespace Doppel.Tests.Conformance.Net;

/// <summary>A tap interface of the host, with the host's own network behind it.</summary>
public sealed class TapNetworkTests
{
    private static readonly MacAddress Own = new(0x02_00_5e_10_00_01);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Host_answers_throughATapInterface()
    {
        Assert.SkipUnless(File.Exists("/dev/net/tun"), "missing here: /dev/net/tun");
        using TapNetwork tap = Open();
        var adapter = new Adapter();
        INetworkPort host = tap.Connect(adapter);
        await RunAsync("ip", "link", "set", "doppeltest", "up");
        await RunAsync("ip", "addr", "add", "198.18.77.1/24", "dev", "doppeltest");

        // Who has 198.18.77.1? The host says so, as adapters do that it trusts.
        byte[] question = new byte[60];
        MacAddress.Broadcast.Write(question);
        Own.Write(question.AsSpan(6));
        byte[] arp = [8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0x5e, 0x10, 0, 1, 198, 18, 77, 2, 0, 0, 0, 0, 0, 0, 198, 18, 77, 1];
        arp.CopyTo(question, 12);
        byte[]? answer = null;
        long start = Stopwatch.GetTimestamp();
        while (answer is null)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, "the host does not answer");
            Assert.True(host.TryTake(question, default));
            await Task.Delay(50, TestContext.Current.CancellationToken);
            answer = adapter.Frames.FirstOrDefault(f => f.Length >= 42 && f[12] == 8 && f[13] == 6 && f[21] == 2);
        }

        Assert.Equal(Own, MacAddress.Read(answer));
        Assert.Equal([198, 18, 77, 1], answer[28..32]);
        DoppelException busy = Assert.Throws<DoppelException>(() => new TapNetwork("doppeltest"));
        Assert.Equal(ErrorKind.WrongState, busy.Kind);
    }

    [Fact]
    public void Interface_thatIsNoTap_isRefused()
    {
        Assert.SkipUnless(File.Exists("/dev/net/tun"), "missing here: /dev/net/tun");
        Assert.Contains(Assert.Throws<DoppelException>(() => new TapNetwork("lo")).Kind, (ErrorKind[])[ErrorKind.Usage, ErrorKind.Denied]);
        Assert.Equal(ErrorKind.Usage, Assert.Throws<DoppelException>(() => new TapNetwork("a-name-that-is-too-long")).Kind);
    }

    private static TapNetwork Open()
    {
        try
        {
            return new TapNetwork("doppeltest");
        }
        catch (DoppelException exception) when (exception.Kind is ErrorKind.Denied or ErrorKind.Failed)
        {
            Assert.Skip($"needs the right to make tap interfaces: {exception.Message}");
            throw;
        }
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, error);
    }

    private sealed class Adapter : INetworkPort
    {
        public event Action? RoomAvailable
        {
            add { }
            remove { }
        }

        public ConcurrentQueue<byte[]> Frames { get; } = [];

        public FrameOffloads Accepts => FrameOffloads.None;

        public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload)
        {
            Frames.Enqueue(frame.ToArray());
            return true;
        }
    }
}
