namespace Doppel.Machine.Portable.Format;

/// <summary>An object of a file.</summary>
/// <param name="Length">Bytes of its content.</param>
/// <param name="Stored">Bytes that it takes in the file.</param>
/// <param name="Chunks">Chunks that are not zeroes.</param>
/// <param name="Digest">What identifies its content: <see cref="ObjectDigest"/>.</param>
internal sealed record PortableObject(string Name, long Length, long Stored, long Chunks, Digest Digest);
