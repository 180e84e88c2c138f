using System.Buffers.Binary;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.DeviceTree;
using Doppel.Core.Errors;
using Doppel.Fuzz.Net;
using Doppel.Images.Debian;
using Doppel.Images.Guests;
using Doppel.Images.Xz;
using Doppel.Machine.Boards;
using Doppel.Machine.Loaders;
using Doppel.Machine.Tools;

namespace Doppel.Fuzz.Inputs;

/// <summary>A reader of files that people give us.</summary>
/// <param name="Name">The driver's name.</param>
/// <param name="Seeds">Good inputs to begin with.</param>
/// <param name="Read">Reads one. May throw what <paramref name="Refuses"/> accepts, nothing else.</param>
/// <param name="Refuses">Whether an exception is the orderly refusal of a bad input.</param>
internal sealed record InputTarget(string Name, IReadOnlyList<byte[]> Seeds, Action<byte[]> Read, Func<Exception, bool> Refuses)
{
    private const int MaxOutput = 1 << 20;

    // 40 times "Package: hello\nVersion: 1.0\n", by another implementation of xz.
    private const string Xz = "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4ARfAChdACgYSGbb2jCF/hblXKh4+VxOOUP4af9UyCy7p5FkoDBCEtzZsb6gd6QAD1vuU5hKxO4AAUTgCAAAAJdz/LqxxGf7AgAAAAAEWVo=";

    public static IEnumerable<InputTarget> All { get; } =
    [
        new("elf", [Elf()], file => Touch(ElfImage.Parse(file).FindSymbol("tohost")), e => e is ImageFormatException),
        new("kernel", [Kernel(), Gzip(Kernel()), Elf()], ReadKernel, e => e is ImageFormatException),
        new("firmware", [Elf(), Kernel()], file => Touch(FirmwareImage.Parse(file, 0x8000_0000).Entry), e => e is ImageFormatException),
        new("code", [Elf()], file => Touch(new ElfCode("file", file).Sections.Count), e => e is DoppelException),
        new("device-tree-change", [.. Texts("/chosen:bootargs=\"a b\"", "/soc/x@1:reg=<1 0x2 3>, [00 ff], \"c\"", "/cpus:flag", "/memory:reg=delete")], ReadChange, e => e is FormatException),
        new("xz", [Convert.FromBase64String(Xz)], file => Drain(new XzStream(new MemoryStream(file), maximumDictionary: 1 << 22)), e => e is InvalidDataException),
        new("zstd-cluster", [.. Clusters()], ReadCluster, _ => false),
        new("deb", [Deb("data.tar", Tar()), Deb("data.tar.gz", Gzip(Tar())), Deb("data.tar.xz", Convert.FromBase64String(Xz))], ReadDeb, e => e is DoppelException or InvalidDataException),
        new("packages", [.. Texts("Package: a\nVersion: 1:2.0-1\nDepends: b (>= 1) | c, d\nFilename: pool/a.deb\nSize: 7\nSHA256: " + new string('a', 64) + "\n\nPackage: b\nVersion: 2\nProvides: c (= 3)\nDescription: x\n y\n z\n")], ReadPackages, e => e is DoppelException or InvalidDataException),
        new("release", [.. Texts("Codename: trixie\nVersion: 13.1\nDate: Sat, 12 Sep 2026 07:55:41 UTC\nAcquire-By-Hash: yes\nSHA256:\n " + new string('b', 64) + " 123 main/binary-riscv64/Packages.xz\n")], file => Touch(ReleaseFile.Parse(Text(file))["main/binary-riscv64/Packages.xz"]), e => e is InvalidDataException),
        new("apt-sources", [.. Texts("deb [signed-by=/a arch=riscv64] http://deb.debian.org/debian trixie main\n", "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: trixie\n")], ReadSources, e => e is InvalidDataException),
        new("module", [Elf()], file => Touch(ModuleInfo.Parse(file)), e => e is InvalidDataException),
        new("version", [.. Texts("1:2.0-1\n1.0~rc1+b2", "9999999999999999999999\n1")], ReadVersions, e => e is InvalidDataException or DoppelException),
        .. WireTargets.All,
    ];

    private static void Touch(object? value) => GC.KeepAlive(value);

    private static string Text(byte[] file) => Encoding.UTF8.GetString(file);

    private static IEnumerable<byte[]> Texts(params string[] texts) => texts.Select(Encoding.UTF8.GetBytes);

    private static void Drain(Stream stream)
    {
        byte[] buffer = new byte[4096];
        int all = 0;
        for (int read; all < MaxOutput && (read = stream.Read(buffer)) > 0;) all += read;
    }

    /// <summary>Compressed clusters of qcow2 images.</summary>
    private static IEnumerable<byte[]> Clusters()
    {
        foreach (int period in new[] { 1, 3, 31, 700 })
        {
            byte[] cluster = new byte[4096];
            for (int i = 0; i < cluster.Length; i++) cluster[i] = (byte)(i % period);
            yield return ClusterCodec.Of(Qcow2CompressionType.Zstd).Pack(cluster)!;
        }
    }

    private static void ReadCluster(byte[] file) => Touch(ClusterCodec.Of(Qcow2CompressionType.Zstd).TryUnpack(file, new byte[4096]));

    private static void ReadKernel(byte[] file)
    {
        // What is unpacked may be large; a file's own header bounds it, and memory is the host's.
        if (CompressedImage.TryUnpack(file, out ReadOnlyMemory<byte> unpacked)) Touch(unpacked.Length);
        Touch(KernelImage.Parse(file).Entry);
    }

    private static void ReadChange(byte[] file)
    {
        var root = new DeviceTreeNode("");
        DeviceTreeChange.Parse(Text(file)).Apply(root);
        Touch(DeviceTreeBlob.Write(root));
    }

    private static void ReadDeb(byte[] file)
    {
        foreach ((string _, TarEntry entry) in DebReader.Entries(new MemoryStream(file), "p"))
        {
            if (entry.DataStream is { } data) DebReader.Guard("p", () =>
            {
                Drain(data);
                return 0;
            });
        }
    }

    private static void ReadPackages(byte[] file)
    {
        PackageIndex index = PackageIndex.Parse(new MemoryStream(file));
        Touch(index.Find("a"));
        Touch(index.Find("b"));
    }

    private static void ReadSources(byte[] file)
    {
        foreach (string mirror in AptSources.ParseOneLine(Text(file))) Touch(mirror);
        foreach (string mirror in AptSources.ParseDeb822(Text(file))) Touch(mirror);
    }

    private static void ReadVersions(byte[] file)
    {
        string[] lines = Text(file).Split('\n', 2);
        if (lines.Length < 2) return;
        int order = DebianVersion.Compare(lines[0], lines[1]);
        if (Math.Sign(order) != -Math.Sign(DebianVersion.Compare(lines[1], lines[0]))) throw new InvalidOperationException("The order of versions is not antisymmetric.");
    }

    private static byte[] Kernel()
    {
        byte[] kernel = new byte[512];
        BinaryPrimitives.WriteUInt64LittleEndian(kernel.AsSpan(8), 0x20_0000);
        BinaryPrimitives.WriteUInt64LittleEndian(kernel.AsSpan(16), 512);
        "RISCV\0\0\0"u8.CopyTo(kernel.AsSpan(48));
        "RSC\u0005"u8.CopyTo(kernel.AsSpan(56));
        return kernel;
    }

    /// <summary>One segment, and sections with a name table, code, symbols and a kernel module's information.</summary>
    private static byte[] Elf()
    {
        byte[] file = new byte[0x600];
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(file);
        U16(16, 2);
        U16(18, 243);
        U32(20, 1);
        U64(24, 0x8000_0000);
        U64(32, 0x40);
        U64(40, 0x400);
        U16(52, 64);
        U16(54, 56);
        U16(56, 1);
        U16(58, 64);
        U16(60, 5);
        U16(62, 1);
        U32(0x40, 1);
        U32(0x44, 5);
        U64(0x48, 0x100);
        U64(0x50, 0x8000_0000);
        U64(0x58, 0x8000_0000);
        U64(0x60, 0x40);
        U64(0x68, 0x80);
        U32(0x100, 0x0000_0013);
        "\0.strtab\0.text\0.symtab\0.modinfo\0tohost\0"u8.CopyTo(file.AsSpan(0x200));
        U32(0x258, 33);
        U64(0x260, 0x8000_0040);
        "depends=a,b\0alias=of:x\0name=c\0"u8.CopyTo(file.AsSpan(0x300));
        Section(1, 1, 3, 0x200, 0x28, 0, 0);
        Section(2, 9, 1, 0x100, 0x40, 6, 0);
        Section(3, 15, 2, 0x240, 0x30, 0, 1);
        Section(4, 23, 1, 0x300, 0x20, 0, 0);
        return file;

        void U16(int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at), value);
        void U32(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(at), value);
        void U64(int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(at), value);
        void Section(int index, uint name, uint type, ulong offset, ulong size, ulong flags, uint link)
        {
            int at = 0x400 + 64 * index;
            U32(at, name);
            U32(at + 4, type);
            U64(at + 8, flags);
            U64(at + 16, 0x8000_0000);
            U64(at + 24, offset);
            U64(at + 32, size);
            U32(at + 40, link);
            U64(at + 56, 24);
        }
    }

    private static byte[] Gzip(byte[] data)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(data);
        return packed.ToArray();
    }

    private static byte[] Tar()
    {
        var archive = new MemoryStream();
        using (var tar = new TarWriter(archive, TarEntryFormat.Gnu, leaveOpen: true))
        {
            tar.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile, "./usr/bin/x") { DataStream = new MemoryStream(new byte[700]) });
            tar.WriteEntry(new GnuTarEntry(TarEntryType.SymbolicLink, "./bin") { LinkName = "usr/bin" });
        }

        return archive.ToArray();
    }

    private static byte[] Deb(string member, byte[] data) =>
    [
        .. "!<arch>\ndebian-binary   0           0     0     100644  4         `\n2.0\n"u8,
        .. Encoding.ASCII.GetBytes($"{member,-16}{0,-12}{0,-6}{0,-6}{100644,-8}{data.Length,-10}`\n"),
        .. data,
    ];
}
