using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Doppel.Core.Errors;

namespace Doppel.Machine.Portable.Format;

/// <summary>
/// Reads objects from a stream, from the first byte to the last, and trusts none of it: every length has a bound, every record a check, every chunk a hash, and only a
/// file with its end is whole. Chunks are unpacked on all processors. One call at a time.
/// </summary>
/// <exception cref="DoppelException">From every call: the file is damaged (<see cref="ErrorKind.Corrupt"/>); says where.</exception>
internal sealed class PortableReader(Stream input, string file, long start = 0) : IDisposable
{
    private static readonly int MaxPending = 4 * Math.Clamp(Environment.ProcessorCount, 1, 16);

    private readonly ChunkBuffers _buffers = new();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<Place> _chunks = [];
    private readonly HashSet<string> _names = [];
    private readonly byte[] _edge = new byte[RecordHeader.Size];
    private string? _open;
    private long _length;
    private long _openedAt;
    private Digest _whole;

    /// <summary>Bytes of the file that have been read.</summary>
    public long Position { get; private set; } = start;

    /// <summary>What identifies everything in the file, once its end has been reached.</summary>
    public Digest Digest { get; private set; }

    /// <summary>The next object, whose content must then be taken by <see cref="CopyToAsync"/>.</summary>
    /// <returns>Its name and length; null at the end, which has been verified then.</returns>
    public async Task<(string Name, long Length)?> NextAsync(CancellationToken cancel = default)
    {
        long at = _openedAt = Position;
        (RecordHeader header, byte[] payload) = await ReadAsync(cancel).ConfigureAwait(false);
        switch (header.Kind)
        {
            case RecordKind.Object:
                string name = Encoding.ASCII.GetString(payload.AsSpan(0, header.Length));
                _buffers.Return(payload);
                if (!PortableFormat.IsName(name) || !_names.Add(name) || _names.Count > PortableFormat.MaxObjects) throw Damaged(at, "an object whose name cannot be");
                (_open, _length) = (name, header.Place);
                return (name, _length);
            case RecordKind.End:
                if (header.Place != _names.Count || Digest.Read(payload) != _whole) throw Damaged(at, "an end that belongs to something else");
                if (await input.ReadAsync(_edge, cancel).ConfigureAwait(false) != 0) throw Damaged(Position, "something behind the end");
                Digest = _whole;
                return null;
            default:
                throw Damaged(at, "a record that does not belong there");
        }
    }

    /// <summary>Takes the content of the object.</summary>
    /// <param name="progress">Is told how far the file has been read: bytes.</param>
    /// <exception cref="IOException">The target has no room.</exception>
    public async Task<PortableObject> CopyToAsync(IContentTarget target, IProgress<long>? progress = null, CancellationToken cancel = default)
    {
        using var digest = new ObjectDigest();
        var pending = new Queue<Unpacking>();
        long next = 0;
        long count = 0;
        while (true)
        {
            long at = Position;
            (RecordHeader header, byte[] payload) = await ReadAsync(cancel).ConfigureAwait(false);
            if (header.Kind == RecordKind.EndOfObject)
            {
                while (pending.Count > 0) await TakeFirstAsync().ConfigureAwait(false);
                Digest whole = digest.Finish(_length);
                if (header.Place != count || Digest.Read(payload) != whole) throw Damaged(at, "the end of another object");
                _buffers.Return(payload);
                var result = new PortableObject(_open!, _length, Position - _openedAt, count, whole);
                _open = null;
                return result;
            }

            if (header.Kind is not (RecordKind.Chunk or RecordKind.Repeat)) throw Damaged(at, "a record that does not belong there");
            if (header.Place % PortableFormat.ChunkSize != 0 || header.Place < next || header.Place >= _length) throw Damaged(at, "a chunk that does not belong there");
            next = header.Place + PortableFormat.ChunkSize;
            count++;
            int length = (int)Math.Min(PortableFormat.ChunkSize, _length - header.Place);
            if (header.Kind == RecordKind.Chunk)
            {
                digest.Add(header.Place, Digest.Read(payload));
                pending.Enqueue(Begin(at, header, payload, length));
                if (pending.Count == MaxPending) await TakeFirstAsync().ConfigureAwait(false);
            }
            else
            {
                // It may be one of those that are on their way.
                while (pending.Count > 0) await TakeFirstAsync().ConfigureAwait(false);
                digest.Add(header.Place, await RepeatAsync(at, header, payload, length).ConfigureAwait(false));
                _buffers.Return(payload);
            }

            progress?.Report(Position);
        }

        async Task TakeFirstAsync()
        {
            Unpacking first = pending.Dequeue();
            if (await first.Task.ConfigureAwait(false) is { } wrong) throw Damaged(first.At, wrong, first.Offset);
            await target.WriteAsync(first.Offset, first.Content.AsMemory(0, first.Length), cancel).ConfigureAwait(false);
            if (_chunks.Count < PortableFormat.MaxRepeatable) _chunks.Add(new Place(target, first.Offset, first.Length, Digest.Read(first.Payload)));
            _buffers.Return(first.Payload);
            _buffers.Return(first.Content);
        }

        async Task<Digest> RepeatAsync(long at, RecordHeader header, byte[] payload, int length)
        {
            long number = BinaryPrimitives.ReadInt64LittleEndian(payload);
            if (number < 0 || number >= _chunks.Count || _chunks[(int)number].Length != length) throw Damaged(at, "the repetition of a chunk that there is not", header.Place);
            Place from = _chunks[(int)number];
            if (from.Target.CanRead && target.CanRead)
            {
                byte[] content = _buffers.Rent();
                await from.Target.ReadAsync(from.Offset, content.AsMemory(0, length), cancel).ConfigureAwait(false);
                // Not the file's fault: what was written a moment ago is not what is read.
                if (Digest.Of(content.AsSpan(0, length)) != from.Digest) throw new IOException("what was written to it is not what is read");
                await target.WriteAsync(header.Place, content.AsMemory(0, length), cancel).ConfigureAwait(false);
                _buffers.Return(content);
            }

            return from.Digest;
        }
    }

    public void Dispose() => _hash.Dispose();

    /// <summary>A record that is in order by itself. The payload is to be given back.</summary>
    private async Task<(RecordHeader Header, byte[] Payload)> ReadAsync(CancellationToken cancel)
    {
        long at = Position;
        await FillAsync(_edge, at, cancel).ConfigureAwait(false);
        if (RecordHeader.Read(_edge) is not { } header) throw Damaged(at, "no record begins there");
        byte[] payload = _buffers.Rent();
        await FillAsync(payload.AsMemory(0, header.Length), at, cancel).ConfigureAwait(false);
        if (header.Kind == RecordKind.End) _whole = Digest.Read(_hash.GetCurrentHash());
        _hash.AppendData(_edge);
        _hash.AppendData(payload, 0, header.Length);
        byte[] expected = _hash.GetCurrentHash();
        Memory<byte> check = _edge.AsMemory(0, PortableFormat.CheckLength);
        await FillAsync(check, at, cancel).ConfigureAwait(false);
        if (!check.Span.SequenceEqual(expected.AsSpan(0, PortableFormat.CheckLength))) throw Damaged(at, "a record that is not what was written");
        _hash.AppendData(check.Span);
        return (header, payload);
    }

    private async Task FillAsync(Memory<byte> buffer, long at, CancellationToken cancel)
    {
        int read = await input.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel).ConfigureAwait(false);
        Position += read;
        if (read < buffer.Length) throw Damaged(at, $"it ends after {Position} bytes, which is too early");
    }

    private DoppelException Damaged(long at, string what, long? offset = null) =>
        PortableErrors.Damaged(file, at, what, _open is null ? null : offset is { } place ? $"'{_open}', byte {place}" : $"'{_open}'");

    private Unpacking Begin(long at, RecordHeader header, byte[] payload, int length)
    {
        byte[] content = _buffers.Rent();
        return new Unpacking(at, header.Place, payload, content, length, Task.Run(() => ChunkCoder.Decode(header.Encoding, payload.AsSpan(0, header.Length), content.AsSpan(0, length))));
    }

    /// <summary>Where a chunk can be read again.</summary>
    private readonly record struct Place(IContentTarget Target, long Offset, int Length, Digest Digest);

    /// <summary>A chunk on its way.</summary>
    private readonly record struct Unpacking(long At, long Offset, byte[] Payload, byte[] Content, int Length, Task<string?> Task);
}
