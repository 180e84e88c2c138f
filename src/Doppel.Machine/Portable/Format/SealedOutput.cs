namespace Doppel.Machine.Portable.Format;

/// <summary>Encrypts what is written, segment by segment; see <see cref="Seal"/>. What it writes to stays open.</summary>
internal sealed class SealedOutput(Stream output, Seal seal) : OneWayStream
{
    private readonly byte[] _plain = new byte[Seal.SegmentSize];
    private readonly byte[] _sealed = new byte[Seal.SegmentSize + Seal.TagSize];
    private int _filled;
    private long _number;

    public override bool CanWrite => true;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            // A full segment waits: only what follows shows that it is not the last one.
            if (_filled == _plain.Length) await PutAsync(false, cancellationToken).ConfigureAwait(false);
            int piece = Math.Min(buffer.Length, _plain.Length - _filled);
            buffer.Span[..piece].CopyTo(_plain.AsSpan(_filled));
            _filled += piece;
            buffer = buffer[piece..];
        }
    }

    /// <summary>Writes the last segment, without which the file counts as cut off.</summary>
    public async Task EndAsync(CancellationToken cancel)
    {
        await PutAsync(true, cancel).ConfigureAwait(false);
        await output.FlushAsync(cancel).ConfigureAwait(false);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing) seal.Dispose();
        Array.Clear(_plain);
        base.Dispose(disposing);
    }

    private async ValueTask PutAsync(bool last, CancellationToken cancel)
    {
        seal.Encrypt(_number++, last, _plain.AsSpan(0, _filled), _sealed);
        await output.WriteAsync(_sealed.AsMemory(0, _filled + Seal.TagSize), cancel).ConfigureAwait(false);
        _filled = 0;
    }
}
