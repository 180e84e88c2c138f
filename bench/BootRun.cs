using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Doppel.Images.Store;

namespace Doppel.Bench;

/// <summary>Boots, with the start of the process.</summary>
internal static class BootRun
{
    // In a shell, because only a parent learns what a process took.
    private const string Script = """TIMEFORMAT='%R %U %S'; cd "$1"; shift; { time "$@" </dev/null >out 2>err; } 2>times""";

    private static readonly Regex Prompt = new(@"\blogin: ?$");

    /// <exception cref="EngineMissingException">It is not offered here.</exception>
    /// <exception cref="RunFailedException">It did not end as it should.</exception>
    public static Task<Measurement> MeasureAsync(Contender contender, BenchGuest guest, Place place, TimeSpan timeout) =>
        place == Place.ToLogin ? ToLoginAsync(contender, guest, timeout) : ToPowerOffAsync(contender, guest.Image, timeout);

    /// <summary>Boots until the guest's serial console asks who is there.</summary>
    private static async Task<Measurement> ToLoginAsync(Contender contender, BenchGuest guest, TimeSpan timeout)
    {
        IReadOnlyList<string> command = contender.ConsoleCommand(guest);
        long started = Stopwatch.GetTimestamp();
        using Process process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var late = new CancellationTokenSource(timeout);
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var console = new StringBuilder();
        char[] buffer = new char[4096];
        try
        {
            while (!Prompt.IsMatch(console.ToString(Math.Max(0, console.Length - 80), Math.Min(80, console.Length))))
            {
                int count = await process.StandardOutput.ReadAsync(buffer, late.Token);
                if (count == 0)
                {
                    await process.WaitForExitAsync(late.Token);
                    if (process.ExitCode == 2 && contender.IsDoppel) throw new EngineMissingException((await errors).Split('\n')[0]);
                    throw new RunFailedException($"{contender.Name} ended with code {process.ExitCode} before the prompt{Message.After(console.ToString(), await errors)}", true);
                }

                console.Append(buffer, 0, count);
            }

            return new Measurement("booted", Stopwatch.GetElapsedTime(started), process.TotalProcessorTime);
        }
        catch (OperationCanceledException)
        {
            throw new RunFailedException($"there is no prompt after {timeout.TotalSeconds:0} s{Message.After(console.ToString(), "")}", true);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>Boots the default guest, runs `true` in it, and powers off.</summary>
    private static async Task<Measurement> ToPowerOffAsync(Contender contender, GuestImage image, TimeSpan timeout)
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
            if (shell.ExitCode != 0) throw new RunFailedException($"{contender.Name} ended with code {shell.ExitCode}{Message.After("", errors)}", true);
            double[] times = [.. (await File.ReadAllTextAsync(Path.Combine(folder.FullName, "times"))).Split(' ').Select(t => double.Parse(t, CultureInfo.InvariantCulture))];
            return new Measurement("booted", TimeSpan.FromSeconds(times[0]), TimeSpan.FromSeconds(times[1] + times[2]));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
