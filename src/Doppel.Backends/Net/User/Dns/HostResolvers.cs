// resolv.conf(5): the resolver configuration file.
using System.Net;

namespace Doppel.Backends.Net.User.Dns;

/// <summary>Which resolvers the host uses, read anew when its file changes: laptops change networks while machines run.</summary>
internal sealed class HostResolvers(string path, TimeProvider time)
{
    private const int MaxServers = 3;
    private const int MaxBytes = 64 << 10;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly Lock _lock = new();
    private IReadOnlyList<IPEndPoint> _servers = [];
    private DateTime _changed;
    private long _looked;
    private bool _everLooked;

    /// <summary>At most three, in the host's order; none if it has none. Thread-safe.</summary>
    public IReadOnlyList<IPEndPoint> Servers
    {
        get
        {
            lock (_lock)
            {
                if (_everLooked && time.GetElapsedTime(_looked) < Interval) return _servers;
                (_everLooked, _looked) = (true, time.GetTimestamp());
                try
                {
                    DateTime changed = File.GetLastWriteTimeUtc(path);
                    if (changed == _changed) return _servers;
                    _servers = Parse(Read());
                    _changed = changed;
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    _servers = [];
                }

                return _servers;
            }
        }
    }

    /// <summary>The servers that a file names.</summary>
    internal static IReadOnlyList<IPEndPoint> Parse(string text)
    {
        var servers = new List<IPEndPoint>();
        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 2 && words[0] == "nameserver" && IPAddress.TryParse(words[1], out IPAddress? address) && servers.Count < MaxServers) servers.Add(new IPEndPoint(address, 53));
        }

        return servers;
    }

    private string Read()
    {
        using var reader = new StreamReader(path);
        char[] text = new char[MaxBytes];
        return new string(text, 0, reader.ReadBlock(text));
    }
}
