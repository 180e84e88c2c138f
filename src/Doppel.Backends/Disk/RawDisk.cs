using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Doppel.Host.Files;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Backends.Disk;

/// <summary>
/// A disk image that is the disk's bytes and nothing else, in a file or on a block device of the host. Sparse where the file system is. It is locked
/// while it is open: one writer, or any number of readers, counting QEMU and its tools.
/// </summary>
public sealed class RawDisk : IBlockBackend
{
    /// <summary>Zeroes are written in pieces of this size where the file system cannot make them.</summary>
    private const int ZeroPiece = 1 << 20;

    private readonly SafeFileHandle _file;

    private RawDisk(SafeFileHandle file, string path, long length, bool readOnly)
    {
        _file = file;
        Path = path;
        Length = length;
        ReadOnly = readOnly;
    }

    public string Path { get; }

    public long Length { get; }

    public bool ReadOnly { get; }

    public int BlockSize => DiskRange.BlockSize;

    /// <summary>Opens an image and locks it.</summary>
    /// <exception cref="DoppelException">There is none, it may not be used, it is no raw disk, or another machine has it.</exception>
    public static RawDisk Open(string path, bool readOnly = false)
    {
        SafeFileHandle file = OpenFile(path, readOnly);
        try
        {
            if (!DiskLock.TryTake(file, readOnly))
            {
                throw new DoppelException(
                    ErrorKind.WrongState,
                    $"{path}: another machine is using the disk",
                    readOnly ? "stop the machine that writes to it, or copy the image" : "stop that machine, copy the image, or use it read-only in both");
            }

            return new RawDisk(file, path, CheckedLength(file, path), readOnly);
        }
        catch (Exception exception)
        {
            file.Dispose();
            if (exception is IOException or NotSupportedException) throw new DoppelException(ErrorKind.Failed, $"{path}: is not a disk image: {exception.Message.TrimEnd('.')}", inner: exception);
            throw;
        }
    }

    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel = default)
    {
        DiskRange.Check(offset, buffer.Length, Length);
        while (!buffer.IsEmpty)
        {
            int read = await RandomAccess.ReadAsync(_file, buffer, offset, cancel).ConfigureAwait(false);
            if (read == 0) throw new IOException($"{Path} has become shorter than {Length} bytes");
            buffer = buffer[read..];
            offset += read;
        }
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancel = default)
    {
        CheckWritable(offset, data.Length);
        return RandomAccess.WriteAsync(_file, data, offset, cancel);
    }

    public ValueTask FlushAsync(CancellationToken cancel = default) =>
        ReadOnly ? ValueTask.CompletedTask : new ValueTask(Task.Run(() => FileRange.Flush(_file), cancel));

    public ValueTask DiscardAsync(long offset, long length, CancellationToken cancel = default)
    {
        CheckWritable(offset, length);
        // Where there are no holes to be made, the old bytes stay, which a discard allows.
        return length == 0 ? ValueTask.CompletedTask : new ValueTask(Task.Run(() => FileRange.TryPunchHole(_file, offset, length), cancel));
    }

    public ValueTask WriteZeroesAsync(long offset, long length, bool mayUnmap, CancellationToken cancel = default)
    {
        CheckWritable(offset, length);
        return length == 0 ? ValueTask.CompletedTask : new ValueTask(Task.Run(() => WriteZeroes(offset, length, mayUnmap, cancel), cancel));
    }

    public ValueTask DisposeAsync()
    {
        // Closing the file ends its locks.
        _file.Dispose();
        return ValueTask.CompletedTask;
    }

    private static SafeFileHandle OpenFile(string path, bool readOnly)
    {
        if (Directory.Exists(path)) throw new DoppelException(ErrorKind.Failed, $"{path}: is a directory, not a disk image");
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
            new DoppelException(ErrorKind.NotFound, $"{path}: there is no such disk image", $"truncate -s 1G {path}", exception),
        UnauthorizedAccessException when readOnly =>
            new DoppelException(ErrorKind.Denied, $"{path}: may not be read by this user", $"ls -l {path}", exception),
        UnauthorizedAccessException =>
            new DoppelException(ErrorKind.Denied, $"{path}: may not be written by this user", "use the disk read-only, or change its permissions", exception),
        _ => new DoppelException(ErrorKind.Failed, $"{path}: {exception.Message.TrimEnd('.')}", inner: exception),
    };

    private static long CheckedLength(SafeFileHandle file, string path)
    {
        long length = FileRange.Length(file);
        if (length == 0) throw new DoppelException(ErrorKind.Failed, $"{path}: the disk image is empty", $"truncate -s 1G {path}");
        if (DiskFormat.Recognize(file) is { } format)
        {
            throw new DoppelException(ErrorKind.Failed, $"{path}: is a {format} image; only raw images can be used", $"qemu-img convert -O raw {path} {path}.raw");
        }

        // A machine that rounded the length would hide the rest from the guest, or show bytes that are not there.
        if (length % DiskRange.BlockSize != 0)
        {
            throw new DoppelException(ErrorKind.Failed, $"{path}: {length} bytes are not whole sectors of {DiskRange.BlockSize} bytes", $"truncate -s %{DiskRange.BlockSize} {path}");
        }

        return length;
    }

    private void WriteZeroes(long offset, long length, bool mayUnmap, CancellationToken cancel)
    {
        if (mayUnmap && FileRange.TryPunchHole(_file, offset, length)) return;
        if (FileRange.TryZero(_file, offset, length)) return;
        byte[] zeroes = new byte[Math.Min(length, ZeroPiece)];
        for (long end = offset + length; offset < end; offset += zeroes.Length)
        {
            cancel.ThrowIfCancellationRequested();
            RandomAccess.Write(_file, zeroes.AsSpan(0, (int)Math.Min(zeroes.Length, end - offset)), offset);
        }
    }

    private void CheckWritable(long offset, long length)
    {
        if (ReadOnly) throw new IOException($"{Path} is read-only");
        DiskRange.Check(offset, length, Length);
    }
}
