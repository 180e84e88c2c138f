using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Doppel.Machine.Portable.Format;

/// <summary>
/// How what is behind the header of a file is encrypted: AES-256-GCM (NIST SP 800-38D) in segments, with a key that PBKDF2 (RFC 8018, section 5.2) with HMAC-SHA-512 makes of
/// a passphrase. The key is the file's own, so that the number of a segment is a nonce that is never used twice.
/// </summary>
internal sealed class Seal : IDisposable
{
    /// <summary>Plain bytes of a segment; only the last one is shorter, or empty.</summary>
    public const int SegmentSize = 64 << 10;

    public const int TagSize = 16;
    public const int SaltLength = 16;

    /// <summary>About half a second of one processor for each guess.</summary>
    public const int DefaultIterations = 600_000;

    /// <summary>A reader bears seconds, not hours; what is below was never written by us.</summary>
    public const int MinIterations = 100;
    public const int MaxIterations = 5_000_000;

    private const int KeyLength = 32;
    private const int ProofLength = 16;
    private const int NonceLength = 12;

    private readonly AesGcm _cipher;
    private readonly byte[] _header;

    private Seal(ReadOnlySpan<byte> key, byte[] header)
    {
        _cipher = new AesGcm(key, TagSize);
        _header = header;
    }

    /// <summary>Makes the key.</summary>
    /// <param name="header">
    /// Gives the header of the file, for which every segment vouches. Gets the proof: bytes that only who knows the passphrase can have, which tell a wrong one from a damaged file.
    /// </param>
    public static Seal Derive(string passphrase, ReadOnlySpan<byte> salt, int iterations, Func<ReadOnlyMemory<byte>, byte[]> header)
    {
        byte[] secret = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(passphrase.Normalize(NormalizationForm.FormC)), salt, iterations, HashAlgorithmName.SHA512, KeyLength + ProofLength);
        try
        {
            return new Seal(secret.AsSpan(0, KeyLength), header(secret.AsMemory(KeyLength)));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <param name="target">As many bytes, and the tag.</param>
    public void Encrypt(long number, bool last, ReadOnlySpan<byte> plain, Span<byte> target) =>
        _cipher.Encrypt(Nonce(number, last), plain, target[..plain.Length], target.Slice(plain.Length, TagSize), _header);

    /// <returns>False if the segment is not what was written with this key, under this number.</returns>
    public bool TryDecrypt(long number, bool last, ReadOnlySpan<byte> segment, Span<byte> plain)
    {
        try
        {
            _cipher.Decrypt(Nonce(number, last), segment[..^TagSize], segment[^TagSize..], plain, _header);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose() => _cipher.Dispose();

    /// <summary>Which segment it is, and whether it is the last one: none can be moved, left out or cut off.</summary>
    private static byte[] Nonce(long number, bool last)
    {
        byte[] nonce = new byte[NonceLength];
        BinaryPrimitives.WriteInt64BigEndian(nonce, number);
        nonce[^1] = last ? (byte)1 : (byte)0;
        return nonce;
    }
}
