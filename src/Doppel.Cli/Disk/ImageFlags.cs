using System.CommandLine;
using Doppel.Backends.Disk;
using Doppel.Cli.Parsing;

namespace Doppel.Cli.Disk;

/// <summary>Flags and arguments that the verbs on disk images share.</summary>
internal static class ImageFlags
{
    public static Argument<string> Path(string name = "IMAGE", string description = "A disk image.") => new(name) { Description = description };

    public static Option<string?> Format(string name = "--image-format", string alias = "-f", string what = "the image") =>
        Choices<DiskFormat>(name, $"Format of {what}; default qcow2 if its name ends so, else raw.", alias);

    public static Option<bool> AllowBacking() => new("--allow-backing") { Description = "Lets the image name files below it that lie outside of its folder." };

    public static Option<string?> Text(string name, string value, string description, params string[] aliases) => new(name, aliases) { HelpName = value, Description = description };

    public static Option<string?> Choices<T>(string name, string description, params string[] aliases) where T : struct, Enum
    {
        Option<string?> option = Text(name, string.Join('|', Choice.Names<T>()), description, aliases);
        option.CompletionSources.Add([.. Choice.Names<T>()]);
        return option;
    }

    public static DiskFormat? Read(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) is { } text ? Choice.Parse<DiskFormat>(option.Name, text) : null;

    public static DiskOpenOptions Options(ParseResult parsed, Option<string?> format, Option<bool>? allowBacking) =>
        new() { Format = Read(parsed, format), AllowBackingAnywhere = allowBacking is not null && parsed.GetValue(allowBacking) };
}
