using System.Buffers.Binary;
using System.Security.Cryptography;
using Doppel.Core.Errors;

namespace Doppel.Machine.Portable.Format;

/// <summary>
/// The first 60 bytes of a file, the only ones that are never encrypted: magic (8), version (16 bits), whether what follows is sealed (16 bits), iterations (32 bits), salt (16),
/// proof of the passphrase (16), check (the first 12 bytes of the SHA-256 of what is before); little-endian. Without a seal its fields are zeroes.
/// </summary>
internal static class FileHeader
{
    public const int Size = 60;

    private const int SealAt = 10;
    private const int IterationsAt = 12;
    private const int SaltAt = 16;
    private const int ProofAt = SaltAt + Seal.SaltLength;
    private const int CheckAt = 48;

    /// <summary>Begins a file.</summary>
    /// <param name="passphrase">Null: not encrypted.</param>
    /// <returns>Where the records go; then <see cref="EndAsync"/>.</returns>
    public static async Task<Stream> WriteAsync(Stream output, string? passphrase, int iterations = Seal.DefaultIterations, CancellationToken cancel = default)
    {
        byte[] header = new byte[Size];
        PortableFormat.Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), PortableFormat.Version);
        if (passphrase is null)
        {
            Check(header).CopyTo(header.AsSpan(CheckAt));
            await output.WriteAsync(header, cancel).ConfigureAwait(false);
            return output;
        }

        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(SealAt), 1);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(IterationsAt), iterations);
        RandomNumberGenerator.Fill(header.AsSpan(SaltAt, Seal.SaltLength));
        var seal = Seal.Derive(passphrase, header.AsSpan(SaltAt, Seal.SaltLength), iterations, proof =>
        {
            proof.CopyTo(header.AsMemory(ProofAt));
            Check(header).CopyTo(header.AsSpan(CheckAt));
            return header;
        });
        await output.WriteAsync(header, cancel).ConfigureAwait(false);
        return new SealedOutput(output, seal);
    }

    /// <summary>Writes what is still to be written of a file whose records are complete.</summary>
    /// <param name="body">From <see cref="WriteAsync"/>.</param>
    public static Task EndAsync(Stream body, CancellationToken cancel = default) => body is SealedOutput sealing ? sealing.EndAsync(cancel) : body.FlushAsync(cancel);

    /// <summary>Reads the header of a file.</summary>
    /// <param name="file">How the user calls the file.</param>
    /// <param name="passphrase">Asked if the file is encrypted.</param>
    /// <returns>Where the records come from.</returns>
    /// <exception cref="DoppelException">It is no such file, of a later version, damaged, or the passphrase is wrong (<see cref="ErrorKind.Denied"/>).</exception>
    public static async Task<Stream> ReadAsync(Stream input, string file, Func<string> passphrase, CancellationToken cancel = default)
    {
        byte[] header = new byte[Size];
        int read = await input.ReadAtLeastAsync(header, Size, throwOnEndOfStream: false, cancel).ConfigureAwait(false);
        if (!header.AsSpan(0, 8).SequenceEqual(PortableFormat.Magic)) throw PortableErrors.NotOurs(file);
        if (read < Size) throw PortableErrors.Damaged(file, 0, $"it ends after {read} bytes, which is too early");
        int version = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(8));
        bool whole = Check(header).AsSpan().SequenceEqual(header.AsSpan(CheckAt));
        // The header of a later version may be another one.
        if (version > PortableFormat.Version) throw PortableErrors.Unknown(file, version);
        if (!whole) throw PortableErrors.Damaged(file, 0, "a header that is not what was written");
        int kind = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(SealAt));
        if (version == PortableFormat.Version && kind == 0) return input;
        int iterations = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(IterationsAt));
        if (version != PortableFormat.Version || kind != 1 || iterations is < Seal.MinIterations or > Seal.MaxIterations) throw PortableErrors.Damaged(file, 0, "a header that cannot be");
        bool right = false;
        var seal = Seal.Derive(passphrase(), header.AsSpan(SaltAt, Seal.SaltLength), iterations, proof =>
        {
            right = CryptographicOperations.FixedTimeEquals(proof.Span, header.AsSpan(ProofAt, proof.Length));
            return header;
        });
        if (right) return new SealedInput(input, seal, file);
        seal.Dispose();
        throw new DoppelException(ErrorKind.Denied, $"{file}: the passphrase is wrong", "the one that it was saved with");
    }

    private static byte[] Check(byte[] header) => SHA256.HashData(header.AsSpan(0, CheckAt))[..(Size - CheckAt)];
}
