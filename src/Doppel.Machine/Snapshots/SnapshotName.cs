using Doppel.Core.Errors;

namespace Doppel.Machine.Snapshots;

/// <summary>What snapshots may be called, and what may be said of them.</summary>
internal static class SnapshotName
{
    private const int MaxName = 64;
    private const int MaxComment = 4096;

    public static bool IsValid(string name) => name.Length is > 0 and <= MaxName && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || "._-".Contains(c));

    /// <summary>One line, or nothing.</summary>
    public static bool IsComment(string? comment) => comment is null || (comment.Length <= MaxComment && !comment.Any(char.IsControl));

    /// <exception cref="DoppelException">It is none.</exception>
    public static void Require(string name, string? comment)
    {
        if (!IsValid(name)) throw new DoppelException(ErrorKind.Usage, $"'{name}' is no name for a snapshot", $"1 to {MaxName} letters, digits, '.', '_' or '-', a letter or a digit first");
        if (!IsComment(comment)) throw new DoppelException(ErrorKind.Usage, "the comment has more than one line, or is too long", $"one line of at most {MaxComment} characters");
    }
}
