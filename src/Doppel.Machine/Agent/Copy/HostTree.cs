using Doppel.Host.Files;

namespace Doppel.Machine.Agent.Copy;

/// <summary>
/// Puts what a guest sends below one place of the host's, and nothing anywhere else: names lead only into folders that this copy has made or entered itself, files are made anew instead of
/// written through what is there, and links are made but never followed.
/// </summary>
/// <param name="root">Where the first item goes; its folder is there.</param>
internal sealed class HostTree(string root)
{
    private const UnixFileMode WhileCopying = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly Dictionary<string, UnixFileMode> _folders = [];
    private readonly HashSet<string> _files = [];

    /// <summary>Sockets, devices and the like, which were left out.</summary>
    public int LeftOut { get; private set; }

    /// <summary>Whether anything has come.</summary>
    public bool IsEmpty => _folders.Count == 0 && _files.Count == 0;

    /// <exception cref="InvalidDataException">Its name leads elsewhere.</exception>
    /// <exception cref="IOException">The host cannot have it.</exception>
    public async Task AddAsync(TarItem item, TarInput input, Action<int>? copied, CancellationToken cancel)
    {
        string path = Place(item.Name);
        switch (item.Kind)
        {
            case TarKind.Folder:
                Enter(path, item.Mode);
                break;
            case TarKind.File:
                Clear(path);
                var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
                if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
                using (var file = new FileStream(path, options)) await input.CopyContentAsync(file, copied, cancel).ConfigureAwait(false);
                if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, item.Mode);
                _files.Add(path);
                break;
            case TarKind.SymbolicLink when item.Link.Length > 0 && !item.Link.Contains('\0', StringComparison.Ordinal):
                Clear(path);
                File.CreateSymbolicLink(path, item.Link);
                break;
            case TarKind.HardLink:
                string first = Place(item.Link);
                if (!_files.Contains(first)) throw new InvalidDataException($"'{item.Name}' is another name of something that did not come");
                Clear(path);
                FileLink.LinkOrCopy(first, path);
                _files.Add(path);
                break;
            default:
                LeftOut++;
                break;
        }
    }

    /// <summary>Folders get their permissions at the end: before, one without write permission could not be filled.</summary>
    public void Finish()
    {
        if (OperatingSystem.IsWindows()) return;
        foreach ((string path, UnixFileMode mode) in _folders.OrderByDescending(f => f.Key.Length)) File.SetUnixFileMode(path, mode);
    }

    /// <summary>Its first part stands for the root, the rest goes below.</summary>
    private string Place(string name)
    {
        string[] parts = [.. name.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(p => p != ".")];
        if (parts.Length == 0 || parts.Any(p => p == ".." || p.Contains('\0', StringComparison.Ordinal) || p.Contains(Path.DirectorySeparatorChar) || p.Contains(Path.VolumeSeparatorChar) && OperatingSystem.IsWindows()))
            throw new InvalidDataException("a name in it leads elsewhere");
        string path = root;
        foreach (string part in parts.Skip(1))
        {
            if (!_folders.ContainsKey(path)) throw new InvalidDataException("a name in it leads elsewhere");
            path = Path.Combine(path, part);
        }

        return path;
    }

    private void Enter(string path, UnixFileMode mode)
    {
        var folder = new DirectoryInfo(path);
        if (folder.LinkTarget is not null || File.Exists(path)) throw new IOException($"{path} is no folder");
        if (!folder.Exists)
        {
            if (OperatingSystem.IsWindows()) folder.Create();
            else Directory.CreateDirectory(path, WhileCopying);
        }

        _folders[path] = mode;
    }

    private void Clear(string path)
    {
        var there = new FileInfo(path);
        if (there.LinkTarget is null && Directory.Exists(path)) throw new IOException($"{path} is a folder");
        File.Delete(path);
        _files.Remove(path);
    }
}
