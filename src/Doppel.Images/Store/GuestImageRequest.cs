using Doppel.Core.Errors;

namespace Doppel.Images.Store;

/// <summary>
/// Which guest is wanted: a known image, and Debian packages to add to it. As text: <c>NAME</c> or <c>NAME:PACKAGE,PACKAGE</c>.
/// </summary>
public sealed record GuestImageRequest
{
    /// <summary>Debian's kernel and a busybox userland in memory.</summary>
    public const string DefaultName = "debian-busybox";

    public const long DefaultDiskBytes = 8L << 30;

    /// <summary>What the packages take, and room to live.</summary>
    public const long LeastDiskBytes = 1L << 30;

    /// <summary>Debian on a disk: systemd, network, ssh.</summary>
    public const string DebianName = "debian";

    public GuestImageRequest(string name = DefaultName, params IEnumerable<string> packages)
    {
        if (name is not (DefaultName or DebianName))
            throw new DoppelException(ErrorKind.NotFound, $"there is no image '{name}'", $"'{DefaultName}' or '{DebianName}'; a kernel of your own goes by --kernel");
        Name = name;
        Packages = packages.Distinct().Order(StringComparer.Ordinal).ToList();
        foreach (string package in Packages)
        {
            if (package.Length < 2 || package.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('+' or '-' or '.')))
                throw new DoppelException(ErrorKind.Usage, $"'{package}' is not the name of a Debian package", "names have lower-case letters, digits, '+', '-' and '.'");
        }
    }

    public string Name { get; }

    /// <summary>Whether it boots from a disk, which is built in a guest.</summary>
    public bool HasDisk => Name == DebianName;

    /// <summary>How large the disk is to be, if it has one; null is <see cref="DefaultDiskBytes"/>, or what it is already. A multiple of 1 MiB.</summary>
    public long? DiskBytes
    {
        get;
        init
        {
            if (value is { } size && (size < LeastDiskBytes || size % (1 << 20) != 0 || !HasDisk))
                throw new DoppelException(ErrorKind.Usage, HasDisk ? $"{size} bytes are no size for the disk" : $"'{Name}' has no disk", $"whole MiB, {LeastDiskBytes >> 20}M or more, for the image '{DebianName}'");
            field = value;
        }
    }

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
