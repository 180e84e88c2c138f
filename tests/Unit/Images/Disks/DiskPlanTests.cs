using System.Globalization;
using System.Text;
using Doppel.Core.Errors;
using Doppel.Images.Debian;
using Doppel.Images.Disks;

namespace Doppel.Tests.Unit.Images.Disks;

public sealed class DiskPlanTests
{
    private const long Size = 4L << 30;

    [Fact]
    public void Plan_has_what_is_required_what_is_standard_and_all_they_need()
    {
        DiskPlan plan = DiskPlan.Make(Index(), [], Size);
        string[] packages = [.. plan.Packages.Select(package => package.Name)];
        Assert.Superset(new HashSet<string>([.. DiskPlan.Standard, "base-files", "dpkg", "mawk", "libc6", "linux-image-6.12-riscv64", "initramfs-tools"]), packages.ToHashSet());
        Assert.Equal(packages.Length, packages.Distinct().Count());
        // Of two that provide awk the required one serves, whatever comes first in the index.
        Assert.DoesNotContain("gawk", packages);
        Assert.True(Array.IndexOf(packages, "libc6") < Array.IndexOf(packages, "mawk"));
        Assert.Equal(["libc6", "mawk", "base-files", "dpkg"], plan.Tools.Select(package => package.Name));
    }

    [Fact]
    public void Plans_are_equal_if_all_that_goes_into_the_disk_is()
    {
        DiskPlan plan = DiskPlan.Make(Index(), [], Size), same = DiskPlan.Make(Index(), ["nano"], Size);
        Assert.Equal((plan.Key, plan.FileSystemId), (same.Key, same.FileSystemId));
        foreach (DiskPlan other in (DiskPlan[])[DiskPlan.Make(Index(), ["gawk"], Size), DiskPlan.Make(Index(), [], 2 * Size), DiskPlan.Make(Index(libc: "2.42"), [], Size)])
        {
            Assert.NotEqual(plan.Key, other.Key);
            Assert.NotEqual(plan.FileSystemId, other.FileSystemId);
        }
    }

    [Fact]
    public void Package_that_is_not_to_be_had_is_named() =>
        Assert.Contains("nothing-like-it", Assert.Throws<DoppelException>(() => DiskPlan.Make(Index(), ["nothing-like-it"], Size)).Message);

    private static PackageIndex Index(string libc = "2.41")
    {
        StringBuilder text = new();
        Add("base-files", "13", "Essential: yes\nPre-Depends: awk\n");
        Add("gawk", "5", "Provides: awk\n");
        Add("dpkg", "1.22", "Priority: required\nDepends: libc6 (>= 2)\n");
        Add("libc6", libc, "");
        Add("mawk", "1", "Priority: required\nProvides: awk\nDepends: libc6\n");
        Add("linux-image-riscv64", "6.12", "Depends: linux-image-6.12-riscv64\n");
        Add("linux-image-6.12-riscv64", "6.12", "Depends: initramfs-tools | linux-initramfs-tool\n");
        Add("initramfs-tools", "1", "");
        foreach (string name in DiskPlan.Standard.Except(["linux-image-riscv64"])) Add(name, "1", "");
        return PackageIndex.Parse(new MemoryStream(Encoding.UTF8.GetBytes(text.ToString())));

        void Add(string name, string version, string fields)
        {
            string hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(name + version)));
            text.Append(CultureInfo.InvariantCulture, $"Package: {name}\nVersion: {version}\n{fields}Filename: pool/{name}\nSize: 1\nSHA256: {hash}\n\n");
        }
    }
}
