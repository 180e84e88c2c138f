// QEMU Machine Protocol (QMP) 1.0, as far as it is needed here.
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Doppel.Bench.States;

/// <summary>A connection to the monitor of a running QEMU.</summary>
internal sealed class QemuMonitor : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly NetworkStream _stream;
    private readonly StreamReader _reader;

    private QemuMonitor(NetworkStream stream)
    {
        _stream = stream;
        _reader = new StreamReader(stream, Encoding.UTF8);
    }

    /// <exception cref="BenchException">Nobody is there.</exception>
    public static async Task<QemuMonitor> ConnectAsync(string path)
    {
        for (long began = Environment.TickCount64; Environment.TickCount64 - began < Patience.TotalMilliseconds; await Task.Delay(2))
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
                var monitor = new QemuMonitor(new NetworkStream(socket, ownsSocket: true));
                await monitor._reader.ReadLineAsync();
                await monitor.AskAsync("qmp_capabilities");
                return monitor;
            }
            catch (SocketException)
            {
                socket.Dispose();
            }
        }

        throw new BenchException("QEMU's monitor does not answer");
    }

    /// <summary>A command as people type it, which says something only if it fails.</summary>
    /// <exception cref="BenchException">It failed.</exception>
    public async Task HumanAsync(string command)
    {
        string said = (await AskAsync("human-monitor-command", new JsonObject { ["command-line"] = command })).ToString();
        if (said.Trim().Length > 0) throw new BenchException($"QEMU: {command}: {said.Trim()}");
    }

    /// <summary>Writes the running machine to a file, as fast as it can.</summary>
    /// <param name="goOn">Whether the guest is to run on.</param>
    /// <exception cref="BenchException">It failed.</exception>
    public async Task MigrateAsync(string file, bool goOn = true)
    {
        await AskAsync("migrate-set-parameters", new JsonObject { ["max-bandwidth"] = 1L << 40 });
        await AskAsync("migrate", new JsonObject { ["uri"] = "file:" + file });
        while (true)
        {
            string status = (await AskAsync("query-migrate"))["status"]!.GetValue<string>();
            if (status == "completed") break;
            if (status == "failed") throw new BenchException($"QEMU could not write {file}");
            await Task.Delay(1);
        }

        if (goOn) await AskAsync("cont");
    }

    public void Dispose()
    {
        _reader.Dispose();
        _stream.Dispose();
    }

    private async Task<JsonNode> AskAsync(string command, JsonObject? arguments = null)
    {
        var request = new JsonObject { ["execute"] = command };
        if (arguments is not null) request["arguments"] = arguments;
        await _stream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(request));
        while (await _reader.ReadLineAsync() is { } line)
        {
            JsonNode answer = JsonNode.Parse(line)!;
            if (answer["error"] is { } error) throw new BenchException($"QEMU: {command}: {error["desc"]}");
            if (answer["return"] is { } value) return value;
        }

        throw new BenchException($"QEMU ended at '{command}'");
    }
}
