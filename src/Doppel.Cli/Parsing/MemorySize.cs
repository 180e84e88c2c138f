using System.Globalization;
using Doppel.Core.Errors;

namespace Doppel.Cli.Parsing;

/// <summary>A size such as <c>512M</c>, <c>2G</c>, <c>1.5GiB</c>; units are powers of 1024.</summary>
internal static class MemorySize
{
    private static readonly string[] Units = ["", "K", "M", "G", "T"];

    /// <exception cref="DoppelException">It is no size.</exception>
    public static ulong Parse(string flag, string text)
    {
        int end = text.Length;
        while (end > 0 && char.IsAsciiLetter(text[end - 1])) end--;
        string suffix = text[end..].ToUpperInvariant();
        string unit = suffix.EndsWith("IB", StringComparison.Ordinal) ? suffix[..^2] : suffix.TrimEnd('B');
        int power = Array.IndexOf(Units, unit);
        bool isNumber = decimal.TryParse(text.AsSpan(0, end), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number);
        if (power < 0 || !isNumber) throw new DoppelException(ErrorKind.Usage, $"{flag}: '{text}' is not a size", $"{flag} 512M");
        // People who come from tools that count in MiB write `--memory 512`; 512 bytes are never what they want.
        if (suffix.Length == 0 && number is > 0 and < 1 << 20) throw new DoppelException(ErrorKind.Usage, $"{flag}: '{text}' has no unit", $"{flag} {text}M");
        if (number > ulong.MaxValue / (1UL << (10 * power))) throw new DoppelException(ErrorKind.Usage, $"{flag}: '{text}' is too large", $"{flag} 512M");
        return (ulong)(number * (1UL << (10 * power)));
    }

    /// <summary>Such as <c>31.4 MiB</c>.</summary>
    public static string Format(long bytes)
    {
        double value = bytes;
        int power = 0;
        while (value >= 1024 && power < Units.Length - 1)
        {
            value /= 1024;
            power++;
        }

        return power == 0 ? $"{bytes} B" : string.Create(CultureInfo.InvariantCulture, $"{value:0.0} {Units[power]}iB");
    }
}
