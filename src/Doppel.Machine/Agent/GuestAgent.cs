// QEMU guest agent protocol (QEMU 10.0, docs/interop/qemu-ga-ref).
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Doppel.Core.Backends;
using Doppel.Core.Errors;

namespace Doppel.Machine.Agent;

/// <summary>
/// The agent in a machine's guest, which does what it is asked for: runs programs, reads and writes files. The guest is not trusted: what it says is checked, bounded, and does not
/// make anything happen on the host but what the caller does with it. Thread-safe; several may be connected to one guest.
/// </summary>
public sealed class GuestAgent : IAsyncDisposable
{
    /// <summary>How long the guest may take for something that is usually done at once.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Most bytes of a file in one message: JSON takes a third more.</summary>
    internal const int MaxPiece = 256 << 10;

    internal const string Shell = "/bin/sh";

    private readonly IAgentChannel _channel;

    internal GuestAgent(IAgentChannel channel) => _channel = channel;

    /// <summary>The port of <see cref="VmConfig.Ports"/> on which agents listen. Machines with names have it anyway.</summary>
    public static string PortName => AgentPort.PortName;

    /// <summary>Of the machine.</summary>
    public string Name => _channel.Name;

    /// <summary>For a machine of this process.</summary>
    /// <param name="name">The machine's, for messages.</param>
    /// <param name="port">What goes into <see cref="VmHost.Ports"/> as <see cref="PortName"/>.</param>
    public static GuestAgent Create(string name, out IConsoleBackend port)
    {
        var backend = new AgentPort();
        port = backend;
        return new GuestAgent(new AgentChannel(name, backend));
    }

    /// <summary>Asks for a sign of life.</summary>
    /// <exception cref="DoppelException">There is no agent, or it does not answer.</exception>
    public Task PingAsync(CancellationToken cancel = default) => DoAsync("guest-ping", null, cancel);

    /// <summary>Which version it is, and what it can do.</summary>
    public Task<GuestAgentInfo> InfoAsync(CancellationToken cancel = default) => AskAsync("guest-info", null, AgentJson.Default.GuestAgentInfo, cancel);

    /// <summary>Lets a key log in as a user; without effect if it may already.</summary>
    /// <param name="key">A line as in OpenSSH's <c>authorized_keys</c>.</param>
    public Task AuthorizeAsync(string user, string key, CancellationToken cancel = default) =>
        DoAsync("guest-ssh-add-authorized-keys", new AgentArguments { Username = user, Keys = [key] }, cancel);

    /// <summary>Runs a command in the guest to its end, with streams that flow while it runs.</summary>
    /// <returns>Its exit code, or 128 and the signal that ended it.</returns>
    /// <exception cref="DoppelException">The guest could not begin with it, or the agent is gone.</exception>
    /// <exception cref="IOException">A stream takes no more; the command has been told by SIGPIPE.</exception>
    public async Task<int> ExecuteAsync(GuestCommand command, GuestStreams streams, CancellationToken cancel = default)
    {
        GuestProcess process = await GuestProcess.StartAsync(this, command, streams.Input is not null, cancel).ConfigureAwait(false);
        return await process.RunAsync(streams, cancel).ConfigureAwait(false);
    }

    /// <summary>Ends the connection, nothing else.</summary>
    public ValueTask DisposeAsync() => _channel.DisposeAsync();

    /// <summary>Runs a short script in the guest, whose output fits into one reply.</summary>
    /// <param name="argument">Its <c>$1</c>.</param>
    internal async Task<(int Code, byte[] Output)> CaptureAsync(string script, string argument, CancellationToken cancel)
    {
        var arguments = new AgentArguments { Path = Shell, Arg = ["-c", script, "doppel", argument], CaptureOutput = true };
        AgentProcess process = await AskAsync("guest-exec", arguments, AgentJson.Default.AgentProcess, cancel).ConfigureAwait(false);
        var pace = new Pace();
        AgentProcessStatus status;
        while (!(status = await StatusAsync(process.Pid, cancel).ConfigureAwait(false)).Exited) await pace.WaitAsync(cancel).ConfigureAwait(false);
        return (status.Code, status.Output ?? []);
    }

    /// <summary>Starts a program of the guest, whose streams lead nowhere.</summary>
    /// <returns>Its process.</returns>
    internal async Task<long> StartAsync(string path, IReadOnlyList<string> arguments, CancellationToken cancel) =>
        (await AskAsync("guest-exec", new AgentArguments { Path = path, Arg = arguments }, AgentJson.Default.AgentProcess, cancel).ConfigureAwait(false)).Pid;

    internal Task<AgentProcessStatus> StatusAsync(long pid, CancellationToken cancel) => AskAsync("guest-exec-status", new AgentArguments { Pid = pid }, AgentJson.Default.AgentProcessStatus, cancel);

    /// <returns>A handle, or null if the guest will not.</returns>
    internal async Task<long?> TryOpenAsync(string path, string mode, CancellationToken cancel)
    {
        try
        {
            return await SendAsync("guest-file-open", new AgentArguments { Path = path, Mode = mode }, AgentJson.Default.Int64, cancel).ConfigureAwait(false);
        }
        catch (AgentError)
        {
            return null;
        }
    }

    /// <summary>What is there, at most <see cref="MaxPiece"/> bytes; nothing at the end of the file as it is now.</summary>
    internal async Task<byte[]> ReadAsync(long handle, CancellationToken cancel)
    {
        byte[] data = (await AskAsync("guest-file-read", new AgentArguments { Handle = handle, Count = MaxPiece }, AgentJson.Default.AgentFileRead, cancel).ConfigureAwait(false)).Data ?? [];
        return data.Length <= MaxPiece ? data : throw Nonsense("it has more of a file than it was asked for");
    }

    /// <summary>Writes all of it, and sees to it that the guest's programs can read it.</summary>
    internal async Task WriteAsync(long handle, ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        while (!data.IsEmpty)
        {
            ReadOnlyMemory<byte> piece = data[..Math.Min(data.Length, MaxPiece)];
            long count = (await AskAsync("guest-file-write", new AgentArguments { Handle = handle, Data = piece.ToArray() }, AgentJson.Default.AgentFileWrite, cancel).ConfigureAwait(false)).Count;
            if (count <= 0 || count > piece.Length) throw Nonsense($"of {piece.Length} bytes it has written {count}");
            data = data[(int)count..];
        }

        await DoAsync("guest-file-flush", new AgentArguments { Handle = handle }, cancel).ConfigureAwait(false);
    }

    internal Task CloseAsync(long handle, CancellationToken cancel) => DoAsync("guest-file-close", new AgentArguments { Handle = handle }, cancel);

    private async Task DoAsync(string command, AgentArguments? arguments, CancellationToken cancel)
    {
        try
        {
            _ = AgentMessage.Parse(await _channel.AskAsync(AgentMessage.Request(command, arguments), Patience, cancel).ConfigureAwait(false));
        }
        catch (AgentError exception)
        {
            throw Refused(command, exception);
        }
        catch (JsonException exception)
        {
            throw Nonsense(exception.Message, exception);
        }
    }

    private async Task<T> AskAsync<T>(string command, AgentArguments? arguments, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        try
        {
            return await SendAsync(command, arguments, type, cancel).ConfigureAwait(false);
        }
        catch (AgentError exception)
        {
            throw Refused(command, exception);
        }
    }

    private async Task<T> SendAsync<T>(string command, AgentArguments? arguments, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        ReadOnlyMemory<byte> reply = await _channel.AskAsync(AgentMessage.Request(command, arguments), Patience, cancel).ConfigureAwait(false);
        try
        {
            return AgentMessage.Parse(reply, type);
        }
        catch (JsonException exception)
        {
            throw Nonsense(exception.Message, exception);
        }
    }

    private DoppelException Refused(string command, AgentError error) => new(ErrorKind.Failed, $"{Name}: the guest's agent refuses {command}: {error.Message}", "what the agent may do is set in the guest (/etc/qemu/qemu-ga.conf)", error);

    private DoppelException Nonsense(string what, Exception? exception = null) => new(ErrorKind.Unreachable, $"{Name}: the guest's agent answers nonsense: {AgentMessage.Plain(what)}", "restart the agent in the guest", exception);
}
