using System.Globalization;
using Doppel.Core.Errors;

namespace Doppel.Cli.Parsing;

/// <summary>A time such as <c>500ms</c>, <c>30s</c>, <c>5m</c>, <c>1h</c>; seconds without a unit.</summary>
internal static class Duration
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(40);

    /// <exception cref="DoppelException">It is no time, or not a positive one.</exception>
    public static TimeSpan Parse(string flag, string text)
    {
        int end = text.Length;
        while (end > 0 && char.IsAsciiLetter(text[end - 1])) end--;
        double seconds = text[end..] switch { "ms" => 0.001, "s" or "" => 1, "m" => 60, "h" => 3600, _ => 0 };
        bool isNumber = double.TryParse(text.AsSpan(0, end), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number);
        if (isNumber && number * seconds > 0 && number * seconds <= Longest.TotalSeconds) return TimeSpan.FromSeconds(number * seconds);
        throw new DoppelException(ErrorKind.Usage, $"{flag}: '{text}' is not a time", $"{flag} 30s");
    }
}
