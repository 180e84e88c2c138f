using Doppel.Machine.Snapshots;

namespace Doppel.Cli.Snapshots;

/// <summary>Snapshots as a tree of lines: each below the one on which it was made.</summary>
internal static class SnapshotTree
{
    public static IEnumerable<string> Draw(IReadOnlyList<SnapshotInfo> snapshots)
    {
        ILookup<string, SnapshotInfo> children = snapshots.Where(s => s.Parent is not null).ToLookup(s => s.Parent!);
        return snapshots.Where(s => s.Parent is null).SelectMany(root => Draw(root, "", "", children));
    }

    /// <param name="first">Before its own line.</param>
    /// <param name="rest">Before those of its children.</param>
    private static IEnumerable<string> Draw(SnapshotInfo snapshot, string first, string rest, ILookup<string, SnapshotInfo> children)
    {
        yield return first + snapshot.Name + (snapshot.IsCurrent ? " *" : "") + (snapshot.Comment is { Length: > 0 } comment ? $"  {comment}" : "");
        SnapshotInfo[] below = [.. children[snapshot.Name]];
        for (int i = 0; i < below.Length; i++)
        {
            bool last = i == below.Length - 1;
            foreach (string line in Draw(below[i], rest + (last ? "└─ " : "├─ "), rest + (last ? "   " : "│  "), children)) yield return line;
        }
    }
}
