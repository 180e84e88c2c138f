using Doppel.Cli.Parsing;
using Doppel.Core.Errors;

namespace Doppel.Cli.Run;

/// <summary>Where trace lines go: a file, or standard error.</summary>
internal sealed class TraceOutput : IDisposable
{
    private readonly StreamWriter? _file;
    private readonly TextWriter _writer;

    /// <exception cref="DoppelException">The file cannot be written.</exception>
    public TraceOutput(TraceSpec spec, TextWriter error)
    {
        try
        {
            if (spec.File is not null) _file = new StreamWriter(spec.File, append: false, encoding: new System.Text.UTF8Encoding(false));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DoppelException(exception is UnauthorizedAccessException ? ErrorKind.Denied : ErrorKind.NotFound, $"--trace: {spec.File}: {exception.Message}", "--trace LIST:FILE with a file that can be written", exception);
        }

        _writer = _file ?? error;
    }

    public void WriteLine(string line) => _writer.WriteLine(line);

    public void Dispose()
    {
        _writer.Flush();
        _file?.Dispose();
    }
}
