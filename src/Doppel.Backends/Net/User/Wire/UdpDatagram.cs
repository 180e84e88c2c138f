// RFC 768: User Datagram Protocol.
using System.Buffers.Binary;

namespace Doppel.Backends.Net.User.Wire;

/// <summary>A received datagram whose lengths have been checked.</summary>
internal readonly ref struct UdpDatagram
{
    public const int HeaderLength = 8;

    public ushort SourcePort { get; private init; }

    public ushort DestinationPort { get; private init; }

    public ReadOnlySpan<byte> Payload { get; private init; }

    public static bool TryRead(ReadOnlySpan<byte> bytes, out UdpDatagram datagram)
    {
        datagram = default;
        if (bytes.Length < HeaderLength) return false;
        int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        if (length < HeaderLength || length > bytes.Length) return false;
        datagram = new UdpDatagram
        {
            SourcePort = BinaryPrimitives.ReadUInt16BigEndian(bytes),
            DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            Payload = bytes[HeaderLength..length],
        };
        return datagram.DestinationPort != 0;
    }
}
