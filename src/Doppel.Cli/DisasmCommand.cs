using System.CommandLine;
using System.Globalization;
using Doppel.Cli.Parsing;
using Doppel.Machine.Tools;

namespace Doppel.Cli;

/// <summary><c>doppel disasm FILE</c>: guest code as text.</summary>
internal static class DisasmCommand
{
    public static Command Create(CommandContext context)
    {
        var file = new Argument<string>("FILE") { Description = "An ELF file (executable, object or library), or raw code." };
        var address = new Option<string?>("--address", "-a") { HelpName = "ADDRESS", Description = "The address of the first byte of raw code; default 0." };
        var symbol = new Option<string?>("--symbol", "-s") { HelpName = "NAME", Description = "Only this function of an ELF file." };
        var command = new Command("disasm", "Prints guest code as text.") { file, address, symbol };
        HelpWithExamples.AddTo(command, """
            Examples:
              doppel disasm program.elf --symbol main
              doppel disasm fw_jump.bin --address 0x80000000
            """);
        command.SetAction(parsed =>
        {
            ulong? start = parsed.GetValue(address) is { } text ? WholeNumber.ParseAddress("--address", text) : null;
            foreach (CodeLine line in CodeListing.Of(parsed.GetRequiredValue(file), start, parsed.GetValue(symbol))) Write(context.Out, line);
            context.Out.Flush();
        });
        return command;
    }

    private static void Write(TextWriter output, CodeLine line)
    {
        if (line.Section is not null) output.WriteLine($"\nsection {line.Section}:");
        if (line.Symbol is not null) output.WriteLine($"\n{line.Address:x16} <{line.Symbol}>:");
        string bits = line.Length == 2 ? line.Word.ToString("x4", CultureInfo.InvariantCulture) : line.Word.ToString("x8", CultureInfo.InvariantCulture);
        output.WriteLine($"{line.Address,16:x}:  {bits,-8}  {line.Text}");
    }
}
