using System.Diagnostics;

namespace Doppel.Tests.Conformance.Programs;

/// <summary>Runs a QEMU to its end.</summary>
internal static class QemuProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <exception cref="System.ComponentModel.Win32Exception">There is no such program.</exception>
    /// <exception cref="TimeoutException">It did not end within a minute; it is killed.</exception>
    public static (int Code, byte[] Output, string Errors) Run(string program, string[] arguments)
    {
        using var process = new Process();
        process.StartInfo = new(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        process.Start();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using var output = new MemoryStream();
        Task copy = process.StandardOutput.BaseStream.CopyToAsync(output);
        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end within a minute");
        }

        copy.Wait();
        return (process.ExitCode, output.ToArray(), errors.Result);
    }
}
