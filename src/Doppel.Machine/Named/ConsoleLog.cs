using Microsoft.Win32.SafeHandles;

namespace Doppel.Machine.Named;

/// <summary>What a guest has written to its consoles: a file of bounded size, and the one before it. Not thread-safe.</summary>
internal sealed class ConsoleLog : IDisposable
{
    /// <summary>Bytes after which a new file is begun.</summary>
    public const long MaxLength = 8 << 20;

    private readonly string _path;
    private SafeFileHandle? _file;
    private long _length;

    /// <exception cref="IOException">It cannot be written.</exception>
    public ConsoleLog(string path)
    {
        _path = path;
        Open(FileMode.OpenOrCreate);
    }

    /// <summary>Where what was written before the present file is.</summary>
    public static string Before(string path) => path + ".1";

    /// <summary>Appends. On a full disk the guest runs on, and the log lacks what did not fit; all that follows if no new file can be begun.</summary>
    public void Write(ReadOnlySpan<byte> data)
    {
        if (_file is null) return;
        try
        {
            if (_length + data.Length > MaxLength)
            {
                Dispose();
                File.Move(_path, Before(_path), overwrite: true);
                Open(FileMode.Create);
            }

            RandomAccess.Write(_file!, data, _length);
            _length += data.Length;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Nobody is there to be told; the console itself goes on.
        }
    }

    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    private void Open(FileMode mode)
    {
        _file = File.OpenHandle(_path, mode, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        _length = RandomAccess.GetLength(_file);
    }
}
