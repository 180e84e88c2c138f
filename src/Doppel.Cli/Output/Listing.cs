using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Doppel.Cli.Parsing;
using Spectre.Console;

namespace Doppel.Cli.Output;

/// <summary>A column of a table.</summary>
internal sealed record Column<T>(string Title, Func<T, string> Text);

/// <summary>Writes rows as a table for people or as one JSON array for programs.</summary>
internal static class Listing
{
    /// <summary>The flag that every listing verb has.</summary>
    public static Option<string?> FormatOption()
    {
        var option = new Option<string?>("--format") { HelpName = "table|json", Description = "How to print: table (default) or json, always one array." };
        option.CompletionSources.Add([.. Choice.Names<OutputFormat>()]);
        return option;
    }

    /// <param name="json">How rows become JSON; asked only if they do, since the serializer takes its time to know.</param>
    public static void Write<T>(CommandContext context, string? format, IReadOnlyList<T> rows, Func<JsonTypeInfo<IReadOnlyList<T>>> json, params IReadOnlyList<Column<T>> columns)
    {
        if (Choice.Parse<OutputFormat>("--format", format ?? "table") == OutputFormat.Json) context.Out.WriteLine(JsonSerializer.Serialize(rows, json()));
        else WriteTable(context, rows, columns);
    }

    private static void WriteTable<T>(CommandContext context, IReadOnlyList<T> rows, IReadOnlyList<Column<T>> columns)
    {
        using var text = new StringWriter();
        bool colour = context.OutputIsTerminal && context.Colour;
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = colour ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = colour ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(text),
        });
        // Rows are one line each, however long: programs read them, and terminals wrap them well enough.
        console.Profile.Width = 10_000;
        var table = new Table { Border = TableBorder.None };
        for (int i = 0; i < columns.Count; i++)
        {
            table.AddColumn(new TableColumn(new Text(columns[i].Title, new Style(decoration: Decoration.Bold))) { Padding = new Padding(0, 0, 2, 0), NoWrap = true });
        }

        foreach (T row in rows) table.AddRow(columns.Select(c => new Text(c.Text(row))));
        console.Write(table);
        // The table fills its last column with blanks; nobody wants them.
        foreach (string line in text.ToString().TrimEnd().Split('\n')) context.Out.WriteLine(line.TrimEnd());
    }
}
