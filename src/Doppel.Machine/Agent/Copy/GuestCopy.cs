using System.Globalization;
using System.IO.Pipes;
using System.Text;
using Doppel.Core.Errors;

namespace Doppel.Machine.Agent.Copy;

/// <summary>
/// Copies files and folders between the host and a guest, by tar in the guest and its agent. Permissions are kept, owners are not; links within folders stay links. A target that is a folder gets the
/// source under its own name, as with cp.
/// </summary>
public sealed class GuestCopy(GuestAgent agent)
{
    private const int NotThere = 3;
    private const int Special = 4;

    /// <summary>Says what a path leads to (f or d), how many bytes that has, and where it is, links followed.</summary>
    private const string Look = """
        p=$(readlink -f -- "$1") && [ -e "$p" ] || exit 3
        if [ -d "$p" ]; then k=d; elif [ -f "$p" ]; then k=f; else exit 4; fi
        n=$(du -sb -- "$p" 2> /dev/null | cut -f 1)
        printf '%s %s %s' "$k" "${n:-0}" "$p"
        """;

    /// <summary>Whether a target is a folder, or its folder is one.</summary>
    private const string LookAtTarget = """
        [ -d "$1" ] && exit 0
        [ -d "$(dirname -- "$1")" ] && exit 10
        exit 3
        """;

    private const int IsNew = 10;

    /// <summary>Copies into the guest.</summary>
    /// <param name="source">A path of the host's.</param>
    /// <param name="target">A whole path of the guest's.</param>
    /// <param name="progress">From 0 to 1.</param>
    /// <exception cref="DoppelException">Something is not there, or one side cannot have it; some of it may have been copied.</exception>
    public async Task ToGuestAsync(string source, string target, bool recursive, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        string origin = Path.GetFullPath(Path.TrimEndingDirectorySeparator(source));
        string real = File.ResolveLinkTarget(origin, returnFinalTarget: true)?.FullName ?? origin;
        bool isFolder = Directory.Exists(real);
        if (!isFolder && !File.Exists(real)) throw new DoppelException(ErrorKind.NotFound, $"there is no '{source}'", "a file or folder of this host");
        if (isFolder && !recursive) throw FolderWithoutFlag(source);
        (string folder, string name) = await TargetAsync(target, Path.GetFileName(origin), cancel).ConfigureAwait(false);

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var archive = new AnonymousPipeServerStream(PipeDirection.Out);
        using var input = new AnonymousPipeClientStream(PipeDirection.In, archive.ClientSafePipeHandle);
        var complaint = new FirstBytes();
        Task<int> unpacking = agent.ExecuteAsync(new GuestCommand(["tar", "-x", "-p", "--no-same-owner", "-f", "-", "-C", folder]), new GuestStreams(Stream.Null, complaint) { Input = input }, ended.Token);
        var packing = new HostArchive(real, name, isFolder, progress);
        Task sending = packing.WriteAsync(archive, ended.Token);
        try
        {
            if (await Task.WhenAny(sending, unpacking).ConfigureAwait(false) == sending) await sending.ConfigureAwait(false);
            archive.Dispose();
            int code = await unpacking.ConfigureAwait(false);
            if (code != 0) throw Failed($"to {target}", complaint, code);
            await sending.ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DoppelException(ErrorKind.Failed, $"{source}: {exception.Message.TrimEnd('.')}", "a file or folder that can be read", exception);
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            input.Dispose();
            await ((Task)unpacking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Copies out of the guest.</summary>
    /// <param name="source">A whole path of the guest's.</param>
    /// <param name="target">A path of the host's.</param>
    /// <param name="progress">From 0 to 1.</param>
    /// <returns>How many sockets, devices and the like were left out.</returns>
    /// <exception cref="DoppelException">Something is not there, or one side cannot have it; some of it may have been copied.</exception>
    public async Task<int> FromGuestAsync(string source, string target, bool recursive, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        (bool isFolder, long size, string real) = await LookAsync(source, cancel).ConfigureAwait(false);
        if (isFolder && !recursive) throw FolderWithoutFlag($"{agent.Name}:{source}");
        string root = Directory.Exists(target) ? Path.Combine(target, NameOf(source)) : Path.GetFullPath(Path.TrimEndingDirectorySeparator(target));
        if (!Directory.Exists(Path.GetDirectoryName(root))) throw new DoppelException(ErrorKind.NotFound, $"there is no folder '{Path.GetDirectoryName(root)}'", "make it first");

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var archive = new AnonymousPipeServerStream(PipeDirection.Out);
        using var input = new AnonymousPipeClientStream(PipeDirection.In, archive.ClientSafePipeHandle);
        var complaint = new FirstBytes();
        Task<int> packing = PackAsync(real, archive, complaint, ended.Token);
        var tree = new HostTree(root);
        try
        {
            await ReceiveAsync(new TarInput(input), tree, isFolder, size, progress, ended.Token).ConfigureAwait(false);
            int code = await packing.ConfigureAwait(false);
            if (code != 0 || tree.IsEmpty) throw Failed($"from {source}", complaint, code);
            return tree.LeftOut;
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            // An archive ends too early when tar does, and that is what is to be said.
            if (exception is EndOfStreamException && await packing.ConfigureAwait(false) is not 0 and var code) throw Failed($"from {source}", complaint, code);
            throw new DoppelException(ErrorKind.Unreachable, $"{agent.Name}: what the guest sends makes no sense: {AgentMessage.Plain(exception.Message)}", "tar of GNU or of busybox in the guest", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DoppelException(exception is IOException ? ErrorKind.Failed : ErrorKind.Denied, $"{target}: {AgentMessage.Plain(exception.Message)}", "another place, or more space", exception);
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            input.Dispose();
            await ((Task)packing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task ReceiveAsync(TarInput input, HostTree tree, bool isFolder, long size, IProgress<double>? progress, CancellationToken cancel)
    {
        long done = 0;
        while (await input.NextAsync(cancel).ConfigureAwait(false) is { } item)
        {
            if (tree.IsEmpty && item.Kind != (isFolder ? TarKind.Folder : TarKind.File)) throw new InvalidDataException("it is something else than it was before");
            if (!tree.IsEmpty && !isFolder) throw new InvalidDataException("more comes than one file");
            await tree.AddAsync(item, input, count => progress?.Report(Math.Min(1, (done += count) / Math.Max(1.0, size))), cancel).ConfigureAwait(false);
        }

        tree.Finish();
    }

    private async Task<int> PackAsync(string path, AnonymousPipeServerStream archive, FirstBytes complaint, CancellationToken cancel)
    {
        // However it ends, who reads must see the end.
        using (archive)
        {
            string[] command = ["tar", "-c", "-f", "-", "-C", ParentOf(path), "--", NameOf(path)];
            return await agent.ExecuteAsync(new GuestCommand(command), new GuestStreams(archive, complaint), cancel).ConfigureAwait(false);
        }
    }

    private async Task<(bool IsFolder, long Size, string Path)> LookAsync(string path, CancellationToken cancel)
    {
        CheckPath(path);
        (int code, byte[] output) = await agent.CaptureAsync(Look, path, cancel).ConfigureAwait(false);
        if (code == NotThere) throw new DoppelException(ErrorKind.NotFound, $"there is no {agent.Name}:{path}", $"doppel exec {agent.Name} -- ls {ParentOf(path)}");
        if (code == Special) throw new DoppelException(ErrorKind.Usage, $"{agent.Name}:{path} is neither a file nor a folder", $"doppel exec {agent.Name} -- cat {path} > FILE");
        string[] parts = Encoding.UTF8.GetString(output).Split(' ', 3);
        if (code != 0 || parts.Length != 3 || !parts[2].StartsWith('/')) throw new DoppelException(ErrorKind.Unreachable, $"{agent.Name}: the guest does not say what {path} is (code {code})", "a guest with readlink and tar");
        CheckPath(parts[2]);
        _ = long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long size);
        return (parts[0] == "d", size, parts[2]);
    }

    private async Task<(string Folder, string Name)> TargetAsync(string target, string name, CancellationToken cancel)
    {
        if (target != "/") CheckPath(target);
        (int code, _) = await agent.CaptureAsync(LookAtTarget, target, cancel).ConfigureAwait(false);
        if (code == 0) return (target, name);
        if (code == IsNew && !target.EndsWith('/')) return (ParentOf(target), NameOf(target));
        throw new DoppelException(ErrorKind.NotFound, $"there is no folder {agent.Name}:{(target.EndsWith('/') ? target : ParentOf(target))}", $"doppel exec {agent.Name} -- mkdir -p …");
    }

    private void CheckPath(string path)
    {
        if (!path.StartsWith('/') || path.Contains('\0', StringComparison.Ordinal)) throw new DoppelException(ErrorKind.Usage, $"{agent.Name}:{AgentMessage.Plain(path)} is no whole path", $"{agent.Name}:/root/{path}");
        if (NameOf(path) is "" or "." or "..") throw new DoppelException(ErrorKind.Usage, $"{agent.Name}:{path} has no name", "name a file or a folder, such as /srv/data");
    }

    private static string NameOf(string path) => path.TrimEnd('/').Split('/')[^1];

    private static string ParentOf(string path)
    {
        string trimmed = path.TrimEnd('/');
        int slash = trimmed.LastIndexOf('/');
        return slash <= 0 ? "/" : trimmed[..slash];
    }

    private DoppelException Failed(string what, FirstBytes complaint, int code) =>
        new(ErrorKind.Failed, $"{agent.Name}: copying {what} failed in the guest: {(complaint.Text.Length > 0 ? AgentMessage.Plain(complaint.Text) : $"tar ended with code {code}")}", "doppel exec shows more; a guest needs tar");

    private static DoppelException FolderWithoutFlag(string path) => new(ErrorKind.Usage, $"{path} is a folder", "doppel cp -r");
}
