using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Operations;

/// <summary>Snapshots in a qcow2 image that no machine uses.</summary>
public static class DiskSnapshots
{
    public static Task CreateAsync(string path, DiskOpenOptions options, string name, TimeProvider time) => Run(path, options, s => s.Create(name, time.GetUtcNow()));

    /// <summary>The disk becomes what it was; what was written since is lost.</summary>
    public static Task ApplyAsync(string path, DiskOpenOptions options, string nameOrId) => Run(path, options, s => s.Apply(nameOrId));

    public static Task DeleteAsync(string path, DiskOpenOptions options, string nameOrId) => Run(path, options, s => s.Delete(nameOrId));

    private static Task Run(string path, DiskOpenOptions options, Action<Qcow2Snapshots> action) => Task.Run(() =>
    {
        SynchronousDisk disk = DiskImage.Open(path, options with { WithBacking = false });
        try
        {
            if (disk is not Qcow2Disk qcow2) throw new DoppelException(ErrorKind.Usage, $"{path}: only qcow2 images hold snapshots");
            action(new Qcow2Snapshots(qcow2.Image));
        }
        finally
        {
            disk.Close();
        }
    });
}
