using System.Globalization;
using System.Net;
using Doppel.Core.Errors;
using Doppel.Core.Net;
using Doppel.Machine;
using Doppel.Machine.Networks;

namespace Doppel.Cli.Parsing;

/// <summary>Parses what <c>--net</c> is given: what the adapter is plugged into, and options behind commas.</summary>
internal static class NetworkSpec
{
    public const string None = "none";
    private const string TapPrefix = "tap:";
    private const string Example = "--net user, --net NAME, --net tap:NAME or --net NAME,vlan=2,mac=02:00:5e:10:00:01";

    /// <exception cref="DoppelException">It makes no sense.</exception>
    public static NetworkConfig Parse(string text)
    {
        string[] parts = text.Split(',');
        if (parts[0] == UserNetworkSpec.Name) return UserNetworkSpec.Parse(text);
        NetworkConfig config = Target(parts[0]);
        foreach (string part in parts.Skip(1))
        {
            int equals = part.IndexOf('=');
            config = equals < 0 ? Flag(config, part, text) : Option(config, part[..equals], part[(equals + 1)..], text);
        }

        return config;
    }

    private static NetworkConfig Target(string target)
    {
        if (target.StartsWith(TapPrefix, StringComparison.Ordinal) && target.Length > TapPrefix.Length) return new NetworkConfig { Kind = NetworkKind.Tap, Name = target[TapPrefix.Length..] };
        if (NetworkStore.IsName(target)) return new NetworkConfig { Kind = NetworkKind.Named, Name = target };
        throw Usage($"--net: '{target}' is no network", Example);
    }

    private static NetworkConfig Flag(NetworkConfig config, string flag, string text) => flag switch
    {
        "isolated" => config with { Isolated = true },
        "locked" => config with { Locked = true },
        _ => throw Usage($"--net {text}: '{flag}' is not known", "isolated, locked, mac=, mtu=, vlan=, trunk=, ip=, rate= or capture="),
    };

    private static NetworkConfig Option(NetworkConfig config, string name, string value, string text) => name switch
    {
        "mac" => config with { Mac = MacAddress.TryParse(value, out MacAddress mac) ? mac.ToString() : throw Usage($"--net {text}: '{value}' is no address of an adapter", "mac=02:00:5e:10:00:01") },
        "mtu" => config with { Mtu = WholeNumber.Parse("--net mtu=", value, NetworkConfig.MinMtu, NetworkConfig.MaxMtu) },
        "vlan" => config with { Vlan = Vlan(value, text) },
        "trunk" => config with { Trunk = [.. value.Split('+').SelectMany(range => Range(range, text)).Distinct().Order()] },
        "ip" => config with { Addresses = [.. config.Addresses, IPAddress.TryParse(value, out IPAddress? address) ? address.ToString() : throw Usage($"--net {text}: '{value}' is no IP address", "ip=10.0.0.1")] },
        "rate" => config with { BytesPerSecond = (long)MemorySize.Parse("--net rate=", value) },
        "capture" when value.Length > 0 => config with { Capture = value },
        _ => throw Usage($"--net {text}: '{name}' is not known", "isolated, locked, mac=, mtu=, vlan=, trunk=, ip=, rate= or capture="),
    };

    private static IEnumerable<ushort> Range(string range, string text)
    {
        string[] ends = range.Split('-');
        if (range == "all") ends = ["1", "4094"];
        ushort first = Vlan(ends[0], text), last = ends.Length == 2 ? Vlan(ends[1], text) : first;
        if (ends.Length > 2 || last < first) throw Usage($"--net {text}: '{range}' is no range of segments", "trunk=2-5+9, or trunk=all");
        return Enumerable.Range(first, last - first + 1).Select(v => (ushort)v);
    }

    private static ushort Vlan(string value, string text) =>
        ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ushort vlan) && vlan is >= 1 and <= 4094 ? vlan : throw Usage($"--net {text}: '{value}' is no segment", "a number from 1 to 4094");

    private static DoppelException Usage(string message, string hint) => new(ErrorKind.Usage, message, hint);
}
