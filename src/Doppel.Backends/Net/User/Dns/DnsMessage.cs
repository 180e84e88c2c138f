// RFC 1035: Domain Names, implementation and specification, section 4; RFC 3596: AAAA.
using System.Buffers.Binary;
using System.Text;
using Doppel.Backends.Net.User.Wire;

namespace Doppel.Backends.Net.User.Dns;

/// <summary>What a DNS message asks.</summary>
/// <param name="Name">In lower case, without the dot at the end.</param>
/// <param name="End">Where the question ends in the message.</param>
internal readonly record struct DnsQuestion(string Name, ushort Type, ushort Class, int End);

internal enum DnsCode : byte
{
    Ok = 0,
    FormatError = 1,
    ServerFailure = 2,
    NoSuchName = 3,
    NotImplemented = 4,
    Refused = 5,
}

/// <summary>Reads and writes as much of DNS messages as a proxy needs.</summary>
internal static class DnsMessage
{
    public const int HeaderLength = 12;
    public const int MaxLength = 65_535;
    public const ushort TypeA = 1;
    public const ushort TypePtr = 12;
    public const ushort TypeAaaa = 28;
    public const ushort TypeAny = 255;
    public const ushort ClassInternet = 1;
    private const int MaxName = 253;
    private const int MaxAnswers = 64;
    private const uint OwnSeconds = 60;

    public static ushort Id(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message);

    /// <summary>Whether it is a query that can be answered, with exactly one question.</summary>
    public static bool TryReadQuery(ReadOnlySpan<byte> message, out DnsQuestion question)
    {
        question = default;
        if (message.Length < HeaderLength || message.Length > MaxLength) return false;
        return (message[2] & 0x80) == 0 && (message[2] & 0x78) == 0 && BinaryPrimitives.ReadUInt16BigEndian(message[4..]) == 1 && TryReadQuestion(message, out question);
    }

    /// <summary>Whether it is a response to the query.</summary>
    public static bool IsResponse(ReadOnlySpan<byte> message, ushort id, in DnsQuestion asked)
    {
        if (message.Length < HeaderLength || Id(message) != id || (message[2] & 0x80) == 0) return false;

        // A server that did not understand need not repeat the question.
        if (BinaryPrimitives.ReadUInt16BigEndian(message[4..]) == 0) return (message[3] & 15) != 0;
        return TryReadQuestion(message, out DnsQuestion question) && question.Name == asked.Name && question.Type == asked.Type && question.Class == asked.Class;
    }

    public static bool IsTruncated(ReadOnlySpan<byte> message) => (message[2] & 2) != 0;

    /// <summary>The addresses among a response's answers, with the seconds that they hold.</summary>
    public static IReadOnlyList<(Address Address, uint Seconds)> ReadAddresses(ReadOnlySpan<byte> message)
    {
        var found = new List<(Address, uint)>();
        if (message.Length < HeaderLength || !TryReadQuestion(message, out DnsQuestion question)) return found;
        int at = question.End;
        int count = Math.Min((int)BinaryPrimitives.ReadUInt16BigEndian(message[6..]), MaxAnswers);
        for (; count > 0; count--)
        {
            if (!TrySkipName(message, ref at) || at + 10 > message.Length) break;
            ushort type = BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
            uint seconds = BinaryPrimitives.ReadUInt32BigEndian(message[(at + 4)..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
            at += 10;
            if (at + length > message.Length) break;
            if (type == TypeA && length == 4) found.Add((Address.ReadV4(message[at..]), seconds));
            if (type == TypeAaaa && length == 16) found.Add((Address.ReadV6(message[at..]), seconds));
            at += length;
        }

        return found;
    }

    /// <summary>An answer of our own: the question again, and the records, if any.</summary>
    public static byte[] Answer(ReadOnlySpan<byte> query, in DnsQuestion question, DnsCode code, params ReadOnlySpan<byte[]> records)
    {
        int length = question.End;
        foreach (byte[] record in records) length += 12 + record.Length;
        byte[] answer = new byte[length];
        query[..question.End].CopyTo(answer);

        // Response, authoritative if it is ours to know; recursion desired as asked; recursion available.
        answer[2] = (byte)(0x80 | (query[2] & 1) | (code is DnsCode.Ok or DnsCode.NoSuchName ? 4 : 0));
        answer[3] = (byte)(0x80 | (byte)code);
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(6), (ushort)records.Length);
        answer.AsSpan(8, 4).Clear();
        Span<byte> rest = answer.AsSpan(question.End);
        foreach (byte[] record in records)
        {
            BinaryPrimitives.WriteUInt16BigEndian(rest, 0xc000 | HeaderLength);
            BinaryPrimitives.WriteUInt16BigEndian(rest[2..], question.Type);
            BinaryPrimitives.WriteUInt16BigEndian(rest[4..], ClassInternet);
            BinaryPrimitives.WriteUInt32BigEndian(rest[6..], OwnSeconds);
            BinaryPrimitives.WriteUInt16BigEndian(rest[10..], (ushort)record.Length);
            record.CopyTo(rest[12..]);
            rest = rest[(12 + record.Length)..];
        }

        return answer;
    }

    /// <summary>A name as it is in records.</summary>
    public static byte[] EncodeName(string name) =>
        [.. name.Split('.', StringSplitOptions.RemoveEmptyEntries).SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0];

    private static bool TryReadQuestion(ReadOnlySpan<byte> message, out DnsQuestion question)
    {
        question = default;
        var name = new StringBuilder();
        int at = HeaderLength;
        while (true)
        {
            if (at >= message.Length) return false;
            int length = message[at++];
            if (length == 0) break;

            // The first name of a message has nothing before it that it could point to.
            if (length > 63 || at + length > message.Length || name.Length + length + 1 > MaxName) return false;
            if (name.Length > 0) name.Append('.');
            foreach (byte b in message.Slice(at, length)) name.Append(b is > 32 and < 127 and not (byte)'.' ? char.ToLowerInvariant((char)b) : '?');
            at += length;
        }

        if (at + 4 > message.Length) return false;
        question = new DnsQuestion(name.ToString(), BinaryPrimitives.ReadUInt16BigEndian(message[at..]), BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]), at + 4);
        return true;
    }

    private static bool TrySkipName(ReadOnlySpan<byte> message, ref int at)
    {
        while (at < message.Length)
        {
            int length = message[at];
            if (length >= 0xc0)
            {
                at += 2;
                return at <= message.Length;
            }

            if (length > 63) return false;
            at += 1 + length;
            if (length == 0) return true;
        }

        return false;
    }
}
