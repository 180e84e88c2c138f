using System.Formats.Tar;
using System.Runtime.Versioning;
using System.Text;
using Doppel.Machine.Agent.Copy;

namespace Doppel.Tests.Unit.Machine.Agent;

/// <summary>Archives that guests send, and where their items go on the host.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class TarInputTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Root => Path.Combine(_folder.Path, "copy");

    [Theory]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.Gnu)]
    [InlineData(TarEntryFormat.V7)]
    public async Task Archive_ofEachFormat_isUnpacked(TarEntryFormat format)
    {
        string deep = format == TarEntryFormat.V7 ? "deep" : new string('d', 90);
        await UnpackAsync(await ArchiveAsync(format, Folder("x", 0x16D), File("x/a", "content of a", 0x1ED), Folder($"x/{deep}", 0x1C0), File($"x/{deep}/{deep}", new string('b', 1000), 0x1A4), Link("x/l", "a"), Hard("x/h", "x/a")));
        Assert.Equal("content of a", await global::System.IO.File.ReadAllTextAsync(Path.Combine(Root, "a")));
        Assert.Equal("content of a", await global::System.IO.File.ReadAllTextAsync(Path.Combine(Root, "h")));
        Assert.Equal(1000, new FileInfo(Path.Combine(Root, deep, deep)).Length);
        Assert.Equal("a", new FileInfo(Path.Combine(Root, "l")).LinkTarget);
        Assert.Equal(0x1ED, (int)global::System.IO.File.GetUnixFileMode(Path.Combine(Root, "a")));
        Assert.Equal(0x16D, (int)global::System.IO.File.GetUnixFileMode(Root));
    }

    [Fact]
    public async Task Permissions_toBecomeSomebodyElse_areLeftOut()
    {
        await UnpackAsync(await ArchiveAsync(TarEntryFormat.Pax, File("x", "", 0xFFF)));
        Assert.Equal(0x1FF, (int)global::System.IO.File.GetUnixFileMode(Root));
    }

    public static TheoryData<string, string[]> Escapes() => new()
    {
        { "up", ["x/", "x/../y"] },
        { "up at once", ["../y"] },
        { "through a link", ["x/", "x/l->/tmp", "x/l/y"] },
        { "through a link that becomes a folder", ["x/", "x/l->/tmp", "x/l/", "x/l/y"] },
        { "a link instead of its folder", ["x->/tmp", "x/y"] },
        { "another name of a file of the host's", ["x/", "x/h=>/etc/passwd"] },
        { "another name of what did not come", ["x/", "x/h=>x/missing"] },
        { "a folder that did not come", ["x/", "x/missing/y"] },
        { "no name", ["."] },
        { "a folder in place of a file", ["x/", "x/y", "x/y/"] },
        { "a file in place of a folder", ["x/", "x/y/", "x/y"] },
    };

    [Theory]
    [MemberData(nameof(Escapes))]
    public async Task Archive_thatWouldLeadElsewhere_isRefused(string how, string[] items)
    {
        byte[] archive = await ArchiveAsync(TarEntryFormat.Pax, [.. items.Select(item =>
            item.Contains("->", StringComparison.Ordinal) ? Link(item.Split("->")[0], item.Split("->")[1])
            : item.Contains("=>", StringComparison.Ordinal) ? Hard(item.Split("=>")[0], item.Split("=>")[1])
            : item.EndsWith('/') ? Folder(item.TrimEnd('/'), 0x1ED) : File(item, "y", 0x1A4))]);
        Exception exception = await Assert.ThrowsAnyAsync<Exception>(() => UnpackAsync(archive));
        Assert.True(exception is InvalidDataException or IOException, $"{how}: {exception}");
        Assert.False(Path.Exists(Path.Combine(_folder.Path, "y")), how);
        Assert.False(Path.Exists("/tmp/y"), how);
    }

    [Fact]
    public async Task File_isMadeAnew_notWrittenThroughALink()
    {
        string other = Path.Combine(_folder.Path, "other");
        await global::System.IO.File.WriteAllTextAsync(other, "kept");
        global::System.IO.File.CreateSymbolicLink(Root, other);
        await UnpackAsync(await ArchiveAsync(TarEntryFormat.Pax, File("x", "new", 0x1A4)));
        Assert.Equal(("kept", "new"), (await global::System.IO.File.ReadAllTextAsync(other), await global::System.IO.File.ReadAllTextAsync(Root)));
    }

    [Fact]
    public async Task Attributes_ofAnySize_takeNoMemory()
    {
        foreach (char type in "xgLK")
        {
            byte[] archive = new byte[1024];
            Encoding.ASCII.GetBytes("name").CopyTo(archive, 0);
            Encoding.ASCII.GetBytes("00000000000\0").CopyTo(archive, 136);
            Encoding.ASCII.GetBytes("17777777777\0").CopyTo(archive, 124);
            archive[156] = (byte)type;
            Encoding.ASCII.GetBytes("ustar\000").CopyTo(archive, 257);
            Seal(archive);
            await Assert.ThrowsAsync<InvalidDataException>(() => UnpackAsync(archive));
        }
    }

    [Fact]
    public async Task Mutants_ofAnArchive_areRefusedOrStayInTheirPlace()
    {
        byte[] archive = await ArchiveAsync(TarEntryFormat.Pax, Folder("x", 0x1ED), File("x/a", "content", 0x1ED), Link("x/l", "a"), File($"x/{new string('n', 120)}", "b", 0x1A4));
        var random = new Random(5);
        for (int i = 0; i < 500; i++)
        {
            byte[] mutant = archive[..(i % 3 == 0 ? random.Next(archive.Length) : archive.Length)];
            for (int flips = random.Next(1, 8); flips > 0 && mutant.Length > 0; flips--) mutant[random.Next(mutant.Length)] = (byte)random.Next(256);
            for (int at = 0; i % 2 == 0 && at + 512 <= mutant.Length; at += 512) Seal(mutant.AsSpan(at, 512));
            try
            {
                await UnpackAsync(mutant);
            }
            catch (Exception exception) when (exception is InvalidDataException or IOException or EndOfStreamException)
            {
                // One of the ways in which it is refused.
            }

            Assert.All(Directory.GetFileSystemEntries(_folder.Path), path => Assert.Equal(Root, path));
            if (Directory.Exists(Root)) Directory.Delete(Root, recursive: true);
            else global::System.IO.File.Delete(Root);
        }
    }

    private static void Seal(Span<byte> header)
    {
        header.Slice(148, 8).Fill((byte)' ');
        int sum = 0;
        foreach (byte value in header[..512]) sum += value;
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header[148..]);
    }

    private async Task UnpackAsync(byte[] archive)
    {
        var input = new TarInput(new MemoryStream(archive));
        var tree = new HostTree(Root);
        while (await input.NextAsync(default) is { } item) await tree.AddAsync(item, input, null, default);
        tree.Finish();
    }

    private static (TarEntryType Type, string Name, string Text, int Mode) File(string name, string content, int mode) => (TarEntryType.RegularFile, name, content, mode);

    private static (TarEntryType Type, string Name, string Text, int Mode) Folder(string name, int mode) => (TarEntryType.Directory, name, "", mode);

    private static (TarEntryType Type, string Name, string Text, int Mode) Link(string name, string target) => (TarEntryType.SymbolicLink, name, target, 0x1FF);

    private static (TarEntryType Type, string Name, string Text, int Mode) Hard(string name, string target) => (TarEntryType.HardLink, name, target, 0x1A4);

    private static async Task<byte[]> ArchiveAsync(TarEntryFormat format, params (TarEntryType Type, string Name, string Text, int Mode)[] items)
    {
        using var output = new MemoryStream();
        await using (var writer = new TarWriter(output, format, leaveOpen: true))
        {
            foreach ((TarEntryType type, string name, string text, int mode) in items)
            {
                TarEntryType own = type == TarEntryType.RegularFile && format == TarEntryFormat.V7 ? TarEntryType.V7RegularFile : type;
                TarEntry entry = format switch
                {
                    TarEntryFormat.Ustar => new UstarTarEntry(own, name),
                    TarEntryFormat.Gnu => new GnuTarEntry(own, name),
                    TarEntryFormat.V7 => new V7TarEntry(own, name),
                    _ => new PaxTarEntry(own, name),
                };
                entry.Mode = (UnixFileMode)mode;
                if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink) entry.LinkName = text;
                if (type == TarEntryType.RegularFile) entry.DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text));
                await writer.WriteEntryAsync(entry);
            }
        }

        return output.ToArray();
    }
}
