using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Backends;

namespace Doppel.Backends.Disk.Snapshots;

/// <summary>
/// How a disk in files leaves what it holds to others: its files never change again from a moment on, and it goes on in a layer above them. The layer is there, and whoever names the disk may
/// name it, before that moment: as long as it is empty it reads as what is below, whatever is written there.
/// </summary>
public sealed partial class SnapshotDisk
{
    private Qcow2Disk? _prepared;

    /// <summary>Nobody writes to it any more, but what was written may not be durable yet.</summary>
    private SharedDisk? _unsealed;

    /// <summary>Whether the uppermost layer has, or may have, something of its own.</summary>
    private volatile bool _isWritten;

    /// <summary>The files of which the disk consists, the uppermost first; none if it is not in files.</summary>
    public IReadOnlyList<DiskLayer> Layers => LayersOf(Origin as SynchronousDisk);

    /// <summary>Whether <see cref="FrozenDisk.Layers"/> will need a layer that is still to be made.</summary>
    public bool NeedsLayer => _isWritten && _prepared is null;

    /// <summary>Makes an empty layer, durable, on what the disk is now. It is the caller's until it is given to <see cref="GoOnIn"/>.</summary>
    /// <param name="path">Of an image that is not there yet, in the folder of the present one.</param>
    /// <exception cref="Core.Errors.DoppelException">It cannot be made.</exception>
    /// <exception cref="IOException">The host has no room.</exception>
    public SynchronousDisk MakeLayer(string path)
    {
        if (_unsealed is not null || _prepared is not null || Origin is not SynchronousDisk below) throw new InvalidOperationException("No layer can begin.");
        DiskImage.CreateQcow2(path, Length, new Qcow2Options { BackingName = Path.GetFileName(below.Path), BackingFormat = below.Format, Subclusters = true });
        var layer = (Qcow2Disk)DiskImage.Open(path, new DiskOpenOptions { Format = DiskFormat.Qcow2, WithBacking = false });
        layer.Image.Backing = new LowerDisk(_origin);
        layer.Flush();
        return layer;
    }

    /// <summary>When the disk is frozen the next time, and something has been written to its present layer, it goes on in this one. From now on who opens the disk is to open the layer.</summary>
    /// <param name="layer">From <see cref="MakeLayer"/>; taken over.</param>
    public void GoOnIn(SynchronousDisk layer) => _prepared = (Qcow2Disk)layer;

    /// <summary>What was written before the present layer began is durable when this returns, and other processes may read the files below.</summary>
    /// <exception cref="IOException">The host could not do it; flushes try it as well.</exception>
    public async Task SealAsync()
    {
        if (_unsealed is not { } below) return;
        await Task.Run(((SynchronousDisk)below.Disk).Seal).ConfigureAwait(false);
        _unsealed = null;
        await below.ReleaseAsync().ConfigureAwait(false);
    }

    /// <summary>Puts the uppermost layer onto one file instead of those below, which the disk needs no longer. Requests wait meanwhile.</summary>
    /// <param name="content">What the layers below hold.</param>
    /// <param name="path">A raw image of that, durable and never to change, in the folder of the layer.</param>
    /// <returns>False, and nothing done, if the layers below are others by now.</returns>
    /// <exception cref="Core.Errors.DoppelException">It cannot be opened.</exception>
    /// <exception cref="IOException">The host could not do it: the layer lies on the old ones.</exception>
    public Task<bool> PutOntoAsync(FrozenDisk content, string path) => Task.Run(() =>
    {
        if (_unsealed is not null || Origin is not Qcow2Disk { Below: { } now } top || content.Layers is not { } layers || !LayersOf(now).SequenceEqual(layers)) return false;
        SynchronousDisk below = DiskImage.Open(path, new DiskOpenOptions { Format = DiskFormat.Raw, ReadOnly = true });
        try
        {
            top.PutOnto(below, Path.GetFileName(path)).Close();
            return true;
        }
        catch
        {
            if (top.Below != below) below.Close();
            throw;
        }
    });

    /// <summary>The files that hold what the disk holds now and never change again, if it is frozen now; null if it is written in them. Only while no call is under way.</summary>
    private IReadOnlyList<DiskLayer>? LastingLayers() => _prepared is null && _isWritten ? null : LayersOf(_isWritten ? Origin as SynchronousDisk : (Origin as SynchronousDisk)?.Below);

    /// <summary>Goes on in the layer that was prepared. Only while no call is under way.</summary>
    private void BeginLayer(Qcow2Disk layer)
    {
        _unsealed = _origin;
        _origin = new SharedDisk(layer);
        _newest = null;
        _prepared = null;
        _isWritten = false;
    }

    private static bool MayBeWritten(IBlockBackend disk) => disk is not Qcow2Disk { Below: { } below, IsEmpty: true } || below.Length != disk.Length;

    private static List<DiskLayer> LayersOf(SynchronousDisk? top)
    {
        var layers = new List<DiskLayer>();
        for (SynchronousDisk? layer = top; layer is not null; layer = layer.Below) layers.Add(new DiskLayer(layer.Path, layer.Format));
        return layers;
    }
}
