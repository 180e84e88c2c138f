using Doppel.Backends.Net.User;
using Doppel.Core.Errors;

namespace Doppel.Cli.Parsing;

/// <summary>Port forwards on the command line.</summary>
internal static class ForwardSpec
{
    /// <exception cref="DoppelException">Of kind <see cref="ErrorKind.Usage"/>, naming the flag.</exception>
    public static PortForward Parse(string flag, string text)
    {
        try
        {
            return PortForward.Parse(text);
        }
        catch (DoppelException exception) when (exception.Kind == ErrorKind.Usage)
        {
            throw new DoppelException(ErrorKind.Usage, $"{flag}: {exception.Message}", exception.Hint, exception);
        }
    }
}
