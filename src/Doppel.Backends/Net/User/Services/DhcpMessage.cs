// RFC 2131: Dynamic Host Configuration Protocol; RFC 2132: its options.
using System.Buffers.Binary;
using System.Text;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Services;

internal enum DhcpKind : byte
{
    None = 0,
    Discover = 1,
    Offer = 2,
    Request = 3,
    Decline = 4,
    Ack = 5,
    Nak = 6,
    Release = 7,
    Inform = 8,
}

/// <summary>What a DHCP client has sent, as far as it matters.</summary>
internal readonly record struct DhcpMessage
{
    public const ushort ServerPort = 67;
    public const ushort ClientPort = 68;
    private const int FixedLength = 236;
    private const uint Cookie = 0x6382_5363;

    public DhcpKind Kind { get; private init; }

    public uint Transaction { get; private init; }

    public ushort Seconds { get; private init; }

    /// <summary>Whether the client cannot yet take what is not broadcast.</summary>
    public bool Broadcast { get; private init; }

    /// <summary>The address that the client uses already (ciaddr).</summary>
    public Address Current { get; private init; }

    public MacAddress Client { get; private init; }

    /// <summary>The address that it asks for (option 50).</summary>
    public Address? Requested { get; private init; }

    /// <summary>The server that it has chosen (option 54).</summary>
    public Address? Server { get; private init; }

    /// <summary>The name that it goes by (option 12), or empty.</summary>
    public string HostName { get; private init; }

    public static bool TryRead(ReadOnlySpan<byte> bytes, out DhcpMessage message)
    {
        message = default;
        if (bytes.Length < FixedLength + 4 || bytes[0] != 1 || bytes[1] != 1 || bytes[2] != 6) return false;
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes[FixedLength..]) != Cookie) return false;
        message = new DhcpMessage
        {
            Transaction = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
            Seconds = BinaryPrimitives.ReadUInt16BigEndian(bytes[8..]),
            Broadcast = (bytes[10] & 0x80) != 0,
            Current = Address.ReadV4(bytes[12..]),
            Client = MacAddress.Read(bytes[28..]),
            HostName = "",
        };
        ReadOnlySpan<byte> options = bytes[(FixedLength + 4)..];
        while (!options.IsEmpty && options[0] != 255)
        {
            if (options[0] == 0)
            {
                options = options[1..];
                continue;
            }

            if (options.Length < 2 || options.Length < 2 + options[1]) break;
            ReadOnlySpan<byte> value = options.Slice(2, options[1]);
            switch (options[0])
            {
                case 12:
                    message = message with { HostName = Name(value) };
                    break;
                case 50 when value.Length == 4:
                    message = message with { Requested = Address.ReadV4(value) };
                    break;
                case 53 when value.Length == 1:
                    message = message with { Kind = (DhcpKind)value[0] };
                    break;
                case 54 when value.Length == 4:
                    message = message with { Server = Address.ReadV4(value) };
                    break;
            }

            options = options[(2 + value.Length)..];
        }

        return message.Kind != DhcpKind.None && !message.Client.IsMulticast;
    }

    /// <summary>Writes an answer to this.</summary>
    /// <param name="options">Encoded, without the end mark.</param>
    /// <returns>Its length.</returns>
    public int WriteReply(Span<byte> destination, in Address yours, in Address server, ReadOnlySpan<byte> options)
    {
        // Old clients expect at least 300 bytes, as of BOOTP.
        int length = Math.Max(FixedLength + 4 + options.Length + 1, 300);
        Span<byte> reply = destination[..length];
        reply.Clear();
        (reply[0], reply[1], reply[2]) = (2, 1, 6);
        BinaryPrimitives.WriteUInt32BigEndian(reply[4..], Transaction);
        BinaryPrimitives.WriteUInt16BigEndian(reply[10..], (ushort)(Broadcast ? 0x8000 : 0));
        Current.Write(reply[12..]);
        yours.Write(reply[16..]);
        server.Write(reply[20..]);
        Client.Write(reply[28..]);
        BinaryPrimitives.WriteUInt32BigEndian(reply[FixedLength..], Cookie);
        options.CopyTo(reply[(FixedLength + 4)..]);
        reply[FixedLength + 4 + options.Length] = 255;
        return length;
    }

    /// <summary>The first label of a name, or nothing if it is not one (RFC 1123, section 2.1).</summary>
    private static string Name(ReadOnlySpan<byte> value)
    {
        string text = Encoding.ASCII.GetString(value).TrimEnd('\0').Split('.')[0].ToLowerInvariant();
        return IsName(text) ? text : "";
    }

    /// <summary>Whether a host can have the name.</summary>
    public static bool IsName(string text) => text.Length is > 0 and <= 63 && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') && text[0] != '-' && text[^1] != '-';
}
