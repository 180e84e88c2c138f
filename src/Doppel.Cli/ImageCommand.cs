using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using Doppel.Cli.Output;
using Doppel.Cli.Parsing;
using Doppel.Images.Store;

namespace Doppel.Cli;

/// <summary><c>doppel image ls|pull|rm</c>: the guests in the cache.</summary>
internal static class ImageCommand
{
    public static Command Create(CommandContext context) => new("image", "Lists, fetches and deletes guests.")
    {
        List(context),
        Pull(context),
        Remove(context),
    };

    private static Command List(CommandContext context)
    {
        Option<string?> format = Listing.FormatOption();
        var command = new Command("ls", "Lists the guests in the cache.") { format };
        command.SetAction(parsed =>
        {
            using var store = new ImageStore();
            ImageRow[] rows = [.. store.List().Select(ImageRow.Of)];
            Listing.Write(context, parsed.GetValue(format), rows, ImageJson.Default.IReadOnlyListImageRow,
                new("NAME", r => r.Name), new("VERSION", r => r.Version), new("SIZE", r => MemorySize.Format(r.SizeBytes)),
                new("CREATED", r => r.Created.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)), new("VERIFIED", r => r.SignatureVerified ? "signature" : "checksums"));
        });
        return command;
    }

    private static Command Pull(CommandContext context)
    {
        Argument<string?> name = NameArgument(ArgumentArity.ZeroOrOne, $"Which guest; default {GuestImageRequest.DefaultName}.");
        var package = new Option<string[]>("--package") { HelpName = "NAME", Description = "Adds a Debian package; may be repeated.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("pull", "Fetches a guest, or brings it up to the mirror's state.") { name, package };
        command.SetAction(async (parsed, cancel) =>
        {
            GuestImageRequest request = GuestImageRequest.Parse(parsed.GetValue(name) ?? GuestImageRequest.DefaultName);
            request = new GuestImageRequest(request.Name, request.Packages.Concat(parsed.GetValue(package) ?? []));
            using var store = new ImageStore();
            GuestImage image;
            using (var progress = new PullProgressLine(context, TimeProvider.System)) image = await store.PullAsync(request, progress, cancel).ConfigureAwait(false);
            await context.Out.WriteLineAsync($"{image.Name} {image.Version}").ConfigureAwait(false);
        });
        return command;
    }

    private static Command Remove(CommandContext context)
    {
        Argument<string[]> names = new("NAME") { Arity = ArgumentArity.OneOrMore, Description = "Which guests." };
        names.CompletionSources.Add(_ => CachedNames());
        var command = new Command("rm", "Deletes guests from the cache.") { names };
        command.SetAction(async (parsed, cancel) =>
        {
            using var store = new ImageStore();
            foreach (string name in parsed.GetRequiredValue(names))
            {
                await store.RemoveAsync(name, cancel).ConfigureAwait(false);
                await context.Out.WriteLineAsync(name).ConfigureAwait(false);
            }
        });
        return command;
    }

    private static Argument<string?> NameArgument(ArgumentArity arity, string description)
    {
        var argument = new Argument<string?>("NAME") { Arity = arity, Description = description };
        argument.CompletionSources.Add([.. ImageStore.KnownImages]);
        return argument;
    }

    private static IEnumerable<string> CachedNames()
    {
        using var store = new ImageStore();
        return [.. store.List().Select(i => i.Name)];
    }
}

/// <summary>A guest in the cache, as it is listed.</summary>
internal sealed record ImageRow(string Name, string Version, long SizeBytes, DateTimeOffset Created, string Source, bool SignatureVerified, IReadOnlyList<string> Packages)
{
    public static ImageRow Of(GuestImage image) => new(image.Name, image.Version, image.SizeBytes, image.Created, image.Source, image.SignatureVerified, image.Packages);
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<ImageRow>))]
internal sealed partial class ImageJson : JsonSerializerContext;
