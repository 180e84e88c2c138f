namespace Doppel.Machine.Portable.Format;

/// <summary>Decrypts what <see cref="SealedOutput"/> wrote; gives out nothing that is not authentic.</summary>
internal sealed class SealedInput(Stream input, Seal seal, string file) : OneWayStream
{
    /// <summary>A segment and a byte more, which shows that it is not the last one.</summary>
    private readonly byte[] _sealed = new byte[Seal.SegmentSize + Seal.TagSize + 1];
    private readonly byte[] _plain = new byte[Seal.SegmentSize];
    private int _ahead;
    private int _start;
    private int _end;
    private long _number;
    private bool _ended;

    public override bool CanRead => true;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_start == _end)
        {
            if (_ended) return 0;
            await NextAsync(cancellationToken).ConfigureAwait(false);
        }

        int count = Math.Min(buffer.Length, _end - _start);
        _plain.AsSpan(_start, count).CopyTo(buffer.Span);
        _start += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) seal.Dispose();
        Array.Clear(_plain);
        base.Dispose(disposing);
    }

    private async ValueTask NextAsync(CancellationToken cancel)
    {
        int filled = _ahead + await input.ReadAtLeastAsync(_sealed.AsMemory(_ahead), _sealed.Length - _ahead, throwOnEndOfStream: false, cancel).ConfigureAwait(false);
        bool last = filled < _sealed.Length;
        int length = last ? filled : filled - 1;
        long at = FileHeader.Size + _number * (Seal.SegmentSize + Seal.TagSize);
        if (length < Seal.TagSize) throw PortableErrors.Damaged(file, at, $"it ends after {at + length} bytes, which is too early");
        if (!seal.TryDecrypt(_number, last, _sealed.AsSpan(0, length), _plain.AsSpan(0, length - Seal.TagSize)))
            throw PortableErrors.Damaged(file, at, last ? $"it is cut off after {at + length} bytes, or its last segment is not what was written" : "a segment that is not what was written");
        (_start, _end, _ended) = (0, length - Seal.TagSize, last);
        _number++;
        if (last) return;
        _sealed[0] = _sealed[^1];
        _ahead = 1;
    }
}
