namespace Doppel.Cli.Output;

/// <summary>The names of <c>--format</c>.</summary>
internal enum OutputFormat
{
    Table,
    Json,
}
