// Order of versions: Debian Policy 4.7, section 5.6.12.
namespace Doppel.Images.Debian;

/// <summary>Compares version numbers of Debian packages.</summary>
internal static class DebianVersion
{
    internal static int Compare(string left, string right)
    {
        (long leftEpoch, string leftUpstream, string leftRevision) = Split(left);
        (long rightEpoch, string rightUpstream, string rightRevision) = Split(right);
        int order = leftEpoch.CompareTo(rightEpoch);
        if (order == 0) order = ComparePart(leftUpstream, rightUpstream);
        return order != 0 ? order : ComparePart(leftRevision, rightRevision);
    }

    /// <summary>True if a version stands in a relation such as <c>&gt;=</c> to another.</summary>
    internal static bool Satisfies(string version, string relation, string other)
    {
        int order = Compare(version, other);
        return relation switch
        {
            "<<" => order < 0,
            "<=" or "<" => order <= 0,
            "=" => order == 0,
            ">=" or ">" => order >= 0,
            ">>" => order > 0,
            _ => false,
        };
    }

    private static (long Epoch, string Upstream, string Revision) Split(string version)
    {
        long epoch = 0;
        int colon = version.IndexOf(':');
        if (colon > 0 && long.TryParse(version.AsSpan(0, colon), out long number)) epoch = number;
        string rest = version[(colon + 1)..];
        int dash = rest.LastIndexOf('-');
        return dash < 0 ? (epoch, rest, "") : (epoch, rest[..dash], rest[(dash + 1)..]);
    }

    // By turns a run of other characters and a run of digits.
    private static int ComparePart(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        while (left.Length > 0 || right.Length > 0)
        {
            while ((left.Length > 0 && !char.IsAsciiDigit(left[0])) || (right.Length > 0 && !char.IsAsciiDigit(right[0])))
            {
                int order = Weight(left).CompareTo(Weight(right));
                if (order != 0) return order;
                left = left[1..];
                right = right[1..];
            }
            int numbers = CompareNumber(ref left, ref right);
            if (numbers != 0) return numbers;
        }
        return 0;
    }

    // A tilde sorts before the end, the end (and a digit) before letters, letters before all else.
    private static int Weight(ReadOnlySpan<char> text) => text.Length == 0 || char.IsAsciiDigit(text[0]) ? 0
        : text[0] == '~' ? -1
        : char.IsAsciiLetter(text[0]) ? text[0]
        : text[0] + 256;

    private static int CompareNumber(ref ReadOnlySpan<char> left, ref ReadOnlySpan<char> right)
    {
        ReadOnlySpan<char> leftDigits = Digits(ref left), rightDigits = Digits(ref right);
        int order = leftDigits.Length.CompareTo(rightDigits.Length);
        return order != 0 ? order : leftDigits.SequenceCompareTo(rightDigits);
    }

    private static ReadOnlySpan<char> Digits(ref ReadOnlySpan<char> text)
    {
        int count = 0;
        while (count < text.Length && char.IsAsciiDigit(text[count])) count++;
        ReadOnlySpan<char> digits = text[..count].TrimStart('0');
        text = text[count..];
        return digits;
    }
}
