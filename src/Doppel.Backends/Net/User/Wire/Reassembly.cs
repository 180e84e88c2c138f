// RFC 791, section 3.2, and RFC 8200, section 4.5: packets in pieces; RFC 5722: pieces that overlap.
namespace Doppel.Backends.Net.User.Wire;

/// <summary>
/// Puts a guest's fragments together. Bounded: packets of at most 65,535 bytes, a few at once, a while each; the oldest goes when there are too many. Pieces that overlap
/// are an attack or a defect, and their whole packet is dropped.
/// </summary>
internal sealed class Reassembly
{
    /// <summary>Packets in pieces at the same time.</summary>
    public const int MaxPackets = 16;

    public const long TimeoutMilliseconds = 30_000;
    private const int MaxPieces = 128;
    private const int MaxLength = 65_535;
    private readonly List<Packet> _packets = [];

    public int Count => _packets.Count;

    /// <summary>Takes a piece.</summary>
    /// <param name="whole">The payload of the packet that it completed.</param>
    public bool TryComplete(in IpPacket piece, long now, out byte[] whole)
    {
        whole = [];
        _packets.RemoveAll(p => now - p.Begun > TimeoutMilliseconds);
        var key = new Key(piece.Source, piece.Destination, piece.FragmentId, piece.Protocol);
        Packet? packet = _packets.Find(p => p.Key == key);
        int end = piece.FragmentOffset + piece.Payload.Length;
        bool broken = piece.Payload.IsEmpty || end > MaxLength || (piece.MoreFragments && piece.Payload.Length % 8 != 0);
        if (packet is null)
        {
            if (broken) return false;
            if (_packets.Count == MaxPackets) _packets.RemoveAt(0);
            packet = new Packet(key, now);
            _packets.Add(packet);
        }

        if (broken || !packet.TryAdd(piece.FragmentOffset, piece.Payload, piece.MoreFragments))
        {
            // What has gone wrong once stays dropped: the pieces that follow do not make another packet of it.
            packet.Spoil();
            return false;
        }

        if (!packet.IsComplete) return false;
        _packets.Remove(packet);
        whole = packet.Join();
        return true;
    }

    private readonly record struct Key(Address Source, Address Destination, uint Id, byte Protocol);

    private sealed class Packet(Key key, long begun)
    {
        private readonly List<(int Offset, byte[] Bytes)> _pieces = [];
        private int _received;
        private int _length = -1;
        private bool _spoiled;

        public Key Key { get; } = key;

        public long Begun { get; } = begun;

        public bool IsComplete => !_spoiled && _length == _received;

        public bool TryAdd(int offset, ReadOnlySpan<byte> bytes, bool more)
        {
            int end = offset + bytes.Length;
            if (_spoiled || _pieces.Count == MaxPieces) return false;
            if (_length >= 0 && (end > _length || !more)) return false;
            foreach ((int otherOffset, byte[] other) in _pieces)
            {
                if (offset < otherOffset + other.Length && otherOffset < end) return false;
                if (!more && otherOffset + other.Length > end) return false;
            }

            if (!more) _length = end;
            _pieces.Add((offset, bytes.ToArray()));
            _received += bytes.Length;
            return true;
        }

        public void Spoil()
        {
            _spoiled = true;
            _pieces.Clear();
        }

        public byte[] Join()
        {
            byte[] whole = new byte[_length];
            foreach ((int offset, byte[] bytes) in _pieces) bytes.CopyTo(whole, offset);
            return whole;
        }
    }
}
