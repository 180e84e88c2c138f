using System.Security.Cryptography;
using System.Text;
using Doppel.Images.Archives;

namespace Doppel.Images.Guests;

/// <summary>Our part of the initramfs: the directories, the first process, and a few files of /etc. It comes first, so that packages can replace files.</summary>
internal static class BaseLayer
{
    internal static byte[] Archive { get; } = Make();

    /// <summary>Names this version of it, for the cache.</summary>
    internal static string Key { get; } = Convert.ToHexStringLower(SHA256.HashData(Archive))[..32];

    private static byte[] Make()
    {
        using MemoryStream output = new();
        CpioWriter archive = new(output);
        foreach (string directory in (string[])["dev", "etc/profile.d", "etc/udhcpc", "mnt", "proc", "run", "sys", "usr/bin", "usr/lib", "usr/sbin", "usr/local/bin", "usr/local/sbin", "var/tmp", "var/log"])
            archive.Directory(directory);
        archive.Directory("root", 0x1C0 /* 0700 */);
        archive.Directory("tmp", 0x3FF /* 1777 */);
        // Debian's merged /usr.
        foreach (string name in (string[])["bin", "sbin", "lib"]) archive.Symlink(name, "usr/" + name);
        archive.Symlink("var/run", "../run");
        archive.Symlink("etc/mtab", "/proc/self/mounts");
        // The kernel opens it for the first process before devtmpfs is there.
        archive.CharacterDevice("dev/console", 5, 1, 0x180 /* 0600 */);
        archive.File("init", Resource("init"), 0x1ED /* 0755 */);
        archive.File("etc/profile", Resource("profile"));
        // Where busybox looks for it by itself.
        archive.File("etc/udhcpc/default.script", Resource("udhcpc-script"), 0x1ED /* 0755 */);
        Text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
        Text("etc/group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n");
        Text("etc/hostname", "doppel\n");
        Text("etc/hosts", "127.0.0.1 localhost doppel\n::1 localhost\n");
        Text("etc/shells", "/bin/sh\n");
        // What mount tries when it is not told, in this order; the kernel loads the module.
        Text("etc/filesystems", "ext4\nvfat\n*\n");
        archive.Symlink("usr/bin/sh", "busybox");
        archive.Finish();
        return output.ToArray();

        void Text(string path, string content) => archive.File(path, Encoding.UTF8.GetBytes(content));
    }

    private static byte[] Resource(string name)
    {
        using Stream stream = typeof(BaseLayer).Assembly.GetManifestResourceStream("Doppel.Images.Guests." + name)!;
        using MemoryStream copy = new();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
