// The integrity check of a block: .xz file format 1.2.1, sections 2.1.1.2 and 3.4.
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Doppel.Images.Xz;

/// <summary>Accumulates the integrity check that a stream's flags name, and compares it with what the file says.</summary>
internal sealed class XzCheck : IDisposable
{
    private const int None = 0, Crc32Id = 1, Crc64Id = 4, Sha256Id = 10;
    private const int MaximumSize = 32;

    private readonly int _id;
    private readonly IncrementalHash? _sha256;
    private uint _crc32;
    private ulong _crc64;

    internal XzCheck(int id)
    {
        _id = id;
        Size = id switch
        {
            None => 0,
            Crc32Id => 4,
            Crc64Id => 8,
            Sha256Id => 32,
            _ => throw new InvalidDataException($"xz: integrity check {id} is not supported"),
        };
        if (id == Sha256Id) _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    }

    /// <summary>Bytes that the check takes in the file.</summary>
    internal int Size { get; }

    internal void Append(ReadOnlySpan<byte> data)
    {
        switch (_id)
        {
            case Crc32Id: _crc32 = Crc32.Append(_crc32, data); break;
            case Crc64Id: _crc64 = Crc64.Append(_crc64, data); break;
            case Sha256Id: _sha256!.AppendData(data); break;
        }
    }

    /// <summary>Ends a block: true if <paramref name="expected"/> is the check of all that was appended; starts anew.</summary>
    internal bool Finish(ReadOnlySpan<byte> expected)
    {
        Span<byte> actual = stackalloc byte[MaximumSize];
        switch (_id)
        {
            case Crc32Id: BinaryPrimitives.WriteUInt32LittleEndian(actual, _crc32); break;
            case Crc64Id: BinaryPrimitives.WriteUInt64LittleEndian(actual, _crc64); break;
            case Sha256Id: _sha256!.GetHashAndReset(actual); break;
        }
        _crc32 = 0;
        _crc64 = 0;
        return actual[..Size].SequenceEqual(expected);
    }

    public void Dispose() => _sha256?.Dispose();
}
