// RFC 9293: Transmission Control Protocol, section 3.1; RFC 7323, section 2: the window scale option.
using System.Buffers.Binary;

namespace Doppel.Backends.Net.User.Wire;

[Flags]
internal enum TcpFlags : byte
{
    None = 0,
    Fin = 1,
    Syn = 2,
    Rst = 4,
    Psh = 8,
    Ack = 16,
    Urg = 32,
}

/// <summary>A received segment whose lengths have been checked.</summary>
internal readonly ref struct TcpSegment
{
    public const int HeaderLength = 20;

    public ushort SourcePort { get; private init; }

    public ushort DestinationPort { get; private init; }

    public uint Sequence { get; private init; }

    public uint Acknowledgement { get; private init; }

    public TcpFlags Flags { get; private init; }

    /// <summary>As it is in the header, without scale.</summary>
    public ushort Window { get; private init; }

    /// <summary>Of a SYN: the largest segment that its sender takes; 0 if it does not say.</summary>
    public ushort MaxSegment { get; private init; }

    /// <summary>Of a SYN: by how many bits its sender's windows are shifted; -1 if it does not scale.</summary>
    public sbyte WindowScale { get; private init; }

    public ReadOnlySpan<byte> Payload { get; private init; }

    /// <summary>How much of the sequence it takes.</summary>
    public uint Length => (uint)Payload.Length + (Has(TcpFlags.Syn) ? 1u : 0) + (Has(TcpFlags.Fin) ? 1u : 0);

    public bool Has(TcpFlags flag) => (Flags & flag) != 0;

    public static bool TryRead(ReadOnlySpan<byte> bytes, out TcpSegment segment)
    {
        segment = default;
        if (bytes.Length < HeaderLength) return false;
        int header = (bytes[12] >> 4) * 4;
        if (header < HeaderLength || header > bytes.Length) return false;
        var flags = (TcpFlags)(bytes[13] & 0x3f);
        ushort maxSegment = 0;
        sbyte windowScale = -1;
        if ((flags & TcpFlags.Syn) != 0) ReadOptions(bytes[HeaderLength..header], ref maxSegment, ref windowScale);
        segment = new TcpSegment
        {
            SourcePort = BinaryPrimitives.ReadUInt16BigEndian(bytes),
            DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            Sequence = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
            Acknowledgement = BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]),
            Flags = flags,
            Window = BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]),
            MaxSegment = maxSegment,
            WindowScale = windowScale,
            Payload = bytes[header..],
        };
        return segment is { SourcePort: not 0, DestinationPort: not 0 };
    }

    private static void ReadOptions(ReadOnlySpan<byte> options, ref ushort maxSegment, ref sbyte windowScale)
    {
        while (!options.IsEmpty)
        {
            if (options[0] == 0) return;
            if (options[0] == 1)
            {
                options = options[1..];
                continue;
            }

            if (options.Length < 2 || options[1] < 2 || options[1] > options.Length) return;
            if (options[0] == 2 && options[1] == 4) maxSegment = BinaryPrimitives.ReadUInt16BigEndian(options[2..]);
            if (options[0] == 3 && options[1] == 3) windowScale = (sbyte)Math.Min(options[2], (byte)14);
            options = options[options[1]..];
        }
    }
}
