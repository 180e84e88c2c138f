using Doppel.Images.Guests;
using Doppel.Images.Store;

namespace Doppel.Bench;

/// <summary>A guest whose first process is our agent.</summary>
/// <param name="Image">What it is made of.</param>
/// <param name="InitrdPath">The image's initramfs with our files in addition.</param>
/// <param name="MemoryMegabytes">How much RAM it gets.</param>
internal sealed record BenchGuest(GuestImage Image, string InitrdPath, int MemoryMegabytes)
{
    /// <summary>No messages but those of a panic, and a panic ends the machine.</summary>
    public const string CommandLine = "console=ttyS0 quiet loglevel=1 panic=-1";

    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <param name="program">bench/guest, built for the guest.</param>
    /// <param name="sources">bench/guest.</param>
    /// <param name="folder">Where the initramfs is put.</param>
    public static async Task<BenchGuest> MakeAsync(ImageStore store, IReadOnlyList<string> packages, int memoryMegabytes, string program, string sources, string folder)
    {
        GuestImage image = await store.GetAsync(new GuestImageRequest(packages: packages));
        List<GuestFile> files = [new("init", await File.ReadAllBytesAsync(program), Executable)];
        foreach (string path in Directory.EnumerateFiles(sources).Concat(Directory.EnumerateFiles(Path.Combine(sources, "debian"), "*.sh")).Order(StringComparer.Ordinal))
            files.Add(new GuestFile("bench/" + Path.GetFileName(path), await File.ReadAllBytesAsync(path)));

        string initrd = Path.Combine(folder, packages.Count == 0 ? "initrd" : "initrd-packages");
        using FileStream output = File.Create(initrd);
        using (FileStream layers = File.OpenRead(image.InitrdPath)) await layers.CopyToAsync(output);
        await output.WriteAsync(GuestFiles.ToArchive(files));
        return new BenchGuest(image, initrd, memoryMegabytes);
    }
}
