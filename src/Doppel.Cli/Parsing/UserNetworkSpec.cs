using Doppel.Core.Errors;
using Doppel.Machine;

namespace Doppel.Cli.Parsing;

/// <summary><c>user[,net=CIDR][,restrict][,loopback][,no-private][,no-ipv6][,allow=DESTINATION][,deny=DESTINATION][,mac=ADDRESS][,capture=FILE]</c>.</summary>
internal static class UserNetworkSpec
{
    public const string Name = "user";

    /// <summary>Of the way out of a network with a name: the settings alone.</summary>
    /// <exception cref="DoppelException">It has a setting that there is not, or one that is an adapter's.</exception>
    public static UserNetworkSettings ParseSettings(string text)
    {
        NetworkConfig config = Parse("--uplink", text.Length == 0 ? Name : $"{Name},{text}");
        return config is { Mac: null, Capture: null } ? config.User! : throw new DoppelException(ErrorKind.Usage, "--uplink: mac and capture are settings of an adapter, not of a way out", "--net NAME,mac=ADDRESS");
    }

    /// <exception cref="DoppelException">It has a setting that there is not.</exception>
    public static NetworkConfig Parse(string text) => Parse("--net", text);

    private static NetworkConfig Parse(string flag, string text)
    {
        var user = new UserNetworkSettings();
        string? mac = null, capture = null;
        foreach (string setting in text.Split(',').Skip(1))
        {
            int equals = setting.IndexOf('=', StringComparison.Ordinal);
            string value = setting[(equals + 1)..];
            switch (equals < 0 ? setting : setting[..equals])
            {
                case "net" when equals > 0:
                    user = user with { Network = value };
                    break;
                case "allow" when equals > 0:
                    user = user with { Allow = [.. user.Allow, value] };
                    break;
                case "deny" when equals > 0:
                    user = user with { Deny = [.. user.Deny, value] };
                    break;
                case "mac" when equals > 0:
                    mac = value;
                    break;
                case "capture" when value.Length > 0 && equals > 0:
                    capture = value;
                    break;
                case "restrict" when equals < 0:
                    user = user with { Restrict = true };
                    break;
                case "loopback" when equals < 0:
                    user = user with { HostLoopback = true };
                    break;
                case "no-private" when equals < 0:
                    user = user with { PrivateNetworks = false };
                    break;
                case "no-ipv6" when equals < 0:
                    user = user with { V6 = false };
                    break;
                default:
                    throw new DoppelException(ErrorKind.Usage, $"{flag}: unknown setting '{setting}'", flag == "--net" ? "--net user,restrict,allow=192.0.2.0/24:443" : "--uplink restrict,allow=192.0.2.0/24:443");
            }
        }

        return new NetworkConfig { Kind = NetworkKind.User, User = user, Mac = mac, Capture = capture };
    }
}
