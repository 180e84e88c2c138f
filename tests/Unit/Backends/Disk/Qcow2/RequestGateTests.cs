using Doppel.Backends.Disk.Qcow2;

namespace Doppel.Tests.Unit.Backends.Disk.Qcow2;

public sealed class RequestGateTests
{
    [Fact]
    public void What_a_request_looks_at_is_not_given_away_before_it_ends()
    {
        const int Requests = 3;
        var gate = new RequestGate();
        bool[] free = new bool[1 << 16];
        int current = 0;
        int violations = 0;
        bool stop = false;
        Thread[] requests = [.. Enumerable.Range(0, Requests).Select(_ => new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                int phase = gate.Enter();
                int seen = Volatile.Read(ref current);
                Thread.SpinWait(20);
                if (Volatile.Read(ref free[seen])) Interlocked.Increment(ref violations);
                gate.Exit(phase);
            }
        }))];
        foreach (Thread request in requests) request.Start();
        long end = Environment.TickCount64 + 300;
        for (int next = 1; next < free.Length && Environment.TickCount64 < end; next++)
        {
            Volatile.Write(ref current, next);
            while (!gate.TryBeginGrace()) Thread.Yield();
            while (!gate.TryEndGrace()) Thread.Yield();
            Volatile.Write(ref free[next - 1], true);
        }

        Volatile.Write(ref stop, true);
        foreach (Thread request in requests) request.Join();
        Assert.Equal(0, violations);
    }
}
