// Writes cpio archives of the "newc" kind: Linux Documentation/driver-api/early-userspace/buffer-format.rst.
using System.Buffers;
using System.Globalization;
using System.Text;

namespace Doppel.Images.Archives;

/// <summary>
/// Writes an initramfs, without being root. Everything belongs to root; archives may follow one another in a file, the later one wins.
/// Parent directories come by themselves.
/// </summary>
internal sealed class CpioWriter(Stream output, uint modificationTime = 0)
{
    private const uint TypeDirectory = 0x4000, TypeFile = 0x8000, TypeSymlink = 0xA000, TypeCharacterDevice = 0x2000;
    private const int Alignment = 512;

    private readonly HashSet<string> _directories = [];
    private uint _inode;
    private long _written;

    internal void Directory(string path, uint mode = 0x1ED /* 0755 */)
    {
        path = Normalize(path);
        Parents(path);
        if (path.Length > 0 && _directories.Add(path)) Entry(path, TypeDirectory | mode, [], 2);
    }

    internal void File(string path, ReadOnlySpan<byte> content, uint mode = 0x1A4 /* 0644 */)
    {
        path = Normalize(path);
        Parents(path);
        Entry(path, TypeFile | mode, content, 1);
    }

    /// <summary>A file of known length whose content is streamed.</summary>
    internal void File(string path, Stream content, long length, uint mode)
    {
        path = Normalize(path);
        Parents(path);
        Header(path, TypeFile | mode, length, 1);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        for (long left = length; left > 0;)
        {
            int count = content.Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, left)));
            if (count == 0) throw new InvalidDataException($"'{path}' ends too early");
            Write(buffer.AsSpan(0, count));
            left -= count;
        }
        ArrayPool<byte>.Shared.Return(buffer);
        Pad(4);
    }

    internal void Symlink(string path, string target)
    {
        path = Normalize(path);
        Parents(path);
        Entry(path, TypeSymlink | 0x1FF, Encoding.UTF8.GetBytes(target), 1);
    }

    internal void CharacterDevice(string path, uint major, uint minor, uint mode)
    {
        path = Normalize(path);
        Parents(path);
        Header(path, TypeCharacterDevice | mode, 0, 1, major, minor);
    }

    /// <summary>Ends the archive, padded so that another may follow.</summary>
    internal void Finish()
    {
        _inode = uint.MaxValue;
        Header("TRAILER!!!", 0, 0, 1);
        Pad(Alignment);
    }

    private void Parents(string path)
    {
        int slash = path.LastIndexOf('/');
        if (slash > 0) Directory(path[..slash]);
    }

    private static string Normalize(string path)
    {
        string normal = path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
        normal = normal.Trim('/');
        if (normal.Split('/').Contains("..") || normal.Contains('\0')) throw new InvalidDataException($"the path '{path}' is not allowed in an archive");
        return normal == "." ? "" : normal;
    }

    private void Entry(string path, uint mode, ReadOnlySpan<byte> content, uint links)
    {
        Header(path, mode, content.Length, links);
        Write(content);
        Pad(4);
    }

    private void Header(string path, uint mode, long size, uint links, uint major = 0, uint minor = 0)
    {
        if (size > uint.MaxValue) throw new InvalidDataException($"'{path}' is too large for a cpio archive");
        byte[] name = Encoding.UTF8.GetBytes(path);
        uint[] fields = [unchecked(++_inode), mode, 0, 0, links, modificationTime, (uint)size, 0, 0, major, minor, (uint)name.Length + 1, 0];
        StringBuilder header = new("070701", 110);
        foreach (uint field in fields) header.Append(field.ToString("x8", CultureInfo.InvariantCulture));
        Write(Encoding.ASCII.GetBytes(header.ToString()));
        Write(name);
        Write([0]);
        Pad(4);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        _written += bytes.Length;
    }

    private void Pad(int alignment)
    {
        Span<byte> zeros = stackalloc byte[Alignment];
        zeros.Clear();
        Write(zeros[..(int)((alignment - (_written % alignment)) % alignment)]);
    }
}
