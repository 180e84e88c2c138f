using System.Text;
using Doppel.Machine.Agent;

namespace Doppel.Tests.Unit.Machine.Agent;

/// <summary>A guest at the other end of an agent's port: answers each line by what a test says. One that keeps to the protocol answers a sync first.</summary>
internal sealed class FakeGuest : IDisposable
{
    private readonly AgentPort _port;
    private readonly Func<string, string?> _answer;
    private readonly List<byte> _line = [];

    /// <param name="answer">What is written in answer to a line, as it is, one character per byte; null for nothing.</param>
    /// <param name="isOpen">Whether its agent is there.</param>
    public FakeGuest(AgentPort port, Func<string, string?> answer, bool isOpen = true)
    {
        _port = port;
        _answer = answer;
        port.InputAvailable += Read;
        if (isOpen) port.GuestOpened(true);
    }

    /// <summary>All lines that came.</summary>
    public List<string> Lines { get; } = [];

    /// <summary>As an honest agent: answers syncs, and the rest as <paramref name="answer"/> says.</summary>
    public static FakeGuest Honest(AgentPort port, Func<string, string?> answer) => new(port, line => SyncId(line) is { } id ? Synced(id) : answer(line) is { } reply ? reply + "\n" : null);

    public static string Synced(string id) => $"\xFF{{\"return\": {id}}}\n";

    /// <summary>The number of a sync; null for other lines.</summary>
    public static string? SyncId(string line)
    {
        const string Before = "\"arguments\":{\"id\":";
        int start = line.IndexOf(Before, StringComparison.Ordinal);
        return line.Contains("guest-sync-delimited", StringComparison.Ordinal) ? line[(start + Before.Length)..].TrimEnd('}') : null;
    }

    public void Write(string text) => _port.Write(Encoding.Latin1.GetBytes(text));

    public void Dispose() => _port.InputAvailable -= Read;

    private void Read()
    {
        byte[] buffer = new byte[64];
        int count;
        while ((count = _port.Read(buffer)) > 0)
        {
            foreach (byte value in buffer.AsSpan(0, count))
            {
                if (value == AgentPort.Sentinel) _line.Clear();
                else if (value != '\n') _line.Add(value);
                if (value != '\n') continue;
                string line = Encoding.Latin1.GetString([.. _line]);
                _line.Clear();
                Lines.Add(line);
                if (_answer(line) is { } answer) Write(answer);
            }
        }
    }
}
