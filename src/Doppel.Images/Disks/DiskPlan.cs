using System.Security.Cryptography;
using System.Text;
using Doppel.Images.Debian;

namespace Doppel.Images.Disks;

/// <summary>What a Debian disk is made of. Equal plans make equal disks, to the bit.</summary>
internal sealed class DiskPlan
{
    /// <summary>Changes when the same packages would give another disk than before.</summary>
    private const string Recipe = "1";

    /// <summary>What makes it a machine that boots, is reached and is looked after; beside what every Debian has.</summary>
    internal static readonly string[] Standard =
    [
        "apt", "ca-certificates", "dbus", "iproute2", "iputils-ping", "kmod", "less", "libpam-systemd", "linux-image-riscv64", "nano", "netbase", "openssh-server", "procps", "qemu-guest-agent",
        "systemd-resolved", "systemd-sysv", "systemd-timesyncd", "udev",
    ];

    private DiskPlan(IReadOnlyList<DebianPackage> packages, IReadOnlyList<DebianPackage> tools, long size)
    {
        Packages = packages;
        Tools = tools;
        Size = size;
        string identity = $"{Recipe}\n{DiskFiles.Key}\n{size}\n{string.Join('\n', packages.Select(package => package.Sha256))}\n/\n{string.Join('\n', tools.Select(package => package.Sha256))}";
        byte[] hash = SHA256.HashData(Encoding.ASCII.GetBytes(identity));
        Key = "disk:" + Convert.ToHexStringLower(hash);
        FileSystemId = new Guid(hash.AsSpan(0, 16));
    }

    /// <summary>All packages on the disk, each after what it depends on where that is possible.</summary>
    internal IReadOnlyList<DebianPackage> Packages { get; }

    /// <summary>Those of <see cref="Packages"/> whose files must be there before dpkg can run.</summary>
    internal IReadOnlyList<DebianPackage> Tools { get; }

    /// <summary>Of the disk, in bytes.</summary>
    internal long Size { get; }

    internal string Key { get; }

    /// <summary>The file system's UUID: another plan, another file system.</summary>
    internal Guid FileSystemId { get; }

    /// <exception cref="Core.Errors.DoppelException">A package is not to be had.</exception>
    internal static DiskPlan Make(PackageIndex index, IEnumerable<string> further, long size)
    {
        List<string> required = [.. index.Required().Select(package => package.Name)];
        IReadOnlyList<DebianPackage> packages = DependencyResolver.ResolveForInstallation(index, [.. required, .. Standard, .. further]);
        HashSet<string> tools = [.. DependencyResolver.ResolveForInstallation(index, required).Select(package => package.Name)];
        return new DiskPlan(packages, [.. packages.Where(package => tools.Contains(package.Name))], size);
    }
}
