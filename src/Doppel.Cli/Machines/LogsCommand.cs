using System.CommandLine;
using Doppel.Cli.Parsing;
using Doppel.Machine.Named;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Cli.Machines;

/// <summary><c>doppel logs NAME</c>: what a guest has written to its consoles, as it wrote it.</summary>
internal static class LogsCommand
{
    private const int MaxLines = 1_000_000;

    public static Command Create(CommandContext context)
    {
        Argument<string> name = MachineNames.One();
        var follow = new Option<bool>("--follow", "-f") { Description = "Goes on with what is written from now on, until the machine ends." };
        var tail = new Option<string?>("--tail", "-n") { HelpName = "LINES", Description = "Only the last lines." };
        var command = new Command("logs", "Shows what a machine has written to its consoles.") { name, follow, tail };
        command.SetAction(async (parsed, cancel) =>
        {
            NamedMachine machine = new MachineStore().Get(parsed.GetRequiredValue(name));
            int? lines = parsed.GetValue(tail) is { } text ? WholeNumber.Parse("--tail", text, 0, MaxLines) : null;
            using Stream output = context.OpenOutput();
            byte[] log = File.Exists(machine.LogPath) ? ReadAll(machine.LogPath) : [];
            await output.WriteAsync(lines is { } count ? Last(log, count) : log, cancel).ConfigureAwait(false);
            await output.FlushAsync(cancel).ConfigureAwait(false);
            if (parsed.GetValue(follow)) await FollowAsync(machine, log.Length, output, cancel).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task FollowAsync(NamedMachine machine, long position, Stream output, CancellationToken cancel)
    {
        byte[] buffer = new byte[64 << 10];
        while (true)
        {
            // Looked at before the log is read, so that nothing is missed that was written in between.
            bool runs = (await machine.LookAsync(cancel).ConfigureAwait(false)).State is NamedState.Starting or NamedState.Running or NamedState.Paused;
            if (File.Exists(machine.LogPath))
            {
                using SafeFileHandle file = Open(machine.LogPath);
                if (RandomAccess.GetLength(file) < position) position = 0;
                for (int count; (count = RandomAccess.Read(file, buffer, position)) > 0; position += count) await output.WriteAsync(buffer.AsMemory(0, count), cancel).ConfigureAwait(false);
                await output.FlushAsync(cancel).ConfigureAwait(false);
            }

            if (!runs) return;
            await Task.Delay(200, cancel).ConfigureAwait(false);
        }
    }

    private static byte[] ReadAll(string path)
    {
        using SafeFileHandle file = Open(path);
        byte[] content = new byte[RandomAccess.GetLength(file)];
        int length = 0;
        for (int count; length < content.Length && (count = RandomAccess.Read(file, content.AsSpan(length), length)) > 0;) length += count;
        return content[..length];
    }

    private static SafeFileHandle Open(string path) => File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private static ReadOnlyMemory<byte> Last(byte[] log, int lines)
    {
        int start = log.Length;
        // The end of the last line ends no line before it.
        if (start > 0 && log[^1] == (byte)'\n') start--;
        while (lines > 0 && start > 0)
        {
            start = log.AsSpan(0, start).LastIndexOf((byte)'\n');
            if (start < 0) return log;
            lines--;
        }

        return start >= log.Length ? default : log.AsMemory(Math.Min(log.Length, start + 1));
    }
}
