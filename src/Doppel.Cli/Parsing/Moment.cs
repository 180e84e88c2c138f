using System.Globalization;
using Doppel.Core.Errors;

namespace Doppel.Cli.Parsing;

/// <summary>Dates with times of day, as in ISO 8601; without a zone they are UTC.</summary>
internal static class Moment
{
    /// <exception cref="DoppelException">It is none, or before 1970.</exception>
    public static DateTimeOffset Parse(string flag, string text)
    {
        const DateTimeStyles Styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        string[] formats = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK"];
        if (DateTimeOffset.TryParseExact(text, formats, CultureInfo.InvariantCulture, Styles, out DateTimeOffset time) && time >= DateTimeOffset.UnixEpoch) return time;
        throw new DoppelException(ErrorKind.Usage, $"{flag}: '{text}' is no date since 1970", $"{flag} 2026-01-01T00:00:00Z");
    }
}
