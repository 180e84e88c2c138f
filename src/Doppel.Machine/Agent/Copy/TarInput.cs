// POSIX.1-2017, pax, "ustar Interchange Format" and "pax Interchange Format"; GNU tar 1.35, "GNU Extensions to the Archive Format" (long names).
using System.Globalization;
using System.Text;

namespace Doppel.Machine.Agent.Copy;

/// <summary>Reads an archive that a guest makes, item by item. The input is not trusted: all that is kept of it has limits.</summary>
internal sealed class TarInput(Stream source)
{
    private const int Block = 512;

    /// <summary>Bytes of names and attributes of one item.</summary>
    private const int MaxAttributes = 64 << 10;

    private const UnixFileMode Permissions = (UnixFileMode)0x1FF /* 0777 */;
    private static readonly UTF8Encoding Lenient = new(false, false);
    private readonly byte[] _header = new byte[Block];
    private long _content;
    private long _padding;

    /// <summary>The next item; null at the end. What has not been read of the one before is passed over.</summary>
    /// <exception cref="InvalidDataException">It is no archive.</exception>
    /// <exception cref="EndOfStreamException">It ends too early.</exception>
    public async Task<TarItem?> NextAsync(CancellationToken cancel)
    {
        string? name = null, link = null;
        long? size = null;
        while (true)
        {
            await CopyContentAsync(Stream.Null, null, cancel).ConfigureAwait(false);
            await source.ReadExactlyAsync(_header, cancel).ConfigureAwait(false);
            if (!_header.AsSpan().ContainsAnyExcept((byte)0)) return null;
            Verify();
            char type = (char)_header[156];
            long said = Number(124, 12);
            if (type is 'L' or 'K' or 'x' or 'g')
            {
                byte[] text = await AttributesAsync(said, cancel).ConfigureAwait(false);
                if (type == 'L') name = Terminated(text);
                else if (type == 'K') link = Terminated(text);
                else if (type == 'x') Pax(text, ref name, ref link, ref size);
                continue;
            }

            TarKind kind = type switch { '0' or '\0' or '7' => TarKind.File, '5' => TarKind.Folder, '2' => TarKind.SymbolicLink, '1' => TarKind.HardLink, _ => TarKind.Other };
            Begin(kind is TarKind.File or TarKind.Other ? size ?? said : 0);
            return new TarItem(name ?? HeaderName(), kind, _content, (UnixFileMode)Number(100, 8) & Permissions, link ?? Terminated(_header.AsSpan(157, 100)));
        }
    }

    /// <summary>Copies the content of the item that came last, which is read once only.</summary>
    public async Task CopyContentAsync(Stream target, Action<int>? copied, CancellationToken cancel)
    {
        byte[] buffer = new byte[(int)Math.Min(_content + _padding, 128 << 10)];
        while (_content + _padding > 0)
        {
            int count = await source.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, _content > 0 ? _content : _padding)), cancel).ConfigureAwait(false);
            if (count == 0) throw new EndOfStreamException("it ends too early");
            if (_content == 0)
            {
                _padding -= count;
                continue;
            }

            await target.WriteAsync(buffer.AsMemory(0, count), cancel).ConfigureAwait(false);
            _content -= count;
            copied?.Invoke(count);
        }
    }

    private void Begin(long size)
    {
        if (size < 0) throw new InvalidDataException("an item has less than nothing");
        _content = size;
        _padding = (Block - size % Block) % Block;
    }

    private async Task<byte[]> AttributesAsync(long size, CancellationToken cancel)
    {
        if (size is < 0 or > MaxAttributes) throw new InvalidDataException($"a name or attribute is {size} bytes long");
        Begin(size);
        using var text = new MemoryStream((int)size);
        await CopyContentAsync(text, null, cancel).ConfigureAwait(false);
        return text.ToArray();
    }

    /// <summary>Records of the form "LENGTH KEY=VALUE\n", of which those are read that say where something is.</summary>
    private static void Pax(ReadOnlySpan<byte> records, ref string? name, ref string? link, ref long? size)
    {
        while (!records.IsEmpty)
        {
            int space = records.IndexOf((byte)' ');
            if (space <= 0 || !int.TryParse(records[..space], NumberStyles.None, CultureInfo.InvariantCulture, out int length) || length <= space + 1 || length > records.Length || records[length - 1] != '\n')
                throw new InvalidDataException("an attribute is damaged");
            ReadOnlySpan<byte> record = records[(space + 1)..(length - 1)];
            int equals = record.IndexOf((byte)'=');
            if (equals <= 0) throw new InvalidDataException("an attribute is damaged");
            string value = Lenient.GetString(record[(equals + 1)..]);
            if (record[..equals].SequenceEqual("path"u8)) name = value;
            else if (record[..equals].SequenceEqual("linkpath"u8)) link = value;
            else if (record[..equals].SequenceEqual("size"u8)) size = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : throw new InvalidDataException("an attribute is damaged");
            records = records[length..];
        }
    }

    private void Verify()
    {
        long sum = 0;
        for (int i = 0; i < Block; i++) sum += i is >= 148 and < 156 ? ' ' : _header[i];
        if (sum != Number(148, 8)) throw new InvalidDataException("it is no archive of tar's");
    }

    private string HeaderName()
    {
        string name = Terminated(_header.AsSpan(0, 100));
        bool isPosix = _header.AsSpan(257, 6).SequenceEqual("ustar\0"u8);
        string prefix = isPosix ? Terminated(_header.AsSpan(345, 155)) : "";
        return prefix.Length > 0 ? $"{prefix}/{name}" : name;
    }

    /// <summary>Octal digits, or, if the first bit is set, a number of so many bytes.</summary>
    private long Number(int at, int length)
    {
        ReadOnlySpan<byte> field = _header.AsSpan(at, length);
        long value = 0;
        if ((field[0] & 0x80) != 0)
        {
            if (field[0] != 0x80 || field[1..^8].ContainsAnyExcept((byte)0)) throw new InvalidDataException("a number is too large");
            foreach (byte digit in field[^8..]) value = value << 8 | digit;
            return value;
        }

        foreach (byte digit in field.Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7') throw new InvalidDataException("a number is none");
            value = value << 3 | (uint)(digit - '0');
        }

        return value;
    }

    private static string Terminated(ReadOnlySpan<byte> text)
    {
        int end = text.IndexOf((byte)0);
        return Lenient.GetString(end < 0 ? text : text[..end]);
    }
}
