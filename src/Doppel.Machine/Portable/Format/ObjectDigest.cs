using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Doppel.Machine.Portable.Format;

/// <summary>
/// What identifies the content of an object: the SHA-256 of the offset (64 bits) and the digest of each of its chunks, in order, and of its length. It does not depend on
/// what else is in the file, nor on the way in which chunks are stored.
/// </summary>
internal sealed class ObjectDigest : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public void Add(long offset, Digest content)
    {
        Span<byte> entry = stackalloc byte[sizeof(long) + PortableFormat.DigestLength];
        BinaryPrimitives.WriteInt64LittleEndian(entry, offset);
        content.Write(entry[sizeof(long)..]);
        _hash.AppendData(entry);
    }

    public Digest Finish(long length)
    {
        Span<byte> end = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(end, length);
        _hash.AppendData(end);
        Span<byte> hash = stackalloc byte[PortableFormat.DigestLength];
        _hash.GetHashAndReset(hash);
        return Digest.Read(hash);
    }

    public void Dispose() => _hash.Dispose();
}
