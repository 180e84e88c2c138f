using System.Buffers;

namespace Doppel.Images.Debian;

/// <summary>A SHA-256 checksum as 64 lower-case hexadecimal digits: how indices write it, and the only form that becomes a file name.</summary>
internal static class Sha256Text
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    internal static bool IsValid(string? text) => text is { Length: 64 } && !text.AsSpan().ContainsAnyExcept(Digits);
}
