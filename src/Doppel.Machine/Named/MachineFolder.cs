using System.Text.Json;
using Doppel.Backends.Disk;
using Doppel.Core.Errors;
using Doppel.Host.Files;
using Doppel.Machine.Json;
using Doppel.Machine.Snapshots;

namespace Doppel.Machine.Named;

/// <summary>
/// The folder of one named machine: <c>machine.json</c> (what it is), <c>kernel</c>, <c>initrd</c>, <c>bios</c> (copies), <c>lock</c> (held by the process that
/// runs it), <c>control</c> (that process's socket), <c>started</c> (that it was), <c>end.json</c> (how its last run ended), <c>console.log</c>, <c>snapshots</c>.
/// </summary>
internal sealed class MachineFolder(string path)
{
    public string Path => path;

    public string Socket => File("control");

    public string Log => File("console.log");

    public SnapshotStore Snapshots => new(File("snapshots"));

    public string File(string name) => System.IO.Path.Combine(path, name);

    /// <summary>The path of a file for a disk, or a layer of it, that is not there yet: <c>disk0.qcow2</c>, <c>disk0.1.qcow2</c>, ….</summary>
    /// <param name="number">Of the disk, from 0.</param>
    public string NewDisk(int number, DiskFormat format)
    {
        string suffix = DiskFormats.Name(format);
        string file = File($"disk{number}.{suffix}");
        for (int i = 1; System.IO.Path.Exists(file); i++) file = File($"disk{number}.{i}.{suffix}");
        return file;
    }

    /// <summary>Whether a file has a name that we give to files of a disk, and nobody else is likely to.</summary>
    public static bool IsOfDisk(string name, int number) =>
        name == $"disk{number}-base" || name.Split('.') is [var disk, .. var rest] && disk == $"disk{number}" && rest switch
        {
            ["base" or "img" or "raw" or "qcow2"] => true,
            [var layer, "raw" or "qcow2"] => layer.Length is > 0 and <= 4 && layer.All(char.IsAsciiDigit),
            _ => false,
        };

    /// <summary>Whether a file is in this folder, and not only called so.</summary>
    public bool Holds(string path)
    {
        var file = new FileInfo(path);
        return file is { LinkTarget: null, Directory: { } directory } && Real(directory) == Real(new DirectoryInfo(Path));

        static string Real(DirectoryInfo folder) => FolderPath.Of(folder.FullName) ?? folder.FullName;
    }

    /// <exception cref="DoppelException">It is damaged, of a later version, or may not be read.</exception>
    public MachineRecord Read()
    {
        string file = File("machine.json");
        return Guard(file, () =>
        {
            MachineRecord record = StrictJson.Read(System.IO.File.ReadAllBytes(file), RecordJson.ReadMachine);
            if (record.Format == MachineRecord.CurrentFormat) return record;
            throw new DoppelException(ErrorKind.Corrupt, $"{file}: format {record.Format} is not known here", "use the version of Doppel that made it");
        });
    }

    public void Write(MachineRecord record) => AtomicFile.Write(File("machine.json"), StrictJson.Write(record, RecordJson.Write));

    /// <summary>How the last run ended; null if that is not known.</summary>
    /// <exception cref="DoppelException">The record is damaged or may not be read.</exception>
    public EndRecord? ReadEnd()
    {
        string file = File("end.json");
        return System.IO.File.Exists(file) ? Guard(file, () => StrictJson.Read(System.IO.File.ReadAllBytes(file), RecordJson.ReadEnd)) : null;
    }

    /// <summary>A run begins: how the last one ended is forgotten.</summary>
    public void WriteStart()
    {
        AtomicFile.Write(File("started"), []);
        System.IO.File.Delete(File("end.json"));
    }

    public void WriteEnd(EndRecord end) => AtomicFile.Write(File("end.json"), StrictJson.Write(end, RecordJson.Write));

    public bool WasStarted => System.IO.File.Exists(File("started"));

    /// <summary>Takes the machine for this process, until what is returned is disposed of, or the process ends in whatever way.</summary>
    /// <exception cref="DoppelException">Another process has it.</exception>
    public IDisposable Take(string name)
    {
        // Who only looks (IsTaken) holds the lock for a moment as well.
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return new FileStream(File("lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException exception) when (exception is not (FileNotFoundException or DirectoryNotFoundException))
            {
                if (attempt == 20) throw new DoppelException(ErrorKind.WrongState, $"{name}: it is running already", $"doppel console {name}", exception);
                Thread.Sleep(10);
            }
        }
    }

    /// <summary>Whether a process has the machine now.</summary>
    public bool IsTaken()
    {
        try
        {
            using var look = new FileStream(File("lock"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (DirectoryNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static T Guard<T>(string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (JsonException exception)
        {
            throw new DoppelException(ErrorKind.Corrupt, $"{file} is damaged: {exception.Message.TrimEnd('.')}", "remove the machine with doppel rm and make it anew", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new DoppelException(ErrorKind.Denied, $"{file} may not be read", "check its permissions", exception);
        }
    }
}
