using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Machine.Named;

/// <summary>What a guest has written to its consoles: a file of bounded size, and the one before it. Thread-safe.</summary>
/// <remarks>A thread of its own writes: a file system that is busy, as with a snapshot that is being made safe, can hold up who writes to it for a good while, and guests write to their consoles on their processors' threads.</remarks>
internal sealed class ConsoleLog : IDisposable
{
    /// <summary>Bytes after which a new file is begun.</summary>
    public const long MaxLength = 8 << 20;

    /// <summary>With more bytes than this on their way the guest has to wait for the file after all.</summary>
    private const int MaxPending = 1 << 20;

    private readonly object _lock = new();
    private readonly string _path;
    private readonly Thread _thread;
    private ArrayBufferWriter<byte> _pending = new();
    private SafeFileHandle? _file;
    private long _length;
    private bool _ends;

    /// <exception cref="IOException">It cannot be written.</exception>
    public ConsoleLog(string path)
    {
        _path = path;
        Open(FileMode.OpenOrCreate);
        _thread = new Thread(Serve) { IsBackground = true, Name = "doppel-log" };
        _thread.Start();
    }

    /// <summary>Where what was written before the present file is.</summary>
    public static string Before(string path) => path + ".1";

    /// <summary>Appends. On a full disk the guest runs on, and the log lacks what did not fit; all that follows if no new file can be begun.</summary>
    public void Write(ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            while (_pending.WrittenCount > MaxPending && !_ends) Monitor.Wait(_lock);
            if (_ends) return;
            _pending.Write(data);
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Returns when everything is in the file.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _ends = true;
            Monitor.PulseAll(_lock);
        }

        _thread.Join();
    }

    private void Serve()
    {
        var written = new ArrayBufferWriter<byte>();
        while (true)
        {
            lock (_lock)
            {
                while (_pending.WrittenCount == 0 && !_ends) Monitor.Wait(_lock);
                if (_pending.WrittenCount == 0) break;
                (_pending, written) = (written, _pending);
                Monitor.PulseAll(_lock);
            }

            Append(written.WrittenSpan);
            written.ResetWrittenCount();
        }

        _file?.Dispose();
    }

    private void Append(ReadOnlySpan<byte> data)
    {
        if (_file is null) return;
        try
        {
            if (_length + data.Length > MaxLength)
            {
                _file.Dispose();
                _file = null;
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

    private void Open(FileMode mode)
    {
        _file = File.OpenHandle(_path, mode, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        _length = RandomAccess.GetLength(_file);
    }
}
