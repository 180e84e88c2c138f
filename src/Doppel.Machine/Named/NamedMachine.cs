using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Doppel.Backends.Net.User;
using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Doppel.Machine.Agent;
using Doppel.Machine.Named.Control;
using Doppel.Machine.Networks;
using Doppel.Machine.Portable;
using Doppel.Machine.Snapshots;

namespace Doppel.Machine.Named;

/// <summary>A machine of a <see cref="MachineStore"/>, running or not: what it is, what it does, and what it can be told. Thread-safe.</summary>
public sealed class NamedMachine
{
    private static readonly TimeSpan LookPatience = TimeSpan.FromSeconds(2);

    internal NamedMachine(string name, MachineFolder folder)
    {
        Name = name;
        Folder = folder;
    }

    public string Name { get; }

    internal MachineFolder Folder { get; }

    /// <summary>The file to which everything goes that the guest writes to its consoles; bounded, what is older is in the same with <c>.1</c> behind.</summary>
    public string LogPath => Folder.Log;

    /// <summary>What has been kept of it. Only this class takes new ones, and sets the machine back.</summary>
    public SnapshotStore Snapshots => Folder.Snapshots;

    /// <summary>What it is and what it is doing now.</summary>
    /// <exception cref="DoppelException">Its folder is gone or damaged.</exception>
    public async Task<MachineStatus> LookAsync(CancellationToken cancel = default)
    {
        MachineRecord record = Read();
        var status = new MachineStatus { Name = Name, Image = record.Image, Parent = record.Parent, Created = record.Created, Config = record.Config };
        if (Folder.IsTaken())
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(LookPatience);
            try
            {
                ControlReply reply = await AskAsync(ControlVerb.Status, limit.Token).ConfigureAwait(false);
                if (reply.State != NamedState.Stopped) return status with { State = reply.State, ProcessId = reply.ProcessId };
                await UntilFreeAsync(limit.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is DoppelException { Kind: ErrorKind.Unreachable } || (exception is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                if (Folder.IsTaken()) return status with { State = NamedState.Starting };
            }
        }

        if (new SuspendedState(Folder).IsThere) return status with { State = NamedState.Suspended };
        if (!Folder.WasStarted) return status;
        return Folder.ReadEnd() is { } end
            ? status with { State = NamedState.Stopped, Exit = new VmExit(end.Reason, end.ExitCode, end.Message), Ended = end.At }
            : status with { State = NamedState.Crashed };
    }

    /// <summary>Runs the machine to its end in this process.</summary>
    /// <param name="ready">Called when it runs and answers others.</param>
    /// <param name="alone">Whether this process is there for the machine only: then it leaves its terminal's session, and SIGTERM stops the machine.</param>
    /// <param name="start">Where it begins; if null, it boots, or goes on where it was suspended.</param>
    /// <exception cref="DoppelException">It is running already, or cannot be started.</exception>
    public Task<VmExit> RunHereAsync(Action? ready = null, bool alone = false, StartPoint? start = null) => MachineProcess.RunAsync(Name, Folder, ready ?? (() => { }), alone, start ?? new StartPoint());

    /// <summary>
    /// Starts the machine in a process of its own, which goes on when this one ends.
    /// </summary>
    /// <param name="command">
    /// A program and its arguments that calls <see cref="RunHereAsync"/> for this machine, writes a line to standard output when it is ready, and, if it fails before, a message and
    /// a hint to standard error, ending with an <see cref="ErrorKind"/> as its code: <c>doppel machine-process NAME</c>.
    /// </param>
    /// <exception cref="DoppelException">It is running already, or cannot be started.</exception>
    public async Task StartAsync(IReadOnlyList<string> command, CancellationToken cancel = default)
    {
        _ = Read();
        if (Folder.IsTaken()) throw new DoppelException(ErrorKind.WrongState, $"{Name}: it is running already", $"doppel console {Name}");
        var start = new ProcessStartInfo(command[0]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder.Path };
        foreach (string argument in command.Skip(1)) start.ArgumentList.Add(argument);
        // Of the command that starts it, and nothing for a process that lives long.
        start.Environment.Remove("DOPPEL_PASSPHRASE");
        using Process process = Process.Start(start) ?? throw new DoppelException(ErrorKind.Failed, $"{Name}: its process could not be started");
        process.StandardInput.Close();
        var errors = new StringBuilder();
        process.ErrorDataReceived += (_, line) =>
        {
            lock (errors) errors.AppendLine(line.Data);
        };
        process.BeginErrorReadLine();
        if (await process.StandardOutput.ReadLineAsync(cancel).ConfigureAwait(false) is not null) return;

        await process.WaitForExitAsync(cancel).ConfigureAwait(false);
        string[] lines = errors.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string Part(string prefix) => string.Join('\n', lines.Where(l => l.StartsWith(prefix, StringComparison.Ordinal)).Select(l => l[prefix.Length..]));
        string message = Part("doppel: ");
        ErrorKind kind = Enum.IsDefined((ErrorKind)process.ExitCode) ? (ErrorKind)process.ExitCode : ErrorKind.Failed;
        throw new DoppelException(kind, message.Length > 0 ? message : $"{Name}: its process ended with code {process.ExitCode} before it was ready", Part("try: ") is { Length: > 0 } hint ? hint : null);
    }

    /// <summary>Asks the guest to switch itself off, and pulls the plug if it has not done so in time.</summary>
    /// <returns>Whether the guest did it itself.</returns>
    /// <exception cref="DoppelException">It is not running, or paused.</exception>
    public async Task<bool> StopAsync(TimeSpan patience, CancellationToken cancel = default)
    {
        Task<VmExit> ended = WaitAsync(cancel);
        await AskRunningAsync(ControlVerb.PowerButton, cancel).ConfigureAwait(false);
        if (await Task.WhenAny(ended, Task.Delay(patience, cancel)).ConfigureAwait(false) == ended) return (await ended.ConfigureAwait(false)).Reason != VmExitReason.Stopped;
        await KillAsync(cancel).ConfigureAwait(false);
        return false;
    }

    /// <summary>Pulls the plug; disks are flushed. Returns when the machine has ended and can be started again.</summary>
    /// <exception cref="DoppelException">It is not running.</exception>
    public async Task KillAsync(CancellationToken cancel = default)
    {
        await AskRunningAsync(ControlVerb.Kill, cancel).ConfigureAwait(false);
        await UntilFreeAsync(cancel).ConfigureAwait(false);
    }

    /// <summary>Stops processors and guest time; see <see cref="VirtualMachine.PauseAsync"/>.</summary>
    public Task PauseAsync(CancellationToken cancel = default) => AskRunningAsync(ControlVerb.Pause, cancel);

    /// <summary>Goes on after <see cref="PauseAsync"/>.</summary>
    public Task ResumeAsync(CancellationToken cancel = default) => AskRunningAsync(ControlVerb.Resume, cancel);

    /// <summary>Presses the reset button.</summary>
    public Task ResetAsync(CancellationToken cancel = default) => AskRunningAsync(ControlVerb.Reset, cancel);

    /// <summary>Keeps the state of the running machine for children; see <see cref="MachineStore.ForkAsync"/>.</summary>
    /// <param name="progress">How much of its disks has been copied, from 0 to 1.</param>
    /// <returns>A connection that keeps it, and what it answered.</returns>
    internal async Task<(IAsyncDisposable Kept, ControlReply Reply)> KeepForForksAsync(IProgress<double>? progress, CancellationToken cancel)
    {
        _ = Read();
        if (!Folder.IsTaken()) throw NotRunning();
        return await ControlClient.OpenAsync(Folder.Socket, Name, new ControlRequest(ControlVerb.Fork), progress, cancel).ConfigureAwait(false);
    }

    /// <summary>
    /// Keeps what the machine is now: of a running or paused one all of it, while it goes on; of one that is switched off the disks.
    /// </summary>
    /// <param name="name">1 to 64 letters, digits, '.', '_' or '-', a letter or a digit first.</param>
    /// <param name="comment">One line, or null.</param>
    /// <param name="progress">From 0 to 1.</param>
    /// <exception cref="DoppelException">The name is taken or none, or the host cannot keep it: then nothing is there.</exception>
    public async Task<SnapshotInfo> SnapshotAsync(string name, string? comment = null, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        MachineRecord record = Read();
        Snapshots.RequireFree(name, comment);
        if (Folder.IsTaken())
        {
            await ControlClient.AskAsync(Folder.Socket, Name, new ControlRequest(ControlVerb.Snapshot, Snapshot: name, Comment: comment), progress, cancel).ConfigureAwait(false);
            return Snapshots.Get(name);
        }

        using IDisposable taken = Folder.Take(Name);
        if (await StoredDisks.CompleteAsync(Folder, record.Config, cancel).ConfigureAwait(false) is not null)
            throw new DoppelException(ErrorKind.WrongState, $"{Name}: setting it back to a snapshot was interrupted", $"doppel start {Name} completes it");
        using VmSnapshot disks = await StoredDisks.TakeAsync(record.Config).ConfigureAwait(false);
        return await Snapshots.SaveAsync(disks, name, comment, progress, cancel).ConfigureAwait(false);
    }

    /// <summary>
    /// Sets the machine back to a snapshot. A running or paused one goes on from there in its process; of one that is switched off the disks are set back, and it is started if the
    /// snapshot has the rest of it, too.
    /// </summary>
    /// <param name="start">
    /// Starts the machine from the snapshot; see <see cref="StartAsync"/>. Called if the machine is switched off, and the snapshot is of a machine that was not.
    /// </param>
    /// <exception cref="DoppelException">There is no such snapshot, it is damaged, or not of such a machine.</exception>
    public async Task RestoreAsync(string snapshot, Func<Task> start, CancellationToken cancel = default)
    {
        MachineRecord record = Read();
        SnapshotManifest manifest = Snapshots.Read(snapshot);
        Login.Forget();
        if (Folder.IsTaken())
        {
            if (manifest.State is null)
                throw new DoppelException(ErrorKind.WrongState, $"{Name}: '{snapshot}' has only its disks, as it was switched off then", $"doppel kill {Name}, and once more");
            await ControlClient.AskAsync(Folder.Socket, Name, new ControlRequest(ControlVerb.Restore, Snapshot: snapshot), null, cancel).ConfigureAwait(false);
        }
        else if (manifest.State is not null)
        {
            await start().ConfigureAwait(false);
        }
        else
        {
            using IDisposable taken = Folder.Take(Name);
            await StoredDisks.RestoreAsync(Folder, manifest, record.Config, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>What the machine and its engine have counted since it was started.</summary>
    public async Task<IReadOnlyDictionary<string, long>> StatisticsAsync(CancellationToken cancel = default) =>
        (await AskRunningAsync(ControlVerb.Statistics, cancel).ConfigureAwait(false)).Statistics ?? new Dictionary<string, long>();

    /// <summary>Which ports of the host lead to the guest.</summary>
    /// <exception cref="DoppelException">It is not running, or has no network whose ports could be forwarded.</exception>
    public async Task<IReadOnlyList<PortForward>> ForwardsAsync(CancellationToken cancel = default) =>
        [.. ((await AskRunningAsync(ControlVerb.Forwards, cancel).ConfigureAwait(false)).Forwards ?? []).Select(PortForward.Parse)];

    /// <summary>Makes a port of the host lead to the guest, until the machine ends.</summary>
    /// <returns>The forward with its port, if any was asked for.</returns>
    /// <exception cref="DoppelException">The port cannot be had, or as <see cref="ForwardsAsync"/>.</exception>
    public async Task<PortForward> AddForwardAsync(PortForward forward, CancellationToken cancel = default) =>
        PortForward.Parse((await AskRunningAsync(ControlVerb.AddForward, cancel, forward).ConfigureAwait(false)).Forwards?[0] ?? forward.ToString());

    /// <summary>The port of the host leads nowhere any more; connections that exist go on.</summary>
    /// <exception cref="DoppelException">There is no such forward, or as <see cref="ForwardsAsync"/>.</exception>
    public Task RemoveForwardAsync(PortForward forward, CancellationToken cancel = default) => AskRunningAsync(ControlVerb.RemoveForward, cancel, forward);

    /// <summary>Whether the guest takes TCP connections on a port; also if no port of the host leads there.</summary>
    /// <exception cref="DoppelException">As <see cref="ForwardsAsync"/>.</exception>
    public async Task<bool> TakesConnectionsAsync(ushort port, CancellationToken cancel = default) =>
        (await AskRunningAsync(ControlVerb.Probe, cancel, new PortForward { GuestPort = port }).ConfigureAwait(false)).Taken ?? false;

    /// <summary>Records the frames of an adapter, in the pcap format, until <paramref name="cancel"/> is cancelled, the machine ends or the output takes no more.</summary>
    /// <param name="open">Opens the output when it begins; it is disposed of in the end.</param>
    /// <param name="adapter">Which, from 0.</param>
    /// <returns>How many frames there were.</returns>
    /// <exception cref="DoppelException">It is not running, or has no such adapter.</exception>
    /// <exception cref="IOException">The output cannot be written.</exception>
    public async Task<long> CaptureAsync(Func<Stream> open, int adapter = 0, CancellationToken cancel = default)
    {
        _ = Read();
        if (!Folder.IsTaken()) throw NotRunning();
        (NetworkStream stream, _) = await ControlClient.OpenAsync(Folder.Socket, Name, new ControlRequest(ControlVerb.Capture, Adapter: adapter), null, cancel).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false)) return await CaptureLink.ReceiveAsync(stream, open, cancel).ConfigureAwait(false);
    }

    /// <summary>The user's key for the guest, and the keys of the guest's that the user knows.</summary>
    public MachineLogin Login => new(Name, Folder.File("ssh"));

    /// <summary>Whether the guest listens for a request to switch itself off.</summary>
    internal async Task<bool> HearsPowerAsync(CancellationToken cancel) => (await AskRunningAsync(ControlVerb.Status, cancel).ConfigureAwait(false)).HearsPower ?? false;

    /// <summary>Waits for the machine's end; of one that is not running, tells how its last run ended.</summary>
    /// <exception cref="DoppelException">It was never started, or its process died.</exception>
    public async Task<VmExit> WaitAsync(CancellationToken cancel = default)
    {
        if (Folder.IsTaken())
        {
            try
            {
                ControlReply reply = await AskAsync(ControlVerb.Wait, cancel).ConfigureAwait(false);
                await UntilFreeAsync(cancel).ConfigureAwait(false);
                if (reply.End is { } end) return new VmExit(end.Reason, end.ExitCode, end.Message);
            }
            catch (DoppelException exception) when (exception.Kind == ErrorKind.Unreachable)
            {
                await UntilFreeAsync(cancel).ConfigureAwait(false);
            }
        }

        MachineStatus status = await LookAsync(cancel).ConfigureAwait(false);
        return status.State switch
        {
            NamedState.Stopped => status.Exit!,
            NamedState.Created => throw new DoppelException(ErrorKind.WrongState, $"{Name}: it was never started", $"doppel start {Name}"),
            NamedState.Suspended => throw new DoppelException(ErrorKind.WrongState, $"{Name}: it is suspended", $"doppel start {Name}"),
            NamedState.Crashed => throw new DoppelException(ErrorKind.Failed, $"{Name}: its process ended without a word", $"doppel logs {Name}"),
            _ => await WaitAsync(cancel).ConfigureAwait(false),
        };
    }

    /// <summary>Connects to the agent in the guest. Whether there is one, and answers, shows with the first request.</summary>
    /// <exception cref="DoppelException">The machine is not running, is paused, or has no port for an agent.</exception>
    public async Task<GuestAgent> OpenAgentAsync(CancellationToken cancel = default)
    {
        _ = Read();
        if (!Folder.IsTaken()) throw NotRunning();
        (NetworkStream stream, _) = await ControlClient.OpenAsync(Folder.Socket, Name, new ControlRequest(ControlVerb.Agent), null, cancel).ConfigureAwait(false);
        return new GuestAgent(new AgentLink(Name, stream));
    }

    /// <summary>Connects a user's console to the guest's, until the machine ends or <paramref name="cancel"/> is cancelled.</summary>
    /// <param name="connected">Called when it is; what is typed reaches the guest from then on.</param>
    /// <exception cref="DoppelException">The machine is not running.</exception>
    public async Task AttachAsync(IConsoleBackend user, CancellationToken cancel = default, Action? connected = null)
    {
        if (!Folder.IsTaken()) throw NotRunning();
        (NetworkStream stream, _) = await ControlClient.OpenAsync(Folder.Socket, Name, new ControlRequest(ControlVerb.Console), null, cancel).ConfigureAwait(false);
        connected?.Invoke();
        await using (stream.ConfigureAwait(false)) await ConsoleLink.AttachAsync(stream, user, cancel).ConfigureAwait(false);
    }

    internal MachineRecord Read()
    {
        try
        {
            return Folder.Read();
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DoppelException(ErrorKind.NotFound, $"there is no machine '{Name}'", "doppel ls shows all", exception);
        }
    }

    private Task<ControlReply> AskAsync(ControlVerb verb, CancellationToken cancel, PortForward? forward = null) =>
        ControlClient.AskAsync(Folder.Socket, Name, new ControlRequest(verb, forward?.ToString()), null, cancel);

    private async Task<ControlReply> AskRunningAsync(ControlVerb verb, CancellationToken cancel, PortForward? forward = null)
    {
        _ = Read();
        return Folder.IsTaken() ? await AskAsync(verb, cancel, forward).ConfigureAwait(false) : throw NotRunning();
    }

    private async Task UntilFreeAsync(CancellationToken cancel)
    {
        while (Folder.IsTaken()) await Task.Delay(10, cancel).ConfigureAwait(false);
    }

    private DoppelException NotRunning() => new(ErrorKind.WrongState, $"{Name}: it is not running", $"doppel start {Name}");
}
