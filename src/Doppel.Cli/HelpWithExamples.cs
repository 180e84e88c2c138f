using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Doppel.Cli;

/// <summary>The parser's help on a verb, then what it cannot know: examples and notes.</summary>
internal sealed class HelpWithExamples(string examples) : SynchronousCommandLineAction
{
    private readonly HelpAction _help = new();

    public override bool ClearsParseErrors => true;

    public static void AddTo(Command command, string examples) =>
        command.Add(new HelpOption("--help", "-h", "-?") { Action = new HelpWithExamples(examples), Description = "Shows this help." });

    public override int Invoke(ParseResult parseResult)
    {
        int code = _help.Invoke(parseResult);
        parseResult.InvocationConfiguration.Output.WriteLine(examples);
        return code;
    }
}
