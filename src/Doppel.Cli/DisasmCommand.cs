using System.CommandLine;
using System.Globalization;
using Doppel.Cli.Parsing;
using Doppel.Core.Errors;
using Doppel.Machine.Tools;

namespace Doppel.Cli;

/// <summary><c>doppel disasm FILE [ADDRESS]</c>: guest code as text, and what the translator makes of it.</summary>
internal static class DisasmCommand
{
    private enum PassChoice
    {
        All,
        None,
    }

    public static Command Create(CommandContext context)
    {
        var file = new Argument<string>("FILE") { Description = "An ELF file (executable, object or library), or raw code such as a kernel Image." };
        var from = new Argument<string?>("ADDRESS") { Arity = ArgumentArity.ZeroOrOne, Description = "Only from there; with --ir or --host, where the translated region begins." };
        var address = new Option<string?>("--address", "-a") { HelpName = "ADDRESS", Description = "The address of the first byte of raw code; default 0." };
        var symbol = new Option<string?>("--symbol", "-s") { HelpName = "NAME", Description = "Only this function of an ELF file." };
        var ir = new Option<bool>("--ir") { Description = "Shows the translator's operations for the region that begins there." };
        var host = new Option<bool>("--host") { Description = "Shows the code for this host for the region that begins there." };
        Option<string?> passes = OneOf<PassChoice>("--passes", "Whether --ir shows operations after the passes, or as the front end makes them; default all.");
        Option<string?> mode = OneOf<ListingMode>("--mode", "The privilege that --ir and --host translate for; default user.");
        var command = new Command("disasm", "Prints guest code as text, and what the translator makes of it.") { file, from, address, symbol, ir, host, passes, mode };
        HelpWithExamples.AddTo(command, """
            A region is what the translator makes one piece of code of: what is reached from its beginning by direct branches within the page. Without an
            ADDRESS and a symbol it begins where the file does.

            Examples:
              doppel disasm program.elf --symbol main
              doppel disasm fw_jump.bin --address 0x80000000
              doppel disasm program.elf --symbol main --ir --host
              doppel disasm Image --address 0x80200000 0x80201000 --ir --mode supervisor
            """);
        command.SetAction(parsed =>
        {
            ulong? start = parsed.GetValue(address) is { } text ? WholeNumber.ParseAddress("--address", text) : null;
            ulong? at = parsed.GetValue(from) is { } place ? WholeNumber.ParseAddress("ADDRESS", place) : null;
            bool shown = Choose(parsed, passes, PassChoice.All) == PassChoice.All;
            ListingMode privilege = Choose(parsed, mode, ListingMode.User);
            var options = new RegionListingOptions(parsed.GetValue(ir), parsed.GetValue(host), shown, privilege);
            string path = parsed.GetRequiredValue(file);
            if (at is not null && parsed.GetValue(symbol) is not null) throw Usage("a symbol and an ADDRESS are two beginnings", "one of the two");
            if (options.Ir || options.Host)
            {
                foreach (string line in RegionListing.Of(path, start, parsed.GetValue(symbol), at, options)) context.Out.WriteLine(line);
            }
            else
            {
                if (parsed.GetValue(passes) is not null || parsed.GetValue(mode) is not null) throw Usage("--passes and --mode are about translated code", "--ir or --host");
                foreach (CodeLine line in CodeListing.Of(path, start, parsed.GetValue(symbol)).SkipWhile(l => l.Address < at)) Write(context.Out, line);
            }

            context.Out.Flush();
        });
        return command;
    }

    private static DoppelException Usage(string message, string hint) => new(ErrorKind.Usage, message, hint);

    private static T Choose<T>(ParseResult parsed, Option<string?> option, T otherwise) where T : struct, Enum =>
        parsed.GetValue(option) is { } text ? Choice.Parse<T>(option.Name, text) : otherwise;

    private static Option<string?> OneOf<T>(string name, string description) where T : struct, Enum
    {
        var option = new Option<string?>(name) { HelpName = string.Join('|', Choice.Names<T>()), Description = description };
        option.CompletionSources.Add([.. Choice.Names<T>()]);
        return option;
    }

    private static void Write(TextWriter output, CodeLine line)
    {
        if (line.Section is not null) output.WriteLine($"\nsection {line.Section}:");
        if (line.Symbol is not null) output.WriteLine($"\n{line.Address:x16} <{line.Symbol}>:");
        string bits = line.Length == 2 ? line.Word.ToString("x4", CultureInfo.InvariantCulture) : line.Word.ToString("x8", CultureInfo.InvariantCulture);
        output.WriteLine($"{line.Address,16:x}:  {bits,-8}  {line.Text}");
    }
}
