using Doppel.Core.Backends;
using Doppel.Core.Errors;

namespace Doppel.Backends.Console;

/// <summary>A log: the guest's output goes to a file, there is no input.</summary>
public sealed class FileConsole : IConsoleBackend, IDisposable
{
    private readonly FileStream _file;
    private readonly StreamConsole _console;

    /// <param name="path">Made anew or overwritten.</param>
    /// <exception cref="DoppelException">It cannot be opened.</exception>
    public FileConsole(string path)
    {
        try
        {
            _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new DoppelException(ErrorKind.Failed, $"console log {path}: {exception.Message}", "name a file in a directory that you may write to", exception);
        }

        _console = new StreamConsole(null, _file);
        _console.OutputBroken += () => Failed?.Invoke();
    }

    /// <summary>The file can no longer be written, for example because the disk is full.</summary>
    public event Action? Failed;

    public event Action? InputAvailable
    {
        add { }
        remove { }
    }

    public event Action? Resized
    {
        add { }
        remove { }
    }

    public bool InputEnded => true;

    public (int Columns, int Rows) Size => (0, 0);

    public void Write(ReadOnlySpan<byte> data) => _console.Write(data);

    public int Read(Span<byte> buffer) => 0;

    public void Dispose()
    {
        _console.Dispose();
        _file.Dispose();
    }
}
