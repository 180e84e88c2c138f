using Doppel.Core.Errors;

namespace Doppel.Images.Store;

/// <summary>
/// Which guest is wanted: a known image, and Debian packages to add to it. As text: <c>NAME</c> or <c>NAME:PACKAGE,PACKAGE</c>.
/// </summary>
public sealed record GuestImageRequest
{
    /// <summary>Debian's kernel and a busybox userland in memory.</summary>
    public const string DefaultName = "debian-busybox";

    public GuestImageRequest(string name = DefaultName, params IEnumerable<string> packages)
    {
        if (name != DefaultName)
            throw new DoppelException(ErrorKind.NotFound, $"there is no image '{name}'", $"'{DefaultName}' is the one that is known; a kernel of your own goes by --kernel");
        Name = name;
        Packages = packages.Distinct().Order(StringComparer.Ordinal).ToList();
        foreach (string package in Packages)
        {
            if (package.Length < 2 || package.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('+' or '-' or '.')))
                throw new DoppelException(ErrorKind.Usage, $"'{package}' is not the name of a Debian package", "names have lower-case letters, digits, '+', '-' and '.'");
        }
    }

    public string Name { get; }

    /// <summary>Debian packages that the guest has besides busybox; what they depend on comes along.</summary>
    public IReadOnlyList<string> Packages { get; }

    /// <summary>The image's name in the cache.</summary>
    public string FullName => Packages.Count == 0 ? Name : $"{Name}:{string.Join(',', Packages)}";

    public static GuestImageRequest Parse(string text)
    {
        string[] parts = text.Split(':', 2);
        return new GuestImageRequest(parts[0], parts.Length == 1 ? [] : parts[1].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    public bool Equals(GuestImageRequest? other) => other is not null && FullName == other.FullName;

    public override int GetHashCode() => FullName.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => FullName;
}
