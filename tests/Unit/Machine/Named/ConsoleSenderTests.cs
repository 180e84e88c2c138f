using System.Net;
using System.Net.Sockets;
using System.Text;
using Doppel.Machine.Named.Control;

namespace Doppel.Tests.Unit.Machine.Named;

public sealed class ConsoleSenderTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task All_that_was_put_before_the_end_arrives_in_order()
    {
        (NetworkStream machine, NetworkStream user) = Pair();
        await using (machine)
        await using (user)
        {
            var sender = new ConsoleSender(machine);
            for (int i = 0; i < 500; i++) sender.Put(Encoding.ASCII.GetBytes($"{i};"));
            sender.Dispose();
            sender.Put(Encoding.ASCII.GetBytes("too late"));
            await sender.Ended.WaitAsync(Patience);
            machine.Socket.Shutdown(SocketShutdown.Send);
            using var reader = new StreamReader(user);
            Assert.Equal(string.Concat(Enumerable.Range(0, 500).Select(i => $"{i};")), await reader.ReadToEndAsync().WaitAsync(Patience));
        }
    }

    [Fact]
    public async Task Who_does_not_read_holds_nobody_up_and_misses_the_oldest()
    {
        (NetworkStream machine, NetworkStream user) = Pair();
        await using (machine)
        await using (user)
        {
            using var sender = new ConsoleSender(machine);
            byte[] page = new byte[64 << 10];
            for (int i = 0; i < 5000; i++)
            {
                page[0] = (byte)(i >> 8);
                page[1] = (byte)i;
                sender.Put(page.ToArray());
            }

            sender.Dispose();
            var numbers = new List<int>();
            byte[] read = new byte[page.Length];
            do
            {
                await user.ReadExactlyAsync(read).AsTask().WaitAsync(Patience);
                numbers.Add(read[0] << 8 | read[1]);
            }
            while (numbers[^1] != 4999);
            Assert.Equal(numbers.Order(), numbers);
            Assert.InRange(numbers.Count, 1024, 4000);
        }
    }

    [Fact]
    public async Task When_the_user_has_left_it_ends()
    {
        (NetworkStream machine, NetworkStream user) = Pair();
        await using (machine)
        {
            using var sender = new ConsoleSender(machine);
            await user.DisposeAsync();
            for (int i = 0; i < 100 && !sender.Ended.IsCompleted; i++)
            {
                sender.Put(new byte[1]);
                await Task.Delay(10);
            }

            await sender.Ended.WaitAsync(Patience);
        }
    }

    private static (NetworkStream Machine, NetworkStream User) Pair()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var user = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        user.Connect(listener.LocalEndPoint!);
        return (new NetworkStream(listener.Accept(), ownsSocket: true), new NetworkStream(user, ownsSocket: true));
    }
}
