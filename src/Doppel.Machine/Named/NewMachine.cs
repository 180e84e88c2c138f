using Doppel.Core.Errors;
using Doppel.Host.Files;

namespace Doppel.Machine.Named;

/// <summary>
/// A machine that is being made: a folder under another name, which becomes a machine when it is complete. What is disposed of before that leaves nothing behind; what a process
/// left that was killed meanwhile is deleted when the next machine is made.
/// </summary>
internal sealed class NewMachine : IDisposable
{
    private const string Prefix = ".new-";

    /// <summary>Younger ones may be just about to take their lock.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(1);

    private readonly string _machines;
    private readonly string _name;
    private readonly IDisposable _taken;
    private bool _finished;

    /// <param name="machines">The folder of all machines.</param>
    /// <exception cref="DoppelException">There is such a machine.</exception>
    /// <exception cref="IOException">There is no room.</exception>
    public NewMachine(string machines, string name)
    {
        _machines = machines;
        _name = name;
        FinalPath = Path.Combine(machines, name);
        if (Directory.Exists(FinalPath)) throw Taken();
        Sweep(machines);
        Folder = new MachineFolder(Path.Combine(machines, $"{Prefix}{Guid.NewGuid():n}"));
        PrivateFolder.Create(Folder.Path);
        _taken = Folder.Take(name);
    }

    /// <summary>Where its files are put.</summary>
    public MachineFolder Folder { get; }

    /// <summary>Where they will be.</summary>
    public string FinalPath { get; }

    /// <summary>It is a machine from now on.</summary>
    /// <exception cref="IOException">There is one of that name by now, or no room.</exception>
    public NamedMachine Finish(MachineRecord record)
    {
        Folder.Write(record);
        _taken.Dispose();
        Directory.Move(Folder.Path, FinalPath);
        _finished = true;
        AtomicFile.FlushFolder(_machines);
        return new NamedMachine(_name, new MachineFolder(FinalPath));
    }

    /// <summary>What went wrong, for users.</summary>
    public DoppelException Failure(Exception exception) => Directory.Exists(FinalPath) && !_finished
        ? Taken()
        : new DoppelException(exception is IOException ? ErrorKind.Failed : ErrorKind.Denied, $"{_name}: cannot be kept in {_machines}: {exception.Message.TrimEnd('.')}", "set DOPPEL_STATE to a directory that can be written", exception);

    public void Dispose()
    {
        _taken.Dispose();
        if (!_finished) Directory.Delete(Folder.Path, recursive: true);
    }

    private DoppelException Taken() => new(ErrorKind.WrongState, $"there is a machine '{_name}' already", $"another name, or doppel rm {_name}");

    private static void Sweep(string machines)
    {
        foreach (string path in Directory.EnumerateDirectories(machines, $"{Prefix}*"))
        {
            if (TimeProvider.System.GetUtcNow() - Directory.GetLastWriteTimeUtc(path) < Settled || new MachineFolder(path).IsTaken()) continue;
            try
            {
                Directory.Delete(path, recursive: true);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Somebody else is about it, or it is not ours to delete.
            }
        }
    }
}
