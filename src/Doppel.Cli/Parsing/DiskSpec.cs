using Doppel.Backends.Disk;
using Doppel.Core.Errors;
using Doppel.Machine;

namespace Doppel.Cli.Parsing;

/// <summary><c>PATH[,ro|cow][,format=raw|qcow2][,backing=anywhere]</c>; a comma in the path is written twice.</summary>
internal static class DiskSpec
{
    /// <exception cref="DoppelException">It names no path, or has a setting that there is not.</exception>
    public static DiskConfig Parse(string text)
    {
        // No path holds a NUL, so it can stand for an escaped comma.
        string[] parts = [.. text.Replace(",,", "\0", StringComparison.Ordinal).Split(',').Select(p => p.Replace('\0', ','))];
        if (parts[0].Length == 0) throw new DoppelException(ErrorKind.Usage, $"--disk: '{text}' names no file", "--disk disk.img");
        var disk = new DiskConfig(parts[0]);
        foreach (string setting in parts.Skip(1))
        {
            disk = setting switch
            {
                "ro" => disk with { ReadOnly = true },
                "rw" => disk with { ReadOnly = false },
                "cow" => disk with { CopyOnWrite = true },
                "backing=anywhere" => disk with { AllowBackingAnywhere = true },
                _ when setting.StartsWith("format=", StringComparison.Ordinal) => disk with { Format = Choice.Parse<DiskFormat>("--disk format", setting["format=".Length..]) },
                _ => throw new DoppelException(ErrorKind.Usage, $"--disk: unknown setting '{setting}' in '{text}'", $"--disk {parts[0].Replace(",", ",,", StringComparison.Ordinal)},ro"),
            };
        }

        return disk;
    }
}
