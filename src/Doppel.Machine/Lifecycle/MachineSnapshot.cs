using Doppel.Core.Memory;
using Doppel.Core.Snapshot;

namespace Doppel.Machine.Lifecycle;

/// <summary>The whole state of a machine, kept in host memory: every part's fields, and the pages of RAM that are not all zero.</summary>
internal sealed class MachineSnapshot
{
    private const int PageSize = DirtyBitmap.PageSize;
    private readonly List<(string Name, byte[] State)> _parts = [];
    private readonly List<(string Region, ulong Offset, byte[] Content)> _pages = [];

    /// <summary>The saved fields of each part, for comparisons.</summary>
    public IReadOnlyList<(string Name, byte[] State)> Parts => _parts;

    public int PageCount => _pages.Count;

    public static MachineSnapshot Save(GuestMemory memory, IEnumerable<ISnapshotPart> parts)
    {
        var snapshot = new MachineSnapshot();
        foreach (ISnapshotPart part in parts)
        {
            var writer = new SnapshotWriter();
            part.Save(writer);
            snapshot._parts.Add((part.SnapshotName, writer.Written.ToArray()));
        }

        foreach (MemoryRegion region in memory.Regions)
        {
            for (ulong offset = 0; offset < region.Length; offset += PageSize)
            {
                ReadOnlySpan<byte> page = region.Span(offset, (int)Math.Min(PageSize, region.Length - offset));
                if (page.ContainsAnyExcept((byte)0)) snapshot._pages.Add((region.Name, offset, page.ToArray()));
            }
        }

        return snapshot;
    }

    /// <exception cref="SnapshotException">The machine is made differently from the one that was saved.</exception>
    public void Load(GuestMemory memory, IReadOnlyList<ISnapshotPart> parts)
    {
        foreach (MemoryRegion region in memory.Regions) region.Clear();
        foreach ((string name, ulong offset, byte[] content) in _pages)
        {
            MemoryRegion region = memory.Regions.FirstOrDefault(r => r.Name == name) ?? throw new SnapshotException($"There is no memory '{name}' in this machine.");
            if (offset > region.Length || (ulong)content.Length > region.Length - offset) throw new SnapshotException($"The memory '{name}' is smaller than the saved one.");
            content.CopyTo(region.Span(offset, content.Length));
        }

        foreach (ISnapshotPart part in parts)
        {
            byte[] state = _parts.FirstOrDefault(p => p.Name == part.SnapshotName).State ?? throw new SnapshotException($"There is no '{part.SnapshotName}' in the saved machine.");
            part.Load(new SnapshotReader(state));
        }
    }
}
