using Doppel.Backends.Console;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Errors;
using Doppel.Machine.Named.Control;
using Doppel.Machine.Named.Forks;
using Doppel.Core.Net;

namespace Doppel.Machine.Named;

/// <summary>
/// The machines that have names: each a folder that says what it is, and, while it runs, a process of its own. There is no daemon; what is true is what the
/// folders and the locks of living processes say, so that it is also true after a process was killed or the host lost power. Thread-safe, between processes too.
/// </summary>
public sealed class MachineStore
{
    private const int MaxNameLength = 64;
    private readonly string _machines;

    /// <param name="folder">Instead of the usual one (DOPPEL_STATE, XDG_STATE_HOME/doppel, ~/.local/state/doppel).</param>
    public MachineStore(string? folder = null)
    {
        Folder = Path.GetFullPath(folder ?? DefaultFolder(Environment.GetEnvironmentVariable));
        _machines = Path.Combine(Folder, "machines");
    }

    /// <summary>Where the machines are.</summary>
    public string Folder { get; }

    /// <summary>All machines, by name. One that is damaged is there, too: what is asked of it says so.</summary>
    /// <exception cref="DoppelException">The folder may not be read.</exception>
    public IReadOnlyList<NamedMachine> List()
    {
        try
        {
            if (!Directory.Exists(_machines)) return [];
            return [.. Directory.GetDirectories(_machines).Where(d => IsName(Path.GetFileName(d))).Order(StringComparer.Ordinal).Select(d => new NamedMachine(Path.GetFileName(d), new MachineFolder(d)))];
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new DoppelException(ErrorKind.Denied, $"{_machines} may not be read", "set DOPPEL_STATE to a directory of your own", exception);
        }
    }

    /// <exception cref="DoppelException">There is none of that name.</exception>
    public NamedMachine Get(string name)
    {
        var folder = new MachineFolder(Path.Combine(_machines, name));
        if (IsName(name) && Directory.Exists(folder.Path)) return new NamedMachine(name, folder);
        throw new DoppelException(ErrorKind.NotFound, $"there is no machine '{name}'", "doppel ls shows all");
    }

    /// <summary>
    /// Makes a machine and does not start it. Kernel, initramfs and firmware are copied, and a disk that is to stay as it is gets a layer in the machine's folder,
    /// so that the machine needs no other files but its other disks.
    /// </summary>
    /// <param name="image">Which guest it is made from, to be shown.</param>
    /// <param name="console">Which console of the guest the keyboard goes to.</param>
    /// <param name="seed">Writes a disk that says who the machine is, to a file; it is told how the machine's user logs in. The disk becomes the last one.</param>
    /// <exception cref="DoppelException">The name is taken or no name, the configuration cannot work, or the host cannot keep it; nothing is left behind.</exception>
    public NamedMachine Create(VmConfig config, string? image = null, ConsoleRoute console = ConsoleRoute.Auto, Action<MachineLogin, string>? seed = null)
    {
        CheckName(config.Name);
        var problems = new ConfigProblems();
        _ = VmConfigValidator.Check(config, problems);
        problems.ThrowIfAny();

        using NewMachine made = Begin(config.Name);
        try
        {
            VmConfig kept = config with
            {
                Kernel = Copy(config.Kernel, made, "kernel"),
                Initrd = Copy(config.Initrd, made, "initrd"),
                Bios = Copy(config.Bios, made, "bios"),
                Networks = [.. config.Networks.Select(Keep)],
                Disks = [.. config.Disks.Select((d, i) => d.CopyOnWrite ? Layer(d, i, made) : d with { Path = Path.GetFullPath(d.Path) }), .. Seed(seed, config.Name, made)],
            };
            return made.Finish(new MachineRecord(MachineRecord.CurrentFormat, config.Name, TimeProvider.System.GetUtcNow(), image, console, kept));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw made.Failure(exception);
        }
    }

    /// <summary>
    /// Makes children of a running machine, each with a name and a process of its own, that go on from the moment of the call: running if the parent is, paused otherwise. They share its RAM
    /// copy-on-write, and those of its disks whose files are in its folder: it goes on in a further file there. What is in other files that it can write is copied once for all children, or cloned where the host's
    /// file system can; each child writes to an image of its own on that.
    /// </summary>
    /// <param name="names">Of the children; all must be free.</param>
    /// <param name="start">Starts a child where it is told; see <see cref="NamedMachine.StartAsync"/>. Called for several at a time; the child runs when it returns.</param>
    /// <param name="progress">From 0 to 1; twice, if there are disks to copy: once for them and once for the children.</param>
    /// <exception cref="DoppelException">The parent is not running, a name is taken or none: nothing was made. Or some children could not be started: the others run.</exception>
    public async Task ForkAsync(NamedMachine parent, IReadOnlyList<string> names, Func<NamedMachine, StartPoint, Task> start, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        foreach (string name in names)
        {
            CheckName(name);
            if (Directory.Exists(Path.Combine(_machines, name)) || names.Count(n => n == name) > 1) throw new DoppelException(ErrorKind.WrongState, $"there is a machine '{name}' already", $"another name, or doppel rm {name}");
        }

        (IAsyncDisposable kept, ControlReply reply) = await parent.KeepForForksAsync(progress, cancel).ConfigureAwait(false);
        await using (kept.ConfigureAwait(false))
        {
            var children = new ForkChildren(this, parent.Folder.Read(), reply, start);
            await children.MakeAsync(names, progress, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Begins a machine, whose folder is then filled.</summary>
    /// <exception cref="DoppelException">The name is taken or no name, or the host cannot keep it.</exception>
    internal NewMachine Begin(string name)
    {
        CheckName(name);
        try
        {
            PrivateFolder.Create(Folder);
            PrivateFolder.Create(_machines);
            return new NewMachine(_machines, name);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DoppelException(exception is IOException ? ErrorKind.Failed : ErrorKind.Denied, $"{name}: cannot be kept in {_machines}: {exception.Message.TrimEnd('.')}", "set DOPPEL_STATE to a directory that can be written", exception);
        }
    }

    /// <summary>Deletes a machine that is not running, with the layers in its folder. Other disks stay.</summary>
    /// <exception cref="DoppelException">It is running.</exception>
    public void Remove(NamedMachine machine)
    {
        using (machine.Folder.Take(machine.Name))
        {
            // Gone at once, whatever becomes of the rest.
            string gone = Path.Combine(_machines, $".gone-{Guid.NewGuid():n}");
            Directory.Move(machine.Folder.Path, gone);
            Directory.Delete(gone, recursive: true);
        }
    }

    /// <summary>An adapter keeps its address over all runs, and its file's place whoever starts the machine from wherever.</summary>
    private static NetworkConfig Keep(NetworkConfig network) =>
        network with { Mac = network.Mac ?? MacAddress.Random().ToString(), Capture = network.Capture is null ? null : Path.GetFullPath(network.Capture) };

    internal static string DefaultFolder(Func<string, string?> environment)
    {
        if (environment("DOPPEL_STATE") is { Length: > 0 } own) return own;
        // The XDG Base Directory Specification: relative paths are to be ignored.
        if (environment("XDG_STATE_HOME") is { Length: > 0 } xdg && Path.IsPathRooted(xdg)) return Path.Combine(xdg, "doppel");
        if (OperatingSystem.IsWindows()) return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "doppel", "state");
        string home = environment("HOME") is { Length: > 0 } value ? value : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (home.Length == 0) throw new DoppelException(ErrorKind.Failed, "there is no place for machines: HOME is not set", "set DOPPEL_STATE to a directory");
        return Path.Combine(home, ".local", "state", "doppel");
    }

    private static bool IsName(string name) =>
        name.Length is > 0 and <= MaxNameLength && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || "._-".Contains(c));

    private static void CheckName(string name)
    {
        if (!IsName(name))
            throw new DoppelException(ErrorKind.Usage, $"'{name}' is no name for a machine", $"1 to {MaxNameLength} letters, digits, '.', '_' or '-', a letter or a digit first");
    }

    private static string? Copy(string? source, NewMachine made, string name)
    {
        if (source is null) return null;
        File.Copy(source, made.Folder.File(name));
        return Path.Combine(made.FinalPath, name);
    }

    private static IEnumerable<DiskConfig> Seed(Action<MachineLogin, string>? write, string name, NewMachine made)
    {
        const string File = "seed.iso";
        if (write is null) yield break;
        write(new MachineLogin(name, made.Folder.File("ssh")), made.Folder.File(File));
        yield return new DiskConfig(Path.Combine(made.FinalPath, File), ReadOnly: true, Format: DiskFormat.Raw);
    }

    // The base comes along under a name of its own: its first name may go, as when an image is deleted.
    private static DiskConfig Layer(DiskConfig disk, int index, NewMachine made)
    {
        string below = $"disk{index}-base", layer = $"disk{index}.qcow2";
        DiskFormat format = disk.Format ?? DiskFormats.OfName(disk.Path);
        Host.Files.FileLink.LinkOrCopy(disk.Path, made.Folder.File(below));
        var options = new Qcow2Options { BackingName = below, BackingFormat = format };
        DiskImage.CreateQcow2(made.Folder.File(layer), DiskImage.SizeOfBacking(made.Folder.File(layer), options, allowAnywhere: false), options);
        return new DiskConfig(Path.Combine(made.FinalPath, layer));
    }
}
