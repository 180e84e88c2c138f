using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Doppel.Core.Memory;
using Doppel.Core.Snapshot;
using Doppel.Host.Memory;
using Doppel.Machine.Boot;

namespace Doppel.Machine;

/// <summary>
/// The whole state of a machine at one moment: processors, devices, clock, RAM. It does not change; any number of machines can be made from it or set back to
/// it, also after the machine that it is of has ended.
/// </summary>
/// <remarks>
/// RAM is shared with the machine, not copied (on Linux): a snapshot costs what has been written since the one before, and one that is kept costs what its machines
/// write afterwards. Thread-safe.
/// </remarks>
public sealed class VmSnapshot : IDisposable
{
    private readonly IReadOnlyList<PartState> _parts;
    private readonly IReadOnlyList<RegionContent> _regions;
    private bool _disksAreThere;

    internal VmSnapshot(BootPlan plan, ReadOnlyMemory<byte> deviceTree, IReadOnlyList<PartState> parts, IReadOnlyList<RegionContent> regions, IReadOnlyList<FrozenDisk?> disks)
    {
        Plan = plan;
        DeviceTree = deviceTree;
        _parts = parts;
        _regions = regions;
        Disks = disks;
    }

    /// <summary>What the machine was made from.</summary>
    public VmConfig Config => Plan.Config;

    internal BootPlan Plan { get; }

    internal ReadOnlyMemory<byte> DeviceTree { get; }

    /// <summary>The content of each disk that can be written, in the order of the configuration; null for the others.</summary>
    internal IReadOnlyList<FrozenDisk?> Disks { get; }

    /// <summary>Disks are not part of it: those that a machine is made with are as they were.</summary>
    internal bool DisksStay { get; init; }

    /// <summary>The saved fields of each part.</summary>
    internal IReadOnlyList<PartState> Parts => _parts;

    /// <summary>The content of RAM.</summary>
    internal IReadOnlyList<RegionContent> Regions => _regions;

    /// <summary>Whether the machine was switched on; otherwise there are disks only.</summary>
    public bool IsLive => _regions.Count > 0;

    /// <summary>The same memory with the states of other parts; to be disposed, too.</summary>
    internal VmSnapshot With(IReadOnlyList<PartState> parts) => 
        new(Plan, DeviceTree, parts, [.. _regions.Select(r => r with { Content = r.Content.Share() })], [.. Disks.Select(d => d?.Share())]);

    /// <summary>Copies what was not copied yet, in the background; once the machine goes on.</summary>
    internal void BeginCopying()
    {
        foreach (RegionContent region in _regions) region.Content.BeginCopying();
    }

    /// <summary>Gives the memory back that no machine uses any more.</summary>
    public void Dispose()
    {
        foreach (RegionContent region in _regions) region.Content.Dispose();
        foreach (FrozenDisk? disk in Disks) disk?.Dispose();
    }

    /// <summary>All but the disks, for machines whose disks are what they were already; the regions are taken over.</summary>
    internal static VmSnapshot OfMemory(VmConfig config, ReadOnlyMemory<byte> deviceTree, IReadOnlyList<PartState> parts, IReadOnlyList<RegionContent> regions) =>
        new(BootPlan.Later(config), deviceTree, parts, regions, [.. config.Disks.Select(_ => (FrozenDisk?)null)]) { _disksAreThere = true };

    /// <summary>The disks of a machine that is switched off; taken over.</summary>
    internal static VmSnapshot OfDisks(VmConfig config, IReadOnlyList<FrozenDisk?> disks) => new(BootPlan.Later(config), default, [], [], disks);

    /// <summary>Takes the state of a machine that stands still. Its engines must drop their write permissions afterwards.</summary>
    /// <exception cref="OutOfMemoryException">The host cannot keep the changes; the machine is as it was.</exception>
    internal static VmSnapshot Take(BootPlan plan, ReadOnlyMemory<byte> deviceTree, GuestMemory memory, IEnumerable<ISnapshotPart> parts, IEnumerable<IBlockBackend> disks)
    {
        var states = new List<PartState>();
        foreach (ISnapshotPart part in parts)
        {
            var writer = new SnapshotWriter();
            part.Save(writer);
            states.Add(new PartState(part.SnapshotName, writer.Written.ToArray()));
        }

        var regions = new List<RegionContent>();
        try
        {
            foreach (MemoryRegion region in memory.Regions) regions.Add(new RegionContent(region.Name, region.Freeze()));
        }
        catch
        {
            foreach (RegionContent region in regions) region.Content.Dispose();
            throw;
        }

        return new VmSnapshot(plan, deviceTree, states, regions, [.. disks.Select(d => (d as SnapshotDisk)?.Freeze())]);
    }

    /// <exception cref="DoppelException">The machine has not the memory and the parts of the one that was saved.</exception>
    internal void CheckFits(string name, GuestMemory memory, IReadOnlyList<ISnapshotPart> parts, IReadOnlyList<IBlockBackend> disks)
    {
        if (!IsLive) throw new DoppelException(ErrorKind.WrongState, $"{name}: the snapshot is of a machine that was switched off: it has disks only", "use it while the machine is switched off");
        string? difference = memory.Regions.FirstOrDefault(region => Find(region) is null) is { } strange ? $"no memory '{strange.Name}' of {strange.Length >> 20} MiB"
            : parts.FirstOrDefault(part => Find(part) is null) is { } unknown ? $"no '{unknown.SnapshotName}'"
            : memory.Regions.Count < _regions.Count || parts.Count < _parts.Count ? "more parts"
            : disks.Count != Disks.Count || disks.Zip(Disks).Any(pair => !(DisksStay && pair.Second is null) && !Fits(pair.First, pair.Second)) ? "other disks"
            : null;
        if (difference is null) return;
        throw new DoppelException(ErrorKind.WrongState, $"{name}: the snapshot is of another machine: that one has {difference}", "give this machine the same hardware as the saved one");
    }

    /// <exception cref="DoppelException">The disks are not those of the saved machine.</exception>
    internal void CheckDisks(string name, IReadOnlyList<IBlockBackend> disks)
    {
        if (disks.Count != Disks.Count || disks.Zip(Disks).Any(pair => !Fits(pair.First, pair.Second)))
            throw new DoppelException(ErrorKind.WrongState, $"{name}: the snapshot is of a machine with other disks", "give this machine disks of the same sizes");
    }

    /// <summary>Gives a machine that it fits and that stands still the saved memory.</summary>
    /// <exception cref="DoppelException">The host has no room.</exception>
    internal void LoadMemory(string name, GuestMemory memory)
    {
        try
        {
            foreach (MemoryRegion region in memory.Regions) region.Restore(Find(region)!.Content);
        }
        catch (OutOfMemoryException exception)
        {
            throw new DoppelException(ErrorKind.InsufficientResources, $"{name}: cannot be restored: {exception.Message}", "free some memory of the host", exception);
        }
    }

    /// <summary>Puts the saved fields into the parts of a machine that has the saved memory; before that they may have seen another one.</summary>
    /// <exception cref="DoppelException">The state of a part is damaged.</exception>
    internal void LoadParts(string name, IReadOnlyList<ISnapshotPart> parts)
    {
        try
        {
            foreach (ISnapshotPart part in parts) part.Load(new SnapshotReader(Find(part)!.State));
        }
        catch (SnapshotException exception)
        {
            throw new DoppelException(ErrorKind.Corrupt, $"{name}: the saved state is damaged: {exception.Message}", "use another snapshot", exception);
        }
        catch (OutOfMemoryException exception)
        {
            throw new DoppelException(ErrorKind.InsufficientResources, $"{name}: cannot be restored: {exception.Message}", "free some memory of the host", exception);
        }
    }

    /// <summary>Sets the disks of a machine back, which must stand still.</summary>
    /// <exception cref="DoppelException">The host could not do it.</exception>
    internal async Task LoadDisksAsync(string name, IReadOnlyList<IBlockBackend> disks)
    {
        try
        {
            foreach ((IBlockBackend disk, FrozenDisk? content) in disks.Zip(Disks))
            {
                if (content is not null) await ((SnapshotDisk)disk).RestoreAsync(content).ConfigureAwait(false);
            }
        }
        catch (IOException exception)
        {
            throw new DoppelException(ErrorKind.Failed, $"{name}: a disk cannot be restored: {exception.Message}", "look at the disk's file and its file system", exception);
        }
    }

    private bool Fits(IBlockBackend disk, FrozenDisk? content) => content is null ? disk.ReadOnly || _disksAreThere : disk is SnapshotDisk writable && writable.CanRestore(content);

    private RegionContent? Find(MemoryRegion region) => _regions.FirstOrDefault(r => r.Name == region.Name && r.Content.Length == region.Length);

    private PartState? Find(ISnapshotPart part) => _parts.FirstOrDefault(p => p.Name == part.SnapshotName);

    /// <summary>The tagged fields of one part.</summary>
    internal sealed record PartState(string Name, byte[] State);

    /// <summary>The bytes of one region of memory.</summary>
    internal sealed record RegionContent(string Name, FrozenMemory Content);
}
