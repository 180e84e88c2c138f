using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Doppel.Machine.Portable.Format;

namespace Doppel.Tests.Unit.Machine.Portable;

/// <summary>A file by somebody who knows the format and means no good: every check is right, whatever the records say.</summary>
internal sealed class ForgedFile : IDisposable
{
    private readonly MemoryStream _file = new();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly ObjectDigest _object = new();
    private long _objects;
    private long _chunks;
    private long _length;

    public ForgedFile()
    {
        FileHeader.WriteAsync(_file, null).GetAwaiter().GetResult();
    }

    public ForgedFile Object(string name, long length)
    {
        _objects++;
        _chunks = 0;
        _length = length;
        return Put(RecordKind.Object, 0, length, Encoding.UTF8.GetBytes(name));
    }

    public ForgedFile Chunk(long offset, byte[] content, ChunkEncoding encoding = ChunkEncoding.Plain, byte[]? stored = null)
    {
        var digest = Digest.Of(content);
        byte[] payload = new byte[PortableFormat.DigestLength];
        digest.Write(payload);
        _object.Add(offset, digest);
        _chunks++;
        return Put(RecordKind.Chunk, encoding, offset, [.. payload, .. stored ?? content]);
    }

    public ForgedFile Repeat(long offset, long number, byte[]? content = null)
    {
        byte[] payload = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(payload, number);
        if (content is not null) _object.Add(offset, Digest.Of(content));
        _chunks++;
        return Put(RecordKind.Repeat, 0, offset, payload);
    }

    public ForgedFile EndObject(long? chunks = null)
    {
        byte[] payload = new byte[PortableFormat.DigestLength];
        _object.Finish(_length).Write(payload);
        return Put(RecordKind.EndOfObject, 0, chunks ?? _chunks, payload);
    }

    /// <summary>A whole object.</summary>
    public ForgedFile Whole(string name, byte[] content)
    {
        Object(name, content.Length);
        for (int at = 0; at < content.Length; at += PortableFormat.ChunkSize)
        {
            byte[] chunk = content[at..Math.Min(content.Length, at + PortableFormat.ChunkSize)];
            if (chunk.AsSpan().ContainsAnyExcept((byte)0)) Chunk(at, chunk);
        }

        return EndObject();
    }

    public byte[] End(long? objects = null)
    {
        byte[] hash = _hash.GetCurrentHash();
        Put(RecordKind.End, 0, objects ?? _objects, hash);
        return _file.ToArray();
    }

    public byte[] Cut() => _file.ToArray();

    public ForgedFile Put(RecordKind kind, ChunkEncoding encoding, long place, byte[] payload)
    {
        byte[] edge = new byte[RecordHeader.Size];
        new RecordHeader(kind, encoding, payload.Length, place).Write(edge);
        _hash.AppendData(edge);
        _hash.AppendData(payload);
        byte[] check = _hash.GetCurrentHash()[..PortableFormat.CheckLength];
        _hash.AppendData(check);
        _file.Write(edge);
        _file.Write(payload);
        _file.Write(check);
        return this;
    }

    public static byte[] Pack(byte[] content)
    {
        byte[] packed = new byte[BrotliEncoder.GetMaxCompressedLength(content.Length)];
        Assert.True(BrotliEncoder.TryCompress(content, packed, out int length));
        return packed[..length];
    }

    public void Dispose()
    {
        _hash.Dispose();
        _object.Dispose();
    }
}
