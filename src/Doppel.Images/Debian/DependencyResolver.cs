// Which packages a set of packages needs: Debian Policy 4.7, section 7.2 (Depends, Pre-Depends).
using Doppel.Core.Errors;

namespace Doppel.Images.Debian;

/// <summary>Closes a set of packages under their dependencies.</summary>
internal static class DependencyResolver
{
    /// <summary>
    /// Needed only by the scripts that run when dpkg installs a package; we unpack and run none.
    /// </summary>
    private static readonly HashSet<string> OnlyForInstallation = ["debconf", "debconf-2.0", "cdebconf", "dpkg", "install-info", "ucf", "init-system-helpers", "linux-base", "initramfs-tools"];

    /// <summary>
    /// All packages that <paramref name="names"/> need, themselves included, each after what it depends on where that is possible (cycles occur).
    /// </summary>
    internal static IReadOnlyList<DebianPackage> Resolve(PackageIndex index, IEnumerable<string> names) => Resolve(index, names, OnlyForInstallation);

    /// <summary>As <see cref="Resolve(PackageIndex, IEnumerable{string})"/>, with what dpkg and the packages' scripts need when they are installed.</summary>
    internal static IReadOnlyList<DebianPackage> ResolveForInstallation(PackageIndex index, IEnumerable<string> names) => Resolve(index, names, []);

    private static List<DebianPackage> Resolve(PackageIndex index, IEnumerable<string> names, HashSet<string> leftOut)
    {
        Dictionary<string, DebianPackage> chosen = [];
        List<DebianPackage> ordered = [];
        List<DebianPackage> asked = [.. names.Select(index.Get)];
        // Where a package is content with one of several, one that was asked for serves before any other.
        HashSet<string> certain = [.. asked.Select(package => package.Name)];
        foreach (DebianPackage package in asked) Add(package);
        return ordered;

        void Add(DebianPackage package)
        {
            if (!chosen.TryAdd(package.Name, package)) return;
            foreach (IReadOnlyList<PackageRelation> alternatives in package.Dependencies)
            {
                if (alternatives.Any(relation => leftOut.Contains(relation.Name))) continue;
                List<DebianPackage> candidates = alternatives.SelectMany(index.Satisfying).ToList();
                if (candidates.Count == 0)
                    throw new DoppelException(ErrorKind.NotFound, $"package '{package.Name}' needs {string.Join(" or ", alternatives)}, which Debian's index does not have", "try again later: the mirror may be in the middle of an update");
                if (!candidates.Any(candidate => chosen.ContainsKey(candidate.Name))) Add(candidates.Find(candidate => certain.Contains(candidate.Name)) ?? candidates[0]);
            }
            ordered.Add(package);
        }
    }
}
