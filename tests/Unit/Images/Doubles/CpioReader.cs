using System.Globalization;
using System.Text;

namespace Doppel.Tests.Unit.Images.Doubles;

/// <summary>What an archive in an initramfs holds.</summary>
internal sealed record CpioEntry(string Path, uint Mode, byte[] Content, uint Major, uint Minor)
{
    internal string Text => Encoding.UTF8.GetString(Content);

    internal bool IsDirectory => (Mode & 0xF000) == 0x4000;
}

/// <summary>Reads archives as the kernel does: one after the other, zeros between, the later entry of a name wins.</summary>
internal static class CpioReader
{
    internal static IReadOnlyList<CpioEntry> Read(byte[] archive)
    {
        List<CpioEntry> entries = [];
        int at = 0;
        while (at < archive.Length)
        {
            if (archive[at] == 0)
            {
                at += 4;
                continue;
            }
            Assert.Equal("070701", Encoding.ASCII.GetString(archive, at, 6));
            uint[] fields = [.. Enumerable.Range(0, 13).Select(i => uint.Parse(Encoding.ASCII.GetString(archive, at + 6 + 8 * i, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            int nameAt = at + 110, nameSize = (int)fields[11];
            string name = Encoding.UTF8.GetString(archive, nameAt, nameSize - 1);
            Assert.Equal(0, archive[nameAt + nameSize - 1]);
            int dataAt = (nameAt + nameSize + 3) & ~3, size = (int)fields[6];
            at = (dataAt + size + 3) & ~3;
            if (name != "TRAILER!!!") entries.Add(new CpioEntry(name, fields[1], archive[dataAt..(dataAt + size)], fields[9], fields[10]));
        }
        return entries;
    }

    internal static Dictionary<string, CpioEntry> ReadMerged(byte[] archive)
    {
        Dictionary<string, CpioEntry> merged = [];
        foreach (CpioEntry entry in Read(archive)) merged[entry.Path] = entry;
        return merged;
    }
}
