using System.Globalization;
using Doppel.Core.Errors;

namespace Doppel.Cli.Parsing;

/// <summary>Counts and addresses: decimal, or hexadecimal with <c>0x</c>.</summary>
internal static class WholeNumber
{
    /// <exception cref="DoppelException">It is no number in the range.</exception>
    public static int Parse(string flag, string text, int min, int max)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= min && value <= max) return value;
        bool tooLarge = text.Length > 0 && text.All(char.IsAsciiDigit) && text.Any(c => c != '0');
        throw new DoppelException(ErrorKind.Usage, $"{flag}: '{text}' is not a number from {min} to {max}", $"{flag} {(tooLarge ? max : min)}");
    }

    /// <exception cref="DoppelException">It is no address.</exception>
    public static ulong ParseAddress(string flag, string text)
    {
        bool hexadecimal = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        string digits = (hexadecimal ? text[2..] : text).Replace("_", "", StringComparison.Ordinal);
        if (ulong.TryParse(digits, hexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)) return value;
        throw new DoppelException(ErrorKind.Usage, $"{flag}: '{text}' is not an address", $"{flag} 0x80000000");
    }

    /// <exception cref="DoppelException">It is no number of 64 bits.</exception>
    public static ulong ParseSeed(string flag, string text) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
            ? value
            : throw new DoppelException(ErrorKind.Usage, $"{flag}: '{text}' is not a number from 0 to {ulong.MaxValue}", $"{flag} 1");
}
