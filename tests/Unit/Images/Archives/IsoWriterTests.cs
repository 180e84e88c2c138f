using System.Buffers.Binary;
using System.Text;
using Doppel.Images.Archives;

namespace Doppel.Tests.Unit.Images.Archives;

public sealed class IsoWriterTests
{
    private const int Sector = 2048;
    private static readonly DateTimeOffset Made = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Files_are_found_by_either_directory(int descriptor)
    {
        byte[] disk = Write(("user-data", [1, 2, 3]), ("empty", []), ("meta-data", [.. Enumerable.Repeat((byte)9, 5000)]));
        List<(string Name, byte[] Content)> files = Read(disk, descriptor);
        string[] names = descriptor == 2 ? ["empty", "meta-data", "user-data"] : ["F0000000.;1", "F0000001.;1", "F0000002.;1"];
        Assert.Equal(names, files.Select(file => file.Name));
        Assert.Equal([1, 2, 3], files[descriptor == 2 ? 2 : 0].Content);
        Assert.Equal(5000, files[descriptor == 2 ? 1 : 2].Content.Length);
        Assert.DoesNotContain(files[descriptor == 2 ? 1 : 2].Content, value => value != 9);
    }

    [Fact]
    public void Many_files_fill_several_sectors_of_the_directory()
    {
        (string, byte[])[] files = [.. Enumerable.Range(0, 300).Select(i => ($"a-package-with-a-name-{i:000}.deb", BitConverter.GetBytes(i)))];
        List<(string Name, byte[] Content)> read = Read(Write(files), 2);
        Assert.Equal(files.Select(file => file.Item1), read.Select(file => file.Name));
        for (int i = 0; i < files.Length; i++) Assert.Equal(files[i].Item2, read[i].Content);
        Assert.Equal(300, Read(Write(files), 1).Count);
    }

    [Fact]
    public void Volume_has_label_size_and_date_and_is_the_same_every_time()
    {
        byte[] disk = Write(("a", [1]));
        Assert.Equal("cidata".PadRight(32), Encoding.ASCII.GetString(disk, 16 * Sector + 40, 32));
        Assert.Equal(disk.Length, Sector * BinaryPrimitives.ReadInt32LittleEndian(disk.AsSpan(16 * Sector + 80)));
        Assert.Equal("2026030405060700", Encoding.ASCII.GetString(disk, 16 * Sector + 813, 16));
        Assert.Equal(disk, Write(("a", [1])));
    }

    [Fact]
    public void What_a_disk_cannot_hold_is_refused()
    {
        Assert.Throws<InvalidDataException>(() => Write((new string('n', 65), [])));
        Assert.Throws<InvalidDataException>(() => new IsoWriter("x", Made).Write(new MemoryStream(), [new IsoFile("large", 1L << 32, () => Stream.Null)]));
        Assert.Throws<InvalidDataException>(() => new IsoWriter("x", Made).Write(new MemoryStream(), [new IsoFile("short", 2, () => new MemoryStream([1]))]));
    }

    private static byte[] Write(params (string Name, byte[] Content)[] files)
    {
        MemoryStream output = new();
        new IsoWriter("cidata", Made).Write(output, [.. files.Select(file => new IsoFile(file.Name, file.Content.Length, () => new MemoryStream(file.Content)))]);
        return output.ToArray();
    }

    // The way of a reader: descriptor, root directory, records.
    private static List<(string Name, byte[] Content)> Read(byte[] disk, int type)
    {
        int descriptor = 16 * Sector;
        while (disk[descriptor] != type) descriptor += Sector;
        Assert.Equal("CD001"u8, disk.AsSpan(descriptor + 1, 5));
        (int rootExtent, int rootLength) = Extent(disk.AsSpan(descriptor + 156));
        var files = new List<(string, byte[])>();
        for (int at = rootExtent * Sector; at < rootExtent * Sector + rootLength;)
        {
            int size = disk[at];
            if (size == 0)
            {
                at = (at / Sector + 1) * Sector;
                continue;
            }

            ReadOnlySpan<byte> record = disk.AsSpan(at, size), name = record.Slice(33, record[32]);
            (int extent, int length) = Extent(record);
            if ((record[25] & 2) == 0) files.Add((type == 2 ? Encoding.BigEndianUnicode.GetString(name) : Encoding.ASCII.GetString(name), disk.AsSpan(extent * Sector, length).ToArray()));
            at += size;
        }

        return files;
    }

    private static (int Extent, int Length) Extent(ReadOnlySpan<byte> record)
    {
        Assert.Equal(BinaryPrimitives.ReadInt32LittleEndian(record[2..]), BinaryPrimitives.ReadInt32BigEndian(record[6..]));
        return (BinaryPrimitives.ReadInt32LittleEndian(record[2..]), BinaryPrimitives.ReadInt32LittleEndian(record[10..]));
    }
}
