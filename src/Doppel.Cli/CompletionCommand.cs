using System.CommandLine;
using Doppel.Cli.Parsing;

namespace Doppel.Cli;

/// <summary><c>doppel completion SHELL</c>: a script that teaches a shell to complete our command lines. The script asks <c>doppel [suggest]</c>.</summary>
internal static class CompletionCommand
{
    private enum Shell
    {
        Bash,
        Zsh,
        Fish,
    }

    private const string Bash = """
        _doppel() {
            local word=${COMP_WORDS[COMP_CWORD]} IFS=$'\n'
            COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "$word"))
        }
        complete -o default -F _doppel doppel
        """;

    private const string Zsh = """
        #compdef doppel
        _doppel() {
            local -a found
            found=("${(@f)$(${words[1]} "[suggest:${#BUFFER}]" "$BUFFER" 2>/dev/null)}")
            compadd -- $found || _files
        }
        compdef _doppel doppel
        """;

    private const string Fish = """
        function __doppel_complete
            set -l line (commandline -cp)
            doppel "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c doppel -a "(__doppel_complete)"
        """;

    public static Command Create(CommandContext context)
    {
        var shell = new Argument<string>("SHELL") { Description = string.Join(", ", Choice.Names<Shell>()) + "." };
        shell.CompletionSources.Add([.. Choice.Names<Shell>()]);
        var command = new Command("completion", "Prints a completion script for a shell.") { shell };
        HelpWithExamples.AddTo(command, """
            Examples:
              source <(doppel completion bash)
              doppel completion zsh > "${fpath[1]}/_doppel"
              doppel completion fish > ~/.config/fish/completions/doppel.fish
            """);
        command.SetAction(parsed => context.Out.WriteLine(Choice.Parse<Shell>("completion", parsed.GetRequiredValue(shell)) switch
        {
            Shell.Bash => Bash,
            Shell.Zsh => Zsh,
            _ => Fish,
        }));
        return command;
    }
}
