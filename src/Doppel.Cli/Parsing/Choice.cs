using Doppel.Core.Errors;

namespace Doppel.Cli.Parsing;

/// <summary>One of a few names, which are those of an enumeration in lower case.</summary>
internal static class Choice
{
    public static IReadOnlyList<string> Names<T>() where T : struct, Enum => Names(typeof(T));

    // Of the type's description: code for each type by itself would be compiled when the command starts (decision 0007).
    private static IReadOnlyList<string> Names(Type type) => Array.ConvertAll(Enum.GetNames(type), static n => n.ToLowerInvariant());

    /// <exception cref="DoppelException">It is none of them.</exception>
    public static T Parse<T>(string flag, string text) where T : struct, Enum
    {
        IReadOnlyList<string> names = Names<T>();
        if (names.Contains(text)) return Enum.Parse<T>(text, ignoreCase: true);
        throw new DoppelException(ErrorKind.Usage, $"{flag}: '{text}' is none of {string.Join(", ", names)}", $"{flag} {Suggestion.Nearest(text, names) ?? names[0]}");
    }
}
