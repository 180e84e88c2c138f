using Doppel.Core.Errors;
using Doppel.Host.Files;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Backends.Disk;

/// <summary>An image in a file or on a block device of the host, locked while it is open: one writer, or any number of readers, counting QEMU and its tools.</summary>
internal sealed class ImageFile : ImageStore
{
    private readonly SafeFileHandle _file;
    private readonly bool _locked;
    private readonly long _deviceLength;
    private volatile bool _readOnly;

    private ImageFile(SafeFileHandle file, string path, bool readOnly, bool locked)
    {
        _file = file;
        _locked = locked;
        Path = path;
        _readOnly = readOnly;
        // A block device has a length that files do not know, and that does not change.
        _deviceLength = RandomAccess.GetLength(file) == 0 ? FileRange.Length(file) : 0;
    }

    public override string Path { get; }

    public override bool ReadOnly => _readOnly;

    public override long Length => _deviceLength != 0 ? _deviceLength : RandomAccess.GetLength(_file);

    /// <summary>The file that was opened, with all links followed.</summary>
    public string RealPath => FilePath.Of(_file) ?? System.IO.Path.GetFullPath(Path);

    /// <summary>Opens an image and locks it.</summary>
    /// <param name="locked">Whether it is locked; without, what is read may change meanwhile.</param>
    /// <exception cref="DoppelException">There is none, it may not be used, or another machine has it.</exception>
    public static ImageFile Open(string path, bool readOnly, bool locked = true)
    {
        SafeFileHandle file = OpenFile(path, readOnly);
        try
        {
            if (locked && !DiskLock.TryTake(file, readOnly)) throw InUse(path, readOnly);
            return new ImageFile(file, path, readOnly, locked);
        }
        catch (Exception exception)
        {
            file.Dispose();
            if (exception is IOException or NotSupportedException) throw new DoppelException(ErrorKind.Failed, $"{path}: is not a disk image: {exception.Message.TrimEnd('.')}", inner: exception);
            throw;
        }
    }

    /// <summary>Makes a file that is not there yet, and locks it.</summary>
    /// <exception cref="DoppelException">There is one, or it cannot be made.</exception>
    public static ImageFile Create(string path)
    {
        try
        {
            SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            return new ImageFile(file, path, readOnly: false, locked: DiskLock.TryTake(file, readOnly: false));
        }
        catch (IOException) when (File.Exists(path))
        {
            throw new DoppelException(ErrorKind.WrongState, $"{path}: is there already", $"another name, or rm {path}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DoppelException(exception is UnauthorizedAccessException ? ErrorKind.Denied : ErrorKind.Failed, $"{path}: cannot be made: {exception.Message.TrimEnd('.')}", inner: exception);
        }
    }

    public override void SetLength(long length) => RandomAccess.SetLength(_file, length);

    public override int Read(long offset, Span<byte> buffer)
    {
        int done = 0;
        while (done < buffer.Length)
        {
            int read = RandomAccess.Read(_file, buffer[done..], offset + done);
            if (read == 0) break;
            done += read;
        }

        buffer[done..].Clear();
        return done;
    }

    public override void Write(long offset, ReadOnlySpan<byte> data) => RandomAccess.Write(_file, data, offset);

    public override void Flush() => FileRange.Flush(_file);

    public override bool TryPunchHole(long offset, long length) => FileRange.TryPunchHole(_file, offset, length);

    public override bool TryZero(long offset, long length) => FileRange.TryZero(_file, offset, length);

    public override bool TryClone(SafeFileHandle target) => _deviceLength == 0 && FileClone.TryClone(_file, target);

    public override (bool IsData, long End) Storage(long offset) => FileRange.Storage(_file, offset, Length);

    public override void EndWriting()
    {
        if (_readOnly) return;
        _readOnly = true;
        if (_locked) DiskLock.EndWriting(_file);
    }

    protected override void Dispose(bool disposing)
    {
        if (_locked && !_file.IsClosed) DiskLock.Release(_file, ReadOnly);
        _file.Dispose();
    }

    private static SafeFileHandle OpenFile(string path, bool readOnly)
    {
        if (Directory.Exists(path)) throw new DoppelException(ErrorKind.Failed, $"{path}: is a directory, not a disk image");
        if (PipeFile.IsAt(path)) throw new DoppelException(ErrorKind.Failed, $"{path}: is a pipe, not a disk image");
        try
        {
            FileAccess access = readOnly ? FileAccess.Read : FileAccess.ReadWrite;
            // On Linux the locks of DiskLock decide; the runtime's own would not be seen by QEMU, and would refuse what should be allowed.
            FileShare share = OperatingSystem.IsLinux() ? FileShare.ReadWrite | FileShare.Delete : readOnly ? FileShare.Read : FileShare.None;
            return File.OpenHandle(path, FileMode.Open, access, share, FileOptions.Asynchronous);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Explain(path, readOnly, exception);
        }
    }

    /// <summary>What an image that cannot be opened means for the user.</summary>
    internal static DoppelException Explain(string path, bool readOnly, Exception exception) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException =>
            new DoppelException(ErrorKind.NotFound, $"{path}: there is no such disk image", $"doppel disk create {path} 1G", exception),
        UnauthorizedAccessException when readOnly =>
            new DoppelException(ErrorKind.Denied, $"{path}: may not be read by this user", $"ls -l {path}", exception),
        UnauthorizedAccessException =>
            new DoppelException(ErrorKind.Denied, $"{path}: may not be written by this user", "use the disk read-only, or change its permissions", exception),
        _ => new DoppelException(ErrorKind.Failed, $"{path}: {exception.Message.TrimEnd('.')}", inner: exception),
    };

    private static DoppelException InUse(string path, bool readOnly) => new(
        ErrorKind.WrongState,
        $"{path}: another machine is using the disk",
        readOnly ? "stop the machine that writes to it, or copy the image" : "stop that machine, copy the image, or use it read-only in both");
}
