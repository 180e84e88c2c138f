using Doppel.Machine.Portable.Format;

namespace Doppel.Machine.Portable;

/// <summary>A part of a saved machine.</summary>
/// <param name="Name">Such as <c>machine</c>, <c>kernel</c>, <c>disk/0</c>.</param>
/// <param name="Bytes">Of its content.</param>
/// <param name="Stored">Bytes that it takes in the file: what is in other parts too, or zeroes, takes nearly none.</param>
/// <param name="Sha256">Identifies its content: the same as in every other file with the same content.</param>
public sealed record SavedObject(string Name, long Bytes, long Stored, string Sha256)
{
    internal static SavedObject Of(PortableObject found) => new(found.Name, found.Length, found.Stored, found.Digest.ToString());
}
