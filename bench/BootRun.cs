using System.Diagnostics;
using System.Globalization;
using Doppel.Images.Store;

namespace Doppel.Bench;

/// <summary>A whole machine from the start of its process to the end: boots the default guest, runs `true`, powers off.</summary>
internal static class BootRun
{
    // In a shell, because only a parent learns what a process took.
    private const string Script = """TIMEFORMAT='%R %U %S'; cd "$1"; shift; { time "$@" </dev/null >out 2>err; } 2>times""";

    /// <exception cref="EngineMissingException">It is not offered here.</exception>
    /// <exception cref="RunFailedException">It did not end as it should.</exception>
    public static async Task<Measurement> MeasureAsync(Contender contender, GuestImage image, TimeSpan timeout)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("doppel-bench-");
        try
        {
            IReadOnlyList<string> command = contender.BootCommand(image, folder.FullName)!;
            using Process shell = Process.Start("bash", ["-c", Script, "bash", folder.FullName, .. command]);
            using var late = new CancellationTokenSource(timeout);
            try
            {
                await shell.WaitForExitAsync(late.Token);
            }
            catch (OperationCanceledException)
            {
                shell.Kill(entireProcessTree: true);
                await shell.WaitForExitAsync();
                throw new RunFailedException("it did not end in time", true);
            }

            string errors = await File.ReadAllTextAsync(Path.Combine(folder.FullName, "err"));
            if (shell.ExitCode == 2 && contender.IsDoppel) throw new EngineMissingException(errors.Split('\n')[0]);
            if (shell.ExitCode != 0) throw new RunFailedException($"{contender.Name} ended with code {shell.ExitCode}:\n{errors}", true);
            double[] times = [.. (await File.ReadAllTextAsync(Path.Combine(folder.FullName, "times"))).Split(' ').Select(t => double.Parse(t, CultureInfo.InvariantCulture))];
            return new Measurement("booted", TimeSpan.FromSeconds(times[0]), TimeSpan.FromSeconds(times[1] + times[2]));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
