using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Errors;
using Doppel.Host.Memory;
using Doppel.Host.Threading;
using Doppel.Machine.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Machine.Named.Forks;

/// <summary>
/// What the children of a machine are made from: <c>state</c>, a manifest like that of a stored snapshot; for each layer of RAM a link to where the parent's process has it; and what was on the disks
/// that can be written (<see cref="ForkDiskFiles"/>). Children have opened, or linked, all of it when they run.
/// </summary>
internal sealed class ForkFolder(string path)
{
    private const string Name = "fork";

    public string Path => path;

    public ForkDiskFiles Disks => new(path);

    /// <summary>Fills the folder, in which the disks that are shared are already.</summary>
    /// <param name="progress">How much of the others has been copied, from 0 to 1.</param>
    /// <exception cref="IOException">The host has no room, or no way to share the memory.</exception>
    public Task WriteAsync(VmSnapshot snapshot, IProgress<double>? progress, CancellationToken cancel) =>
        // Beside a guest that runs on, and is not to notice.
        BackgroundThread.RunAsync("doppel-fork", () => Write(snapshot, progress, cancel));

    /// <summary>The parent's state, for a machine whose disks have been made from the files here.</summary>
    /// <exception cref="DoppelException">It is damaged, or the parent's process has ended.</exception>
    public VmSnapshot Load()
    {
        var regions = new List<VmSnapshot.RegionContent>();
        try
        {
            SnapshotManifest manifest = ManifestFile.Read(File("state"));
            if (manifest.State is not { } state) throw ManifestFile.Damaged(File("state"), "it has no memory");
            foreach (ManifestRegion region in state.Regions)
                regions.Add(new VmSnapshot.RegionContent(region.Name, FrozenMemory.Open(region.Length, ManifestFile.Pieces(manifest, region), Open)));
            return VmSnapshot.OfMemory(manifest.Config, state.DeviceTree, [.. state.Parts.Select(p => new VmSnapshot.PartState(p.Name, p.State))], regions);
        }
        catch (Exception exception)
        {
            foreach (VmSnapshot.RegionContent region in regions) region.Content.Dispose();
            if (exception is IOException or UnauthorizedAccessException) throw new DoppelException(ErrorKind.Unreachable, $"the memory of the machine that was forked is gone: {exception.Message.TrimEnd('.')}", "fork it once more", exception);
            throw;
        }
    }

    public void Delete()
    {
        if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
    }

    private void Write(VmSnapshot snapshot, IProgress<double>? progress, CancellationToken cancel)
    {
        int[] others = [.. Enumerable.Range(0, snapshot.Disks.Count).Where(i => snapshot.Disks[i] is not null && !Disks.Has(i))];
        double total = Math.Max(1, others.Sum(i => snapshot.Disks[i]!.Length));
        long before = 0;
        foreach (int i in others)
        {
            FrozenDisk disk = snapshot.Disks[i]!;
            Disks.CopyAsync(i, disk, at => progress?.Report((before + at) / total), cancel).GetAwaiter().GetResult();
            before += disk.Length;
        }

        WriteMemory(snapshot);
    }

    private void WriteMemory(VmSnapshot snapshot)
    {
        var layers = new List<Guid>();
        var regions = new List<ManifestRegion>();
        foreach (VmSnapshot.RegionContent region in snapshot.Regions)
        {
            var extents = new List<long>();
            foreach (FrozenPiece piece in region.Content.Pieces)
            {
                int number = layers.IndexOf(piece.Layer.Id);
                if (number < 0)
                {
                    number = layers.Count;
                    layers.Add(piece.Layer.Id);
                    string place = piece.Layer.ForOthers() ?? throw new IOException("memory is not shared between processes on this host");
                    System.IO.File.CreateSymbolicLink(File(piece.Layer.Id.ToString("n")), place);
                }

                extents.AddRange([(long)(piece.Run.Offset / SnapshotManifest.PageSize), (long)(piece.Run.Length / SnapshotManifest.PageSize), number]);
            }

            regions.Add(new ManifestRegion(region.Name, region.Content.Length, extents));
        }

        var state = new ManifestState(snapshot.DeviceTree, [.. snapshot.Parts.Select(p => new ManifestPart(p.Name, p.State))], regions);
        var manifest = new SnapshotManifest(
            SnapshotManifest.CurrentFormat, Guid.NewGuid(), Name, null, null, TimeProvider.System.GetUtcNow(), snapshot.Config, layers, state, [.. snapshot.Disks.Select(_ => (ManifestDisk?)null)]);

        // Gone with this process: there is no need to wait until it is on stable storage.
        System.IO.File.WriteAllBytes(File("state"), ManifestFile.ToBytes(manifest));
    }

    // The links lead to open files of another process: nothing can be shared or locked by them.
    private SafeFileHandle Open(Guid layer) => System.IO.File.OpenHandle(File(layer.ToString("n")), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private string File(string name) => System.IO.Path.Combine(path, name);
}
