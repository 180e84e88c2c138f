using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using Doppel.Cli.Disk;
using Doppel.Cli.Output;
using Doppel.Cli.Parsing;
using Doppel.Core.Errors;
using Doppel.Images.Store;
using Doppel.Machine.Guests;

namespace Doppel.Cli;

/// <summary><c>doppel image ls|pull|build|rm</c>: the guests in the cache.</summary>
internal static class ImageCommand
{
    public static Command Create(CommandContext context) => new("image", "Lists, fetches, builds and deletes guests.")
    {
        List(context),
        Pull(context),
        Build(context),
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
            Listing.Write(context, parsed.GetValue(format), rows, () => ImageJson.Default.IReadOnlyListImageRow,
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
            await PullAsync(context, new GuestImageRequest(request.Name, request.Packages.Concat(parsed.GetValue(package) ?? [])), cancel).ConfigureAwait(false);
        });
        return command;
    }

    private static Command Build(CommandContext context)
    {
        Argument<string> name = new("NAME") { Description = $"Which guest: {GuestImageRequest.DebianName}." };
        name.CompletionSources.Add(GuestImageRequest.DebianName);
        var package = new Option<string[]>("--package") { HelpName = "NAME", Description = "Adds a Debian package; may be repeated.", Arity = ArgumentArity.OneOrMore };
        var size = new Option<string?>("--size") { HelpName = "SIZE", Description = $"How large the disk is for the guest; default {GuestImageRequest.DefaultDiskBytes >> 30}G. What is not written takes no room." };
        var command = new Command("build", "Makes a guest with a disk from Debian's packages, in a guest.") { name, package, size };
        HelpWithExamples.AddTo(command, """
            Nobody need be root, and nothing is needed on this machine: a small guest makes the file system and runs Debian's own dpkg. What is in the cache already
            is made anew only when Debian's packages have changed.

            Examples:
              doppel image build debian
              doppel image build debian --package gcc --package python3 --size 20G
              doppel run debian                         builds it too, if it is not there yet
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            GuestImageRequest request = GuestImageRequest.Parse(parsed.GetRequiredValue(name));
            request = new GuestImageRequest(request.Name, request.Packages.Concat(parsed.GetValue(package) ?? []))
            {
                DiskBytes = parsed.GetValue(size) is { } text ? (long)MemorySize.Parse("--size", text) : null,
            };
            if (!request.HasDisk) throw new DoppelException(ErrorKind.Usage, $"'{request.Name}' has no disk to be built", $"doppel image pull {request.Name}, or doppel image build {GuestImageRequest.DebianName}");
            await PullAsync(context, request, cancel).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task PullAsync(CommandContext context, GuestImageRequest request, CancellationToken cancel)
    {
        using var interruption = new Interruption(cancel);
        using var store = new ImageStore(runner: new GuestRunner());
        GuestImage image;
        using (var progress = new PullProgressLine(context, TimeProvider.System))
        {
            image = await store.PullAsync(request, progress, interruption.Token).ConfigureAwait(false);
            progress.Ready();
        }

        await context.Out.WriteLineAsync($"{image.Name} {image.Version}").ConfigureAwait(false);
    }

    private static Command Remove(CommandContext context)
    {
        Argument<string[]> names = new("NAME") { HelpName = "NAME", Arity = ArgumentArity.OneOrMore, Description = "Which guests; see doppel image ls." };
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
