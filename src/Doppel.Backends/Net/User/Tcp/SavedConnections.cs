using System.Buffers.Binary;
using Doppel.Backends.Net.User.Wire;

namespace Doppel.Backends.Net.User.Tcp;

/// <summary>The ends of TCP connections as they are kept with a machine's state: two addresses of 16 bytes and two ports each, in network order.</summary>
internal static class SavedConnections
{
    private const int Length = 36;

    /// <summary>So many are kept; an adapter's state has a limit, and a gateway may be allowed more than that.</summary>
    private const int Max = 16_384;

    public static byte[] Write(IReadOnlyList<FlowKey> keys)
    {
        byte[] saved = new byte[Math.Min(keys.Count, Max) * Length];
        for (int i = 0; i < saved.Length / Length; i++)
        {
            Span<byte> entry = saved.AsSpan(i * Length, Length);
            keys[i].Guest.WriteWhole(entry);
            keys[i].Remote.WriteWhole(entry[16..]);
            BinaryPrimitives.WriteUInt16BigEndian(entry[32..], keys[i].GuestPort);
            BinaryPrimitives.WriteUInt16BigEndian(entry[34..], keys[i].RemotePort);
        }

        return saved;
    }

    /// <summary>Reads so many at most; the rest, and what is no whole entry, counts for nothing.</summary>
    public static IReadOnlyList<FlowKey> Read(ReadOnlySpan<byte> saved, int max)
    {
        var keys = new FlowKey[Math.Min(saved.Length / Length, max)];
        for (int i = 0; i < keys.Length; i++)
        {
            ReadOnlySpan<byte> entry = saved.Slice(i * Length, Length);
            keys[i] = new FlowKey(Address.ReadV6(entry), BinaryPrimitives.ReadUInt16BigEndian(entry[32..]), Address.ReadV6(entry[16..]), BinaryPrimitives.ReadUInt16BigEndian(entry[34..]));
        }

        return keys;
    }
}
