using Doppel.Backends.Disk;
using Doppel.Images.Seeds;
using Doppel.Machine;

namespace Doppel.Cli.Run;

/// <summary>The seed disk of a machine that has no name: a temporary file.</summary>
internal sealed class RunSeed : IDisposable
{
    private readonly string _folder;

    /// <param name="userData">A file with user data.</param>
    /// <param name="hostName">What the machine is called in its guest.</param>
    /// <exception cref="Core.Errors.DoppelException">It is no user data.</exception>
    public RunSeed(string userData, string hostName)
    {
        NoCloudSeed seed = NoCloudSeed.FromFile(userData, hostName);
        _folder = Directory.CreateTempSubdirectory("doppel-seed-").FullName;
        string path = Path.Combine(_folder, "seed.iso");
        seed.Write(path);
        Disk = new DiskConfig(path, ReadOnly: true, Format: DiskFormat.Raw);
    }

    public DiskConfig Disk { get; }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
