using Doppel.Backends.Disk.Operations;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Backends;
using Doppel.Host.Files;

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
        if (_prepared is not null || Origin is not SynchronousDisk below) throw new InvalidOperationException("No layer can begin.");
        DiskImage.CreateQcow2(path, Length, new Qcow2Options { BackingName = Path.GetFileName(below.Path), BackingFormat = below.Format, Subclusters = true });
        SynchronousDisk? made = null;
        try
        {
            made = DiskImage.Open(path, new DiskOpenOptions { Format = DiskFormat.Qcow2, WithBacking = false });
            made.Flush();
            ((Qcow2Disk)made).Image.Backing = new LowerDisk(_origin);
            return made;
        }
        catch
        {
            made?.Close();
            File.Delete(path);
            throw;
        }
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
        await ReleaseUnsealedAsync().ConfigureAwait(false);
    }

    /// <summary>The files below are durable when this returns, whoever has written them: a process that was killed may have left what it wrote to the host's memory, and a flush of the disk does not mean them.</summary>
    /// <exception cref="IOException">The host could not do it.</exception>
    public void FlushLayersBelow()
    {
        for (SynchronousDisk? layer = (Origin as SynchronousDisk)?.Below; layer is not null; layer = layer.Below) layer.FlushFile();
    }

    /// <summary>Puts the uppermost layer onto one file instead of those below, which nobody writes and the disk needs no longer. Requests wait for the last step only.</summary>
    /// <param name="path">Of a raw image of what is below, that is not there yet, in the folder of the layer.</param>
    /// <param name="reached">Told up to which byte of the disk all has been copied.</param>
    /// <exception cref="Core.Errors.DoppelException">It cannot be opened.</exception>
    /// <exception cref="IOException">The host has no room. The file stays if the layer may name it.</exception>
    public async Task FlattenAsync(string path, Action<long> reached, CancellationToken cancel)
    {
        if (Origin is not Qcow2Disk { Below: { } layers } top) throw new InvalidOperationException("There is nothing below.");
        SynchronousDisk below;
        try
        {
            await Task.Run(() => Copy(layers, path, reached, cancel), CancellationToken.None).ConfigureAwait(false);
            below = DiskImage.Open(path, new DiskOpenOptions { Format = DiskFormat.Raw, ReadOnly = true });
        }
        catch
        {
            File.Delete(path);
            throw;
        }

        try
        {
            await Task.Run(() => top.PutOnto(below, Path.GetFileName(path)).Close(), CancellationToken.None).ConfigureAwait(false);
        }
        catch
        {
            if (top.Below != below) await below.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Whether it goes on in the layer that was prepared, if it is frozen now. The one before must have been sealed.</summary>
    private bool BeginsLayer => _isWritten && _prepared is not null && _unsealed is null;

    /// <summary>The files that hold what the disk holds now and never change again, if it is frozen now; null if it is written in them. Only while no call is under way.</summary>
    private IReadOnlyList<DiskLayer>? LastingLayers() => BeginsLayer ? Layers : _isWritten ? null : LayersOf((Origin as SynchronousDisk)?.Below);

    /// <summary>Goes on in the layer that was prepared. Only while no call is under way.</summary>
    private void BeginLayer()
    {
        _unsealed = _origin;
        _origin = new SharedDisk(_prepared!);
        _newest = null;
        _prepared = null;
        _isWritten = false;
    }

    private ValueTask ReleaseUnsealedAsync() => Interlocked.Exchange(ref _unsealed, null) is { } below ? below.ReleaseAsync() : ValueTask.CompletedTask;

    private static bool MayBeWritten(IBlockBackend disk) => disk is not Qcow2Disk { Below: { } below, IsEmpty: true } || below.Length != disk.Length;

    /// <summary>Copies what is below to a raw image, durable.</summary>
    private void Copy(SynchronousDisk below, string path, Action<long> reached, CancellationToken cancel)
    {
        DiskImage.CreateRaw(path, Length);
        SynchronousDisk target = DiskImage.Open(path, new DiskOpenOptions { Format = DiskFormat.Raw });
        try
        {
            DiskContents.Read(below, ClusterStore.ClusterSize, Put, reached, cancel);
            target.Flush();
        }
        finally
        {
            target.Close();
        }

        // Before the layer names it.
        AtomicFile.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);

        void Put(long at, Memory<byte> bytes)
        {
            foreach ((int offset, int length, bool isZero) in DiskContents.Runs(bytes, ClusterStore.ClusterSize))
            {
                if (!isZero) target.Write(at + offset, bytes.Span.Slice(offset, length));
            }
        }
    }

    private static List<DiskLayer> LayersOf(SynchronousDisk? top)
    {
        var layers = new List<DiskLayer>();
        for (SynchronousDisk? layer = top; layer is not null; layer = layer.Below) layers.Add(new DiskLayer(layer.Path, layer.Format));
        return layers;
    }
}
