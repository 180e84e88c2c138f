using System.Net;
using System.Text;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;
using Doppel.Host.Files;

namespace Doppel.Backends.Net.User.Services;

/// <summary>Leases as they are kept: a line for each, <c>ADAPTER ADDRESS [NAME]</c>. It is read by whoever has the gateway next; lines that make no sense count for nothing.</summary>
internal static class LeaseFile
{
    private const int MaxLength = 1 << 20;

    public static IEnumerable<(MacAddress Client, Address Address, string Name)> Read(string path)
    {
        string text;
        try
        {
            if (new FileInfo(path) is not { Exists: true, Length: <= MaxLength }) yield break;
            text = File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            yield break;
        }

        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line.Split(' ');
            if (parts.Length is 2 or 3 && MacAddress.TryParse(parts[0], out MacAddress client) && client.IsStation && IPAddress.TryParse(parts[1], out IPAddress? address))
                yield return (client, Address.From(address), parts.Length == 3 && DhcpMessage.IsName(parts[2]) ? parts[2] : "");
        }
    }

    public static void Write(string path, IEnumerable<Lease> leases)
    {
        var text = new StringBuilder();
        foreach (Lease lease in leases) text.Append(lease.Client).Append(' ').Append(lease.Address).Append(lease.HostName.Length > 0 ? " " : "").Append(lease.HostName).Append('\n');
        AtomicFile.Write(path, Encoding.ASCII.GetBytes(text.ToString()));
    }
}
