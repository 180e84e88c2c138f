using Doppel.Machine.Portable.Format;

namespace Doppel.Tests.Unit.Machine.Portable;

/// <summary>A pipe: neither length nor seeking, and reads give what there is.</summary>
internal sealed class TrickleStream(byte[] content, int most) : OneWayStream
{
    private int _position;

    public override bool CanRead => true;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = Math.Min(Math.Min(most, buffer.Length), content.Length - _position);
        content.AsMemory(_position, count).CopyTo(buffer);
        _position += count;
        return ValueTask.FromResult(count);
    }
}
