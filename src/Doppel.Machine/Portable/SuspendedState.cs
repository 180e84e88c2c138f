using System.Text.Json;
using Doppel.Core.Errors;
using Doppel.Host.Memory;
using Doppel.Machine.Boot;
using Doppel.Machine.Named;

namespace Doppel.Machine.Portable;

/// <summary>
/// The state in which a machine that is switched off goes on instead of booting: the folder <c>suspended</c> in its own, with <c>state.json</c> and a sparse file for each
/// region of RAM. It belongs to the disks as they are, so that it is used once: before the first instruction runs it is gone.
/// </summary>
internal sealed class SuspendedState(MachineFolder machine)
{
    private readonly string _path = machine.File("suspended");

    public bool IsThere => Directory.Exists(_path);

    private string StateFile => Path.Combine(_path, "state.json");

    public string RamFile(int index) => Path.Combine(_path, $"ram{index}");

    /// <summary>Makes the folder, before the files of RAM are written.</summary>
    public void Create() => PrivateFolder.Create(_path);

    public void Write(SavedState state) => Host.Files.AtomicFile.Write(StateFile, state.ToBytes());

    /// <summary>The state of a machine whose disks are those of its configuration. RAM is mapped from the files, not read.</summary>
    /// <returns>The state, and whether it waits to be resumed.</returns>
    /// <exception cref="DoppelException">It is damaged.</exception>
    public (VmSnapshot Snapshot, bool IsPaused) Load(VmConfig config)
    {
        var regions = new List<VmSnapshot.RegionContent>();
        try
        {
            var state = SavedState.Parse(File.ReadAllBytes(StateFile));
            for (int i = 0; i < state.Regions.Count; i++)
            {
                string ram = RamFile(i);
                SavedRegion region = state.Regions[i];
                if ((ulong)new FileInfo(ram).Length != region.Length) throw Damaged(ram, "it has not the length of the RAM");
                var whole = new PageRun(0, region.Length);
                regions.Add(new VmSnapshot.RegionContent(region.Name, FrozenMemory.Open(region.Length, [(whole, Guid.NewGuid())], _ => File.OpenHandle(ram, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))));
            }

            VmSnapshot.PartState[] parts = [.. state.Parts.Select(p => new VmSnapshot.PartState(p.Name, p.State))];
            return (new VmSnapshot(BootPlan.Later(config), state.DeviceTree, parts, regions, [.. config.Disks.Select(_ => (Backends.Disk.Snapshots.FrozenDisk?)null)]) { DisksStay = true }, state.IsPaused);
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException or DoppelException)
        {
            foreach (VmSnapshot.RegionContent region in regions) region.Content.Dispose();
            if (exception is DoppelException) throw;
            throw Damaged(StateFile, exception.Message, exception);
        }
    }

    /// <summary>Forgets the state, at once, whatever becomes of the process. Machines that were made from it keep what they need of it.</summary>
    public void Discard()
    {
        if (!IsThere) return;
        string gone = $"{_path}.{Guid.NewGuid():n}";
        Directory.Move(_path, gone);
        Host.Files.AtomicFile.FlushFolder(machine.Path);
        Directory.Delete(gone, recursive: true);
    }

    private static DoppelException Damaged(string file, string what, Exception? inner = null) =>
        new(ErrorKind.Corrupt, $"{file} is damaged: {what.TrimEnd('.')}", "load the machine once more", inner);
}
