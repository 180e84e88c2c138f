using System.Text;
using Doppel.Host.Files;

namespace Doppel.Machine.Snapshots;

/// <summary>
/// The folder of a store: <c>NAME.snapshot</c> (manifests), <c>layers/ID</c> (bytes of RAM and disks), <c>current</c> (the snapshot on which the machine's state is built),
/// <c>restoring</c> (the snapshot to which its disks are being set back), <c>lock</c> (held by who changes anything).
/// </summary>
internal sealed class SnapshotFolder(string path)
{
    /// <summary>Behind the names of files that are being written.</summary>
    public const string Unfinished = ".new";

    private const string ManifestSuffix = ".snapshot";
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    public string Path => path;

    private string Layers => System.IO.Path.Combine(path, "layers");

    public string Manifest(string name) => System.IO.Path.Combine(path, name + ManifestSuffix);

    public string Layer(Guid id) => System.IO.Path.Combine(Layers, id.ToString("n"));

    /// <summary>The snapshot on which the state of the machine is built; null if none.</summary>
    public Guid? Current
    {
        get => ReadId("current");
        set => WriteId("current", value);
    }

    /// <summary>The snapshot to which the machine's disks are being set back; null if they are whole.</summary>
    public Guid? Restoring
    {
        get => ReadId("restoring");
        set => WriteId("restoring", value);
    }

    /// <summary>The machine is what the snapshot says, its disks, too.</summary>
    public void Restored(Guid id)
    {
        if (Current != id) Current = id;
        Restoring = null;
    }

    public void Create()
    {
        foreach (string folder in (string[])[path, Layers])
        {
            if (Directory.Exists(folder)) continue;
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
            else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Names of the snapshots, in no order.</summary>
    public IReadOnlyList<string> Names() => !Directory.Exists(path) ? []
        : [.. Directory.GetFiles(path, "*" + ManifestSuffix).Select(f => System.IO.Path.GetFileName(f)[..^ManifestSuffix.Length]).Where(SnapshotName.IsValid)];

    /// <summary>Waits until nobody else changes the store, and keeps others from it until what is returned is disposed of, or the process ends.</summary>
    public async Task<IDisposable> LockAsync(CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                return new FileStream(System.IO.Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException exception) when (exception is not (FileNotFoundException or DirectoryNotFoundException))
            {
                await Task.Delay(LookAgain, cancel).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Deletes what nobody needs: files that were never finished, and layers that no snapshot refers to. Only with the lock.</summary>
    public void Sweep(IReadOnlySet<Guid> needed)
    {
        foreach (string file in Directory.GetFiles(path).Where(f => f.EndsWith(Unfinished, StringComparison.Ordinal))) File.Delete(file);
        foreach (string file in Directory.GetFiles(Layers))
        {
            if (!Guid.TryParseExact(System.IO.Path.GetFileName(file), "n", out Guid id) || !needed.Contains(id)) File.Delete(file);
        }
    }

    private Guid? ReadId(string name)
    {
        string file = System.IO.Path.Combine(path, name);
        try
        {
            string text = File.ReadAllText(file).TrimEnd('\n');
            return Guid.TryParseExact(text, "n", out Guid id) ? id : throw ManifestFile.Damaged(file, "it is no name of a snapshot");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private void WriteId(string name, Guid? id)
    {
        string file = System.IO.Path.Combine(path, name);
        if (id is { } value)
        {
            AtomicFile.Write(file, Encoding.ASCII.GetBytes(value.ToString("n") + "\n"));
        }
        else if (File.Exists(file))
        {
            File.Delete(file);
            AtomicFile.FlushFolder(path);
        }
    }
}
