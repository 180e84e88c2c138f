using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Doppel.Core.Snapshot;

/// <summary>
/// Writes one part's state as tagged fields: a length-prefixed UTF-8 tag, a 32-bit payload length, the payload; integers little-endian.
/// </summary>
public sealed class SnapshotWriter
{
    /// <summary>Longest tag in bytes.</summary>
    public const int MaxTagLength = 255;

    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <summary>What has been written.</summary>
    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    public void Write(string tag, ulong value)
    {
        Span<byte> payload = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(payload, value);
        Write(tag, payload);
    }

    public void Write(string tag, long value) => Write(tag, (ulong)value);

    public void Write(string tag, bool value) => Write(tag, value ? 1UL : 0UL);

    public void Write(string tag, string value) => Write(tag, Encoding.UTF8.GetBytes(value));

    public void Write(string tag, ReadOnlySpan<ulong> values)
    {
        byte[] payload = new byte[values.Length * 8];
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteUInt64LittleEndian(payload.AsSpan(i * 8), values[i]);
        Write(tag, payload);
    }

    public void Write(string tag, ReadOnlySpan<byte> payload)
    {
        int tagLength = Encoding.UTF8.GetByteCount(tag);
        if (tagLength is 0 or > MaxTagLength) throw new ArgumentException("A tag has 1 to 255 bytes.", nameof(tag));
        Span<byte> target = _buffer.GetSpan(1 + tagLength + 4 + payload.Length);
        target[0] = (byte)tagLength;
        Encoding.UTF8.GetBytes(tag, target[1..]);
        BinaryPrimitives.WriteInt32LittleEndian(target[(1 + tagLength)..], payload.Length);
        payload.CopyTo(target[(1 + tagLength + 4)..]);
        _buffer.Advance(1 + tagLength + 4 + payload.Length);
    }

    /// <summary>Writes a nested group of fields.</summary>
    public void WriteGroup(string tag, Action<SnapshotWriter> write)
    {
        var inner = new SnapshotWriter();
        write(inner);
        Write(tag, inner.Written);
    }
}
