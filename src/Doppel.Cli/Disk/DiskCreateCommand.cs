using System.CommandLine;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Cli.Parsing;
using Doppel.Core.Errors;

namespace Doppel.Cli.Disk;

/// <summary><c>doppel disk create IMAGE [SIZE]</c></summary>
internal static class DiskCreateCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> path = ImageFlags.Path(description: "The new image; must not be there yet.");
        var size = new Argument<string?>("SIZE") { Arity = ArgumentArity.ZeroOrOne, Description = "Such as 20G; on a layer below, default is its size." };
        Option<string?> format = ImageFlags.Format();
        Option<string?> backing = ImageFlags.Text("--backing", "FILE", "The image below: the new one holds only what differs from it.", "-b");
        Option<string?> backingFormat = ImageFlags.Format("--backing-format", "-F", "the image below");
        Option<bool> allow = ImageFlags.AllowBacking();
        var command = new Command("create", "Makes an empty image.") { path, size, format, backing, backingFormat, allow };
        var layout = new LayoutFlags(command);
        HelpWithExamples.AddTo(command, """
            The image below is named relative to the new image's folder, or absolutely. It must not be changed afterwards.

            Examples:
              doppel disk create disk.qcow2 20G
              doppel disk create disk.img 512M
              doppel disk create --backing base.qcow2 test.qcow2
              doppel disk create --subclusters --backing base.img --backing-format raw test.qcow2
            """);
        command.SetAction(parsed =>
        {
            string file = parsed.GetRequiredValue(path);
            DiskFormats.CheckName(file);
            DiskFormat kind = ImageFlags.Read(parsed, format) ?? DiskFormats.OfName(file);
            layout.CheckUnused(parsed, kind);
            Qcow2Options options = layout.Read(parsed);
            long? bytes = parsed.GetValue(size) is { } text ? (long)Math.Min(long.MaxValue, MemorySize.Parse("SIZE", text)) : null;
            if (parsed.GetValue(backing) is { } below)
            {
                if (kind == DiskFormat.Raw) throw new DoppelException(ErrorKind.Usage, "a raw image cannot lie on another one", $"doppel disk create --backing {below} {System.IO.Path.ChangeExtension(file, "qcow2")}");
                DiskFormat belowFormat = ImageFlags.Read(parsed, backingFormat) ?? DiskFormats.OfName(below);
                options = options with { BackingName = below, BackingFormat = belowFormat };
                long belowBytes = DiskImage.SizeOfBacking(file, options, parsed.GetValue(allow));
                bytes ??= belowBytes;
            }

            if (bytes is null) throw new DoppelException(ErrorKind.Usage, "the size is missing", $"doppel disk create {file} 20G");
            if (kind == DiskFormat.Raw) DiskImage.CreateRaw(file, bytes.Value);
            else DiskImage.CreateQcow2(file, bytes.Value, options);
            context.Out.WriteLine(file);
        });
        return command;
    }
}
