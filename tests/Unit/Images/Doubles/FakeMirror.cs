using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Doppel.Images.Disks;

namespace Doppel.Tests.Unit.Images.Doubles;

/// <summary>A mirror of Debian in memory: packages go in, the indices follow. Faults are put in by path.</summary>
internal sealed class FakeMirror : HttpMessageHandler
{
    private const string Index = "dists/trixie/main/binary-riscv64/Packages.xz";
    private readonly Dictionary<string, (string Paragraph, byte[] Deb)> _packages = [];
    private readonly Dictionary<string, byte[]> _files = [];

    internal static Uri Address { get; } = new("http://mirror.invalid/debian/");

    internal DateTimeOffset Date { get; set; } = new(2026, 9, 12, 8, 0, 0, TimeSpan.Zero);

    internal string Codename { get; set; } = "trixie";

    internal bool ByHash { get; set; } = true;

    internal List<string> Requests { get; } = [];

    /// <summary>Called with the path and how often it was asked for; an answer instead of the file, or null.</summary>
    internal Func<string, int, HttpResponseMessage?>? Fault { get; set; }

    internal void Add(string name, string version, byte[] deb, string extra = "", string? sha256 = null)
    {
        string path = $"pool/main/{name[0]}/{name}/{name}_{version.Replace(":", "%3a", StringComparison.Ordinal)}_riscv64.deb";
        string paragraph = string.Create(CultureInfo.InvariantCulture,
            $"Package: {name}\nVersion: {version}\n{extra}Description: one\n two\nFilename: {path}\nSize: {deb.Length}\nSHA256: {sha256 ?? Convert.ToHexStringLower(SHA256.HashData(deb))}\n");
        _packages[name] = (paragraph, deb);
        _files[path] = deb;
    }

    /// <summary>A mirror with all that the default guest needs.</summary>
    internal static FakeMirror WithGuest(string version = "6.12.1-1")
    {
        FakeMirror mirror = new();
        mirror.AddKernel(version);
        mirror.Add("busybox-static", "1:1.37.0-6", MadePackage.Deb(
            MadePackage.Directory("usr"), MadePackage.Directory("usr/bin"),
            MadePackage.File("usr/bin/busybox", "the busybox"u8.ToArray(), (UnixFileMode)0x1ED),
            MadePackage.File("usr/share/doc/busybox-static/copyright", "left out"u8.ToArray())));
        mirror.Add("e2fsprogs", "1.47-1", MadePackage.Deb(
            MadePackage.File("sbin/mkfs.ext4", "the mkfs"u8.ToArray(), (UnixFileMode)0x1ED), MadePackage.Link("usr/sbin/fsck.ext4", "mkfs.ext4"),
            MadePackage.File("usr/share/doc/e2fsprogs/NEWS", "left out"u8.ToArray())), "Pre-Depends: libc6 (>= 2.38)\nDepends: debconf (>= 1) | debconf-2.0\n");
        mirror.Add("libc6", "2.41-12", MadePackage.Deb(MadePackage.File("usr/lib/riscv64-linux-gnu/libc.so.6", "the libc"u8.ToArray())));
        return mirror;
    }

    /// <summary>A mirror with all that a Debian disk needs: the required packages, the tools, and one by each name that the disk has besides.</summary>
    internal static FakeMirror WithDisk()
    {
        FakeMirror mirror = WithGuest();
        mirror.Add("base-files", "13", MadePackage.Deb(MadePackage.File("etc/debian_version", "13\n"u8.ToArray())), "Essential: yes\nPriority: required\nPre-Depends: awk\n");
        mirror.Add("gawk", "5", MadePackage.Deb(), "Provides: awk\nPriority: optional\n");
        mirror.Add("mawk", "1", MadePackage.Deb(), "Provides: awk\nPriority: required\nDepends: libc6\n");
        mirror.Add("dpkg", "1.22", MadePackage.Deb(), "Essential: yes\nPriority: required\n");
        foreach (string name in (string[])["linux-base", "initramfs-tools", "debconf"]) mirror.Add(name, "1", MadePackage.Deb());
        foreach (string name in DiskPlan.Standard.Except(["linux-image-riscv64"])) mirror.Add(name, "1", MadePackage.Deb());
        return mirror;
    }

    internal void AddKernel(string version)
    {
        string release = version.Split('-')[0] + "-riscv64", modules = $"usr/lib/modules/{release}/kernel";
        string package = "linux-image-" + release;
        Add("linux-image-riscv64", version, MadePackage.Deb(), $"Depends: {package} (= {version})\n");
        Add(package, version, MadePackage.Deb(
            [
                MadePackage.File($"boot/vmlinux-{release}", MadePackage.Kernel("kernel " + version)),
                MadePackage.File($"boot/config-{release}", "CONFIG_X=y\n"u8.ToArray()),
                // Before the module that needs it, and not among those that are known beforehand.
                Module("lib/early_helper"),
                Module("crypto/crc32c_generic", "alias=crypto-crc32c"),
                Module("drivers/block/virtio_blk", "alias=virtio:d00000002v*", "depends="),
                Module("drivers/char/hw_random/virtio-rng", "alias=virtio:d00000004v*"),
                Module("drivers/virtio/virtio_mmio", "depends="),
                Module("drivers/net/unwanted"),
                Module("drivers/net/virtio_net", "alias=virtio:d00000001v*", "depends=net_failover"), Module("drivers/net/net_failover", "depends=failover"), Module("net/core/failover"),
                Module("drivers/block/loop"),
                Module("fs/ext4/ext4", "alias=fs-ext4", "depends=jbd2,mbcache,early-helper"),
                Module("fs/fat/fat"), Module("fs/fat/vfat", "depends=fat", "alias=fs-vfat"),
                Module("fs/jbd2/jbd2"), Module("fs/mbcache"), Module("lib/crc16"),
                Module("fs/nls/nls_ascii"), Module("fs/nls/nls_cp437"), Module("fs/nls/nls_utf8"), Module("drivers/cdrom/cdrom"), Module("fs/isofs/isofs", "depends=cdrom"), Module("fs/overlayfs/overlay"),
            ]), "Depends: linux-base, initramfs-tools | linux-initramfs-tool\n");

        System.Formats.Tar.TarEntry Module(string path, params string[] info) =>
            MadePackage.File($"{modules}/{path}.ko.xz", XzEncoder.Store(MadePackage.Module(["license=GPL", .. info])));
    }

    internal void Corrupt(string package) => _packages[package].Deb[^20] ^= 1;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // Several packages are fetched at the same time.
        lock (_files) return Task.FromResult(Answer(request));
    }

    private HttpResponseMessage Answer(HttpRequestMessage request)
    {
        string path = Uri.UnescapeDataString(request.RequestUri!.AbsolutePath["/debian/".Length..]);
        Requests.Add(path);
        if (Fault?.Invoke(path, Requests.Count(earlier => earlier == path)) is { } fault) return fault;
        MakeIndices();
        // A version's colon is %3a in the name of the file itself.
        if (!_files.TryGetValue(path, out byte[]? content) && !_files.TryGetValue(request.RequestUri.AbsolutePath["/debian/".Length..], out content))
            return new HttpResponseMessage(HttpStatusCode.NotFound);
        long from = request.Headers.Range?.Ranges.Single().From ?? 0;
        HttpResponseMessage response = new(from > 0 ? HttpStatusCode.PartialContent : HttpStatusCode.OK) { Content = new ByteArrayContent(content[(int)from..]) };
        if (from > 0) response.Content.Headers.ContentRange = new ContentRangeHeaderValue(from, content.Length - 1, content.Length);
        return response;
    }

    private void MakeIndices()
    {
        byte[] packages = XzEncoder.Store(Encoding.UTF8.GetBytes(string.Join('\n', _packages.Values.Select(package => package.Paragraph))));
        string sha256 = Convert.ToHexStringLower(SHA256.HashData(packages));
        foreach (string stale in _files.Keys.Where(path => path.StartsWith("dists/", StringComparison.Ordinal)).ToList()) _files.Remove(stale);
        _files[Index] = packages;
        if (ByHash) _files[$"dists/trixie/main/binary-riscv64/by-hash/SHA256/{sha256}"] = packages;
        _files["dists/trixie/InRelease"] = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nCodename: {Codename}\nVersion: 13.7\nDate: {Date:ddd, dd MMM yyyy HH:mm:ss} UTC\nAcquire-By-Hash: yes\nSHA256:\n {sha256} {packages.Length} main/binary-riscv64/Packages.xz\n-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"));
    }
}
