using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using Doppel.Backends.Net.Link;
using Doppel.Core.Backends;
using Doppel.Core.Net;
using Doppel.Fuzz.Inputs;

namespace Doppel.Fuzz.Net;

/// <summary>
/// A hostile process at the other end of a cable: damaged messages in pieces of all sizes, silence, and no reading. The cable must end in order when its peer goes, pass on
/// nothing that is impossible, and keep no more than it may.
/// </summary>
internal sealed class CableRun : INetworkPort
{
    private const long MaxGrowth = 64 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly Mutator _mutator;
    private int _taken;
    private volatile string? _finding;

    private CableRun(ulong seed) => _mutator = new Mutator(new Random(unchecked((int)seed)));

    public event Action? RoomAvailable;

    public FrameOffloads Accepts { get; private set; }

    /// <returns>The number of connections, and what was found.</returns>
    public static async Task<(long Tried, string? Finding)> RunAsync(ulong seed, TimeSpan time, string folder)
    {
        var run = new CableRun(seed);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var end = new UnixDomainSocketEndPoint(Path.Combine(folder, "cable"));
        listener.Bind(end);
        listener.Listen();
        // An error of ours would end a cable as if its peer had gone.
        AppDomain.CurrentDomain.FirstChanceException += run.OnException;
        long tried = 0, memory = long.MaxValue;
        try
        {
            for (long start = Stopwatch.GetTimestamp(); run._finding is null && Stopwatch.GetElapsedTime(start) < time; tried++)
            {
                using var peer = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                peer.Connect(end);
                Socket ours = await listener.AcceptAsync().ConfigureAwait(false);
                await run.ConnectAsync(peer, ours).ConfigureAwait(false);
                if (tried % 500 != 0) continue;
                long now = GC.GetTotalMemory(forceFullCollection: true);
                if (memory == long.MaxValue) memory = now;
                if (now - memory > MaxGrowth) run._finding ??= $"memory has grown by {(now - memory) >> 20} MiB";
            }
        }
        finally
        {
            AppDomain.CurrentDomain.FirstChanceException -= run.OnException;
        }

        return (tried, run._finding ?? (run._taken == 0 ? "not one frame got through" : null));
    }

    public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        if (Interlocked.Increment(ref _taken) % 50 == 0)
        {
            ThreadPool.QueueUserWorkItem(_ => RoomAvailable?.Invoke());
            return false;
        }

        if (!FrameDelivery.IsPossible(frame.Length, offload) || (FrameDelivery.Needs(offload) & ~Accepts) != 0) _finding ??= "a frame is impossible";
        return true;
    }

    private async Task ConnectAsync(Socket peer, Socket ours)
    {
        Random random = _mutator.Random;
        Accepts = (FrameOffloads)random.Next(8);
        await using var link = new FrameLink(ours, this);
        Task running = link.RunAsync();
        byte[] stream = Stream();
        if (random.Next(3) > 0) stream = _mutator.Mutate(stream);
        bool reads = random.Next(2) == 0;
        byte[] read = new byte[1 << 16];
        peer.Blocking = false;
        for (int at = 0; at < stream.Length;)
        {
            int length = Math.Min(stream.Length - at, random.Next(2) == 0 ? random.Next(1, 40) : random.Next(1, 70_000));
            int sent = peer.Send(stream.AsSpan(at, length), SocketFlags.None, out SocketError error);
            if (error is not (SocketError.Success or SocketError.WouldBlock)) break;
            at += Math.Max(0, sent);
            if (error == SocketError.WouldBlock) await Task.Yield();
            byte[] frame = FrameSeeds.All[random.Next(FrameSeeds.All.Count)];
            link.TryDeliver(frame, default);
            if (reads) peer.Receive(read, SocketFlags.None, out _);
        }

        // Now and then it is our side that goes, or the peer stays and says no more.
        if (random.Next(8) == 0) await link.DisposeAsync().ConfigureAwait(false);
        else peer.Dispose();
        if (await Task.WhenAny(running, Task.Delay(Patience)).ConfigureAwait(false) != running) _finding ??= "a cable does not end";
    }

    /// <summary>What an honest peer would send.</summary>
    private byte[] Stream()
    {
        Random random = _mutator.Random;
        var stream = new List<byte>([1, 0, 0, 1, (byte)random.Next(8)]);
        for (int count = random.Next(6); count > 0; count--)
        {
            byte[] frame = FrameSeeds.All[random.Next(FrameSeeds.All.Count)];
            if (random.Next(20) == 0) Array.Resize(ref frame, random.Next(FrameDelivery.MaxLength + 10));
            byte[] header = new byte[4 + OffloadHeader.Length];
            BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)(OffloadHeader.Length + frame.Length));
            FrameOffload offload = FrameSeeds.Offload(random);
            if (random.Next(4) == 0 || FrameDelivery.IsPossible(frame.Length, offload)) OffloadHeader.Write(header.AsSpan(4), offload);
            stream.AddRange(header);
            stream.AddRange(frame);
        }

        return [.. stream];
    }

    private void OnException(object? sender, FirstChanceExceptionEventArgs happened)
    {
        if (happened.Exception is not (SocketException or OperationCanceledException or ObjectDisposedException)) _finding ??= happened.Exception.ToString();
    }
}
