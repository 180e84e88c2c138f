using Doppel.Core.Errors;
using Doppel.Machine;

namespace Doppel.Cli.Parsing;

/// <summary>Parses what <c>--net</c> is given: what the adapter is plugged into, and options behind commas.</summary>
internal static class NetworkSpec
{
    public const string None = "none";

    /// <exception cref="DoppelException">It makes no sense.</exception>
    public static NetworkConfig Parse(string text) =>
        text.Split(',')[0] == UserNetworkSpec.Name ? UserNetworkSpec.Parse(text) : throw new DoppelException(ErrorKind.Usage, $"--net: '{text}' is no network", "--net user, or --net none");
}
