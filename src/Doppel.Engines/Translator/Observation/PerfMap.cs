using System.Globalization;
using System.Text;

namespace Doppel.Engines.Translator.Observation;

/// <summary>
/// Tells the host's profiler (Linux perf, tools/perf/Documentation/jit-interface.txt) the names of generated code: a line for each region in <c>/tmp/perf-PID.map</c>.
/// </summary>
/// <remarks>A place whose code is replaced gets another line; the profiler knows only that some of its samples belong to it.</remarks>
public sealed class PerfMap : ICodeObserver, IDisposable
{
    private readonly FileStream _file;

    private PerfMap(FileStream file) => _file = file;

    public bool SeesEntries => false;

    public bool WantsAnonymousCode => true;

    /// <summary>Where this process's file is.</summary>
    public static string Path => string.Create(CultureInfo.InvariantCulture, $"/tmp/perf-{Environment.ProcessId}.map");

    /// <summary>Begins the file, or goes on with it: other machines in this process may write there too.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It belongs to somebody else.</exception>
    public static PerfMap Open()
    {
        // Everybody may put a link there, to a file of ours.
        if (new FileInfo(Path).LinkTarget is not null) throw new UnauthorizedAccessException($"{Path} is a link");
        return new(new FileStream(Path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0));
    }

    public void Made(in ObservedCode code) =>
        _file.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{code.Host:x} {code.HostBytes:x} guest:0x{code.Address:x}\n")));

    public void Entered(int vcpu, ulong address, ulong page, string mode)
    {
    }

    public void Dispose() => _file.Dispose();
}
