// Writes a binary package anew: deb(5), format 2.0, with members that are not compressed.
using System.Formats.Tar;
using System.Globalization;
using System.Text;
using Doppel.Images.Archives;

namespace Doppel.Images.Debian;

/// <summary>A package as dpkg takes it, without compression: unpacking it costs us a tenth of what it costs a guest.</summary>
internal static class PlainPackage
{
    private const int ArHeaderSize = 60;

    /// <summary>Rewrites a package.</summary>
    /// <param name="deb">The package as it comes from the archive.</param>
    /// <param name="target">A new file.</param>
    /// <returns>When the package was made: the newest time in its control files.</returns>
    /// <exception cref="Core.Errors.DoppelException">The package is damaged.</exception>
    internal static DateTimeOffset Write(Stream deb, Stream target, string name)
    {
        DateTimeOffset made = DateTimeOffset.UnixEpoch;
        bool hasControl = false, hasData = false;
        target.Write("!<arch>\n"u8);
        Member(target, "debian-binary", new MemoryStream("2.0\n"u8.ToArray()));
        ArReader reader = DebReader.Guard(name, () => new ArReader(deb));
        while (DebReader.Guard(name, reader.Next) is { } member)
        {
            if (DebReader.Unpack(member.Name, member.Content, "control.tar", name) is { } packedControl)
            {
                using Stream unpacked = packedControl;
                MemoryStream control = new();
                DebReader.Guard(name, () => Copy(unpacked, control, ControlLimit));
                made = DebReader.Guard(name, () => Newest(control));
                control.Position = 0;
                Member(target, "control.tar", control);
                hasControl = true;
            }
            else if (DebReader.Unpack(member.Name, member.Content, "data.tar", name) is { } packedData)
            {
                using Stream data = packedData;
                DebReader.Guard(name, () => Member(target, "data.tar", data));
                hasData = true;
            }
        }
        if (!hasControl || !hasData) DebReader.Guard<bool>(name, () => throw new InvalidDataException("it is not complete"));
        return made;
    }

    private const long ControlLimit = 64 << 20;

    private static DateTimeOffset Newest(MemoryStream control)
    {
        control.Position = 0;
        using TarReader tar = new(control, leaveOpen: true);
        DateTimeOffset newest = DateTimeOffset.UnixEpoch;
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.ModificationTime > newest) newest = entry.ModificationTime;
        }
        return newest;
    }

    // The size is known when the content has been written.
    private static long Member(Stream target, string name, Stream content)
    {
        long start = target.Position;
        target.Position += ArHeaderSize;
        long size = Copy(content, target, long.MaxValue);
        long end = target.Position;
        target.Position = start;
        target.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name,-16}{0,-12}{0,-6}{0,-6}{100644,-8}{size,-10}`\n")));
        target.Position = end;
        if (size % 2 != 0) target.WriteByte((byte)'\n');
        return size;
    }

    private static long Copy(Stream from, Stream to, long limit)
    {
        byte[] buffer = new byte[1 << 17];
        long size = 0;
        for (int count; (count = from.Read(buffer)) > 0; size += count)
        {
            if (size + count > limit) throw new InvalidDataException("its control files are too large");
            to.Write(buffer, 0, count);
        }
        return size;
    }
}
