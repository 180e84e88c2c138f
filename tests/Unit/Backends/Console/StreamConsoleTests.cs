using System.IO.Pipes;
using System.Text;
using Doppel.Backends.Console;
using Doppel.Core.Errors;

namespace Doppel.Tests.Unit.Backends.Console;

public sealed class StreamConsoleTests
{
    [Fact]
    public void Input_arrives_complete_and_then_ends()
    {
        byte[] text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 100_000).Select(i => $"{i},")));
        using var console = new StreamConsole(new MemoryStream(text), null);
        using var arrived = new AutoResetEvent(false);
        console.InputAvailable += () => arrived.Set();
        var read = new List<byte>();
        byte[] buffer = new byte[1000];
        while (true)
        {
            bool ended = console.InputEnded;
            int count = console.Read(buffer);
            read.AddRange(buffer.AsSpan(0, count));
            if (count > 0) continue;
            if (ended) break;
            Assert.True(arrived.WaitOne(10_000));
        }

        Assert.Equal(text, read);
    }

    [Fact]
    public void Input_is_read_only_as_far_as_the_guest_takes_it()
    {
        var stream = new MemoryStream(new byte[10 << 20]);
        using var console = new StreamConsole(stream, null);
        SpinWait.SpinUntil(() => stream.Position >= 64 << 10, 10_000);
        Thread.Sleep(20);
        Assert.InRange(stream.Position, 64 << 10, 128 << 10);
    }

    [Fact]
    public void Output_is_complete_after_dispose()
    {
        var stream = new MemoryStream();
        var expected = new MemoryStream();
        var console = new StreamConsole(null, stream);
        for (int i = 0; i < 10_000; i++)
        {
            byte[] piece = Encoding.ASCII.GetBytes($"{i};");
            expected.Write(piece);
            console.Write(piece);
        }

        console.Dispose();
        Assert.Equal(expected.ToArray(), stream.ToArray());
        console.Write("late"u8);
        Assert.Equal(expected.Length, stream.Length);
    }

    [Fact]
    public void Flush_waits_for_what_was_written()
    {
        var stream = new MemoryStream();
        using var console = new StreamConsole(null, stream);
        console.Write("now"u8);
        console.Flush();
        Assert.Equal("now"u8.ToArray(), stream.ToArray());
    }

    [Fact]
    public void Broken_output_is_told_once_and_then_discarded()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        new AnonymousPipeClientStream(PipeDirection.In, pipe.ClientSafePipeHandle).Dispose();
        using var console = new StreamConsole(null, pipe);
        int broken = 0;
        console.OutputBroken += () => Interlocked.Increment(ref broken);
        console.Write("x"u8);
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref broken) == 1, 10_000));
        for (int i = 0; i < 100; i++) console.Write(new byte[1 << 20]);
        Assert.Equal(1, broken);
    }

    [Fact]
    public async Task Stuck_output_slows_the_writer_down_and_release_lets_it_go()
    {
        using var stuck = new ManualResetEventSlim();
        long written = 0;
        var pump = new OutputPump(
            data =>
            {
                stuck.Wait();
                written += data.Length;
                return true;
            },
            "test",
            softLimit: 1000,
            hardLimit: 2000);
        pump.Write(new byte[1000]);
        var slowed = System.Diagnostics.Stopwatch.StartNew();
        pump.Write(new byte[1000]);
        Assert.InRange(slowed.ElapsedMilliseconds, 20, 10_000);
        var begun = new TaskCompletionSource();
        Task<long> held = Task.Run(() =>
        {
            var time = System.Diagnostics.Stopwatch.StartNew();
            begun.SetResult();
            pump.Write(new byte[1000]);
            return time.ElapsedMilliseconds;
        });
        await begun.Task;
        await Task.Delay(100);
        pump.Release();
        Assert.InRange(await held.WaitAsync(TimeSpan.FromSeconds(10)), 90, 10_000);
        slowed.Restart();
        for (int i = 0; i < 100; i++) pump.Write([1]);
        Assert.InRange(slowed.ElapsedMilliseconds, 0, 1000);
        stuck.Set();
        pump.Dispose();
        Assert.Equal(3100, written);
    }

    [Fact]
    public void File_console_writes_a_log_and_says_why_it_cannot()
    {
        string path = Path.GetTempFileName();
        using (var console = new FileConsole(path))
        {
            console.Write("Linux version 6.12\n"u8);
            Assert.True(console.InputEnded);
        }

        Assert.Equal("Linux version 6.12\n", File.ReadAllText(path));
        File.Delete(path);
        var error = Assert.Throws<DoppelException>(() => new FileConsole("/nonexistent/log"));
        Assert.Equal(ErrorKind.Failed, error.Kind);
        Assert.Contains("/nonexistent/log", error.Message);
    }
}
