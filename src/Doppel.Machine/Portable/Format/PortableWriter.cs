using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Doppel.Host.Threading;

namespace Doppel.Machine.Portable.Format;

/// <summary>
/// Writes objects to a stream, from the first byte to the last: content that is equal is written once, zeroes are not written. Chunks are packed on all processors, and
/// what comes out is the same however many there are. One call at a time.
/// </summary>
/// <remarks>Packing takes a processor whole, and a guest that runs on needs one, too: it is done on light threads, and not on the pool's, through which a guest's console goes.</remarks>
internal sealed class PortableWriter(Stream output) : IDisposable
{
    /// <summary>Chunks that are on their way at a time, which bounds memory.</summary>
    private static readonly int MaxPending = 4 * Packers;

    private static int Packers => Math.Clamp(Environment.ProcessorCount, 1, 16);

    private readonly BackgroundThreads _packers = new("doppel-pack", Packers);
    private readonly ChunkBuffers _buffers = new();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly ConcurrentDictionary<Digest, long> _known = new();
    private readonly HashSet<string> _names = [];
    private long _chunks;

    /// <summary>Writes an object.</summary>
    /// <param name="progress">Is told how far it has got: bytes of the object.</param>
    public async Task<PortableObject> WriteAsync(string name, IContentSource source, IProgress<long>? progress = null, CancellationToken cancel = default)
    {
        if (!PortableFormat.IsName(name) || source.Length > PortableFormat.MaxLength || !_names.Add(name)) throw new ArgumentException($"'{name}' of {source.Length} bytes cannot be an object here.", nameof(name));
        long before = Written;
        await PutAsync(new RecordHeader(RecordKind.Object, 0, 0, source.Length), Encoding.ASCII.GetBytes(name), cancel).ConfigureAwait(false);
        using var digest = new ObjectDigest();
        long count = 0;
        var pending = new Queue<Task<Packed?>>();
        for (long at = await NextChunkAsync(source, 0, cancel).ConfigureAwait(false); at < source.Length; at = await NextChunkAsync(source, at + PortableFormat.ChunkSize, cancel).ConfigureAwait(false))
        {
            long offset = at;
            int length = (int)Math.Min(PortableFormat.ChunkSize, source.Length - at);
            byte[] content = _buffers.Rent();
            await source.ReadAsync(at, content.AsMemory(0, length), cancel).ConfigureAwait(false);
            pending.Enqueue(_packers.RunAsync(() => Pack(offset, content, length)));
            if (pending.Count == MaxPending) await PutFirstAsync().ConfigureAwait(false);
            progress?.Report(at);
        }

        while (pending.Count > 0) await PutFirstAsync().ConfigureAwait(false);
        Digest whole = digest.Finish(source.Length);
        await PutDigestAsync(RecordKind.EndOfObject, count, whole, cancel).ConfigureAwait(false);
        progress?.Report(source.Length);
        return new PortableObject(name, source.Length, Written - before, count, whole);

        async Task PutFirstAsync()
        {
            if (await pending.Dequeue().ConfigureAwait(false) is not { } packed) return;
            digest.Add(packed.Offset, packed.Digest);
            count++;
            if (_known.TryGetValue(packed.Digest, out long number))
            {
                byte[] reference = new byte[sizeof(long)];
                BinaryPrimitives.WriteInt64LittleEndian(reference, number);
                await PutAsync(new RecordHeader(RecordKind.Repeat, 0, 0, packed.Offset), reference, cancel).ConfigureAwait(false);
            }
            else
            {
                await PutAsync(new RecordHeader(RecordKind.Chunk, packed.Encoding, 0, packed.Offset), packed.Payload.AsMemory(0, packed.Length), cancel).ConfigureAwait(false);
                if (_chunks < PortableFormat.MaxRepeatable) _known.TryAdd(packed.Digest, _chunks);
                _chunks++;
            }

            _buffers.Return(packed.Payload);
        }
    }

    /// <summary>Bytes that have been written.</summary>
    public long Written { get; private set; }

    /// <summary>Writes the end, without which the file counts as cut off.</summary>
    /// <returns>What identifies everything in the file.</returns>
    public async Task<Digest> FinishAsync(CancellationToken cancel = default)
    {
        byte[] hash = _hash.GetCurrentHash();
        var whole = Digest.Read(hash);
        await PutDigestAsync(RecordKind.End, _names.Count, whole, cancel).ConfigureAwait(false);
        await output.FlushAsync(cancel).ConfigureAwait(false);
        return whole;
    }

    public void Dispose()
    {
        _packers.Dispose();
        _hash.Dispose();
    }

    private static async ValueTask<long> NextChunkAsync(IContentSource source, long at, CancellationToken cancel)
    {
        if (at >= source.Length) return source.Length;
        long data = await source.NextDataAsync(at, cancel).ConfigureAwait(false);
        return data >= source.Length ? source.Length : Math.Max(at, data / PortableFormat.ChunkSize * PortableFormat.ChunkSize);
    }

    /// <summary>Runs on any thread.</summary>
    private Packed? Pack(long offset, byte[] content, int length)
    {
        try
        {
            ReadOnlySpan<byte> span = content.AsSpan(0, length);
            if (!span.ContainsAnyExcept((byte)0)) return null;
            var digest = Digest.Of(span);
            byte[] payload = _buffers.Rent();
            // What is known already need not be packed; whether it is known is decided when its turn comes, so that the order of threads does not matter.
            (ChunkEncoding encoding, int stored) = _known.ContainsKey(digest) ? default : ChunkCoder.Encode(span, digest, payload);
            return new Packed(offset, digest, encoding, payload, stored);
        }
        finally
        {
            _buffers.Return(content);
        }
    }

    private Task PutDigestAsync(RecordKind kind, long place, Digest digest, CancellationToken cancel)
    {
        byte[] payload = new byte[PortableFormat.DigestLength];
        digest.Write(payload);
        return PutAsync(new RecordHeader(kind, 0, 0, place), payload, cancel);
    }

    private async Task PutAsync(RecordHeader header, ReadOnlyMemory<byte> payload, CancellationToken cancel)
    {
        byte[] edge = new byte[RecordHeader.Size];
        (header with { Length = payload.Length }).Write(edge);
        _hash.AppendData(edge);
        _hash.AppendData(payload.Span);
        await output.WriteAsync(edge, cancel).ConfigureAwait(false);
        await output.WriteAsync(payload, cancel).ConfigureAwait(false);
        byte[] check = _hash.GetCurrentHash();
        await output.WriteAsync(check.AsMemory(0, PortableFormat.CheckLength), cancel).ConfigureAwait(false);
        _hash.AppendData(check, 0, PortableFormat.CheckLength);
        Written += edge.Length + payload.Length + PortableFormat.CheckLength;
    }

    private readonly record struct Packed(long Offset, Digest Digest, ChunkEncoding Encoding, byte[] Payload, int Length);
}
