using System.CommandLine;
using System.Text;
using Doppel.Backends.Console;
using Doppel.Core.Errors;

namespace Doppel.Cli.Portable;

/// <summary>Where a passphrase comes from: a file, the environment, or the terminal. Never an argument, which every user of the host can see.</summary>
internal sealed class PassphraseFlag(CommandContext context)
{
    public const string Variable = "DOPPEL_PASSPHRASE";

    private const int MaxLength = 4096;

    private readonly Option<string?> _file = new("--passphrase-file") { HelpName = "FILE", Description = $"The passphrase is the first line of this file; else it is in {Variable}, or asked for at the terminal." };

    public void AddTo(Command command) => command.Add(_file);

    public bool IsUsed(ParseResult parsed) => parsed.GetValue(_file) is not null;

    /// <param name="isNew">A new one is asked for twice.</param>
    /// <exception cref="DoppelException">There is none.</exception>
    public string Read(ParseResult parsed, string file, bool isNew)
    {
        string passphrase = parsed.GetValue(_file) is { } path ? FirstLine(path)
            : context.Variable(Variable) is { } value ? value
            : context.InputIsTerminal && context.ErrorIsTerminal ? Ask(file, isNew)
            : throw new DoppelException(ErrorKind.Usage, $"{file}: there is no passphrase, and no terminal to ask for one", $"--passphrase-file FILE, or {Variable} in the environment");
        return passphrase.Length > 0 ? passphrase : throw new DoppelException(ErrorKind.Usage, $"{file}: the passphrase is empty", "a passphrase of several words");
    }

    private string Ask(string file, bool isNew)
    {
        string passphrase = Prompt($"passphrase for {file}: ");
        if (isNew && Prompt("the same once more: ") != passphrase) throw new DoppelException(ErrorKind.Usage, "the two passphrases are not the same", "type it once more");
        return passphrase;
    }

    private string Prompt(string text)
    {
        context.Error.Write(text);
        context.Error.Flush();
        try
        {
            return HiddenLine.Read();
        }
        finally
        {
            context.Error.WriteLine();
        }
    }

    private static string FirstLine(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            byte[] bytes = new byte[MaxLength];
            int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, length).Split('\n')[0].TrimEnd('\r');
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DoppelException(ErrorKind.NotFound, $"{path} does not exist", "check the path", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new DoppelException(ErrorKind.Denied, $"{path} may not be read", "check its permissions", exception);
        }
        catch (DecoderFallbackException exception)
        {
            throw new DoppelException(ErrorKind.Usage, $"{path}: its first line is no text", "a passphrase in UTF-8", exception);
        }
    }
}
