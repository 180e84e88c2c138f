using System.Net;
using System.Net.Sockets;
using System.Text;
using Doppel.Core.Backends;
using Doppel.Machine.Named.Control;

namespace Doppel.Tests.Unit.Machine.Named;

public sealed class ConsoleReceiverTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task All_comes_without_the_help_of_the_pool_until_the_machine_goes()
    {
        (NetworkStream machine, NetworkStream stream) = Pair();
        await using (stream)
        {
            var user = new Watcher();
            Task received = ConsoleReceiver.RunAsync(stream, user, CancellationToken.None);
            await using (machine)
            {
                for (int i = 0; i < 500; i++) machine.Write(Encoding.ASCII.GetBytes($"{i};"));
            }

            await received.WaitAsync(Patience);
            Assert.Equal(string.Concat(Enumerable.Range(0, 500).Select(i => $"{i};")), user.Text.ToString());
            Assert.False(user.WasOfThePool);
        }
    }

    [Fact]
    public async Task Who_leaves_is_let_go_although_nothing_comes()
    {
        (NetworkStream machine, NetworkStream stream) = Pair();
        await using (machine)
        await using (stream)
        {
            using var leaving = new CancellationTokenSource();
            Task received = ConsoleReceiver.RunAsync(stream, new Watcher(), leaving.Token);
            await Task.Delay(20);
            Assert.False(received.IsCompleted);
            await leaving.CancelAsync();
            await received.WaitAsync(Patience);

            // What the user types still has a way.
            stream.WriteByte(1);
            Assert.Equal(1, machine.ReadByte());
        }
    }

    /// <summary>Two ends of a connection. The user's is connected as those to machines are, by which the framework makes it one that does not block.</summary>
    private static (NetworkStream Machine, NetworkStream User) Pair()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var user = new Socket(SocketType.Stream, ProtocolType.Tcp);
        user.ConnectAsync(listener.LocalEndpoint).Wait();
        return (new NetworkStream(listener.AcceptSocket(), ownsSocket: true), new NetworkStream(user, ownsSocket: true));
    }

    private sealed class Watcher : IConsoleBackend
    {
        public event Action? InputAvailable
        {
            add { }
            remove { }
        }

        public event Action? Resized
        {
            add { }
            remove { }
        }

        public StringBuilder Text { get; } = new();

        public bool WasOfThePool { get; private set; }

        public (int Columns, int Rows) Size => (0, 0);

        public void Write(ReadOnlySpan<byte> data)
        {
            Text.Append(Encoding.ASCII.GetString(data));
            WasOfThePool |= Thread.CurrentThread.IsThreadPoolThread;
        }

        public int Read(Span<byte> buffer) => 0;
    }
}
