// Writes disks of files: ECMA-119 (ISO 9660), 4th edition, with the Joliet extension (names in UCS-2).
using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Doppel.Images.Archives;

/// <summary>A file for an <see cref="IsoWriter"/>.</summary>
/// <param name="Name">Up to 64 characters.</param>
/// <param name="Open">Gives the content, of that length.</param>
internal sealed record IsoFile(string Name, long Length, Func<Stream> Open);

/// <summary>
/// Writes a read-only disk with files in one directory: what every guest can mount, and where each file lies in one piece. Its own names for those who do
/// not know Joliet are numbers.
/// </summary>
/// <param name="label">The volume's name: up to 16 characters of ASCII.</param>
/// <param name="made">The time that everything bears.</param>
internal sealed class IsoWriter(string label, DateTimeOffset made)
{
    private const int Sector = 2048, RootRecordSize = 34, NameLimit = 64;
    private const int FirstDescriptor = 16, PathTables = 19, Directories = 23;

    /// <summary>The largest file that one extent can hold.</summary>
    private const long FileLimit = 0xFFFF_F800;

    internal void Write(Stream output, IReadOnlyList<IsoFile> files)
    {
        foreach (IsoFile file in files)
        {
            if (file.Length > FileLimit) throw new InvalidDataException($"'{file.Name}' is too large for an ISO 9660 disk");
            if (file.Name.Length is 0 or > NameLimit) throw new InvalidDataException($"'{file.Name}' is no name for a file of an ISO 9660 disk");
        }

        byte[][] plainNames = [.. files.Select((_, i) => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"F{i:0000000}.;1")))];
        byte[][] jolietNames = [.. files.Select(file => Encoding.BigEndianUnicode.GetBytes(file.Name))];
        uint[] extents = new uint[files.Count];
        int plainSectors = Sectors(DirectorySize(plainNames)), jolietSectors = Sectors(DirectorySize(jolietNames));
        uint plainRoot = Directories, jolietRoot = Directories + (uint)plainSectors, at = jolietRoot + (uint)jolietSectors;
        for (int i = 0; i < files.Count; i++)
        {
            extents[i] = at;
            at += (uint)((files[i].Length + Sector - 1) / Sector);
        }

        output.Write(new byte[FirstDescriptor * Sector]);
        output.Write(Descriptor(1, at, plainRoot, plainSectors, PathTables, joliet: false));
        output.Write(Descriptor(2, at, jolietRoot, jolietSectors, PathTables + 2, joliet: true));
        byte[] terminator = new byte[Sector];
        StandardHeader(terminator, 255);
        output.Write(terminator);
        foreach (uint root in (uint[])[plainRoot, jolietRoot])
        {
            output.Write(PathTable(root, bigEndian: false));
            output.Write(PathTable(root, bigEndian: true));
        }
        output.Write(Directory(files, plainNames, extents, plainRoot, plainSectors));
        output.Write(Directory(files, jolietNames, extents, jolietRoot, jolietSectors));
        foreach (IsoFile file in files) Content(output, file);
    }

    private static void Content(Stream output, IsoFile file)
    {
        using (Stream content = file.Open())
        {
            new BoundedStream(content, file.Length).CopyTo(output, 1 << 17);
        }
        output.Write(new byte[(Sector - file.Length % Sector) % Sector]);
    }

    private static int Sectors(int bytes) => (bytes + Sector - 1) / Sector;

    // 6.8.1.1: a record does not cross the end of a sector.
    private static int DirectorySize(byte[][] names)
    {
        int size = 2 * RootRecordSize;
        foreach (byte[] name in names)
        {
            int record = RecordSize(name.Length);
            if (size % Sector + record > Sector) size += Sector - size % Sector;
            size += record;
        }
        return size;
    }

    private static int RecordSize(int nameLength) => (33 + nameLength + 1) & ~1;

    private byte[] Directory(IReadOnlyList<IsoFile> files, byte[][] names, uint[] extents, uint root, int sectors)
    {
        byte[] directory = new byte[sectors * Sector];
        Record(directory, [0], root, directory.Length, isDirectory: true);
        Record(directory.AsSpan(RootRecordSize), [1], root, directory.Length, isDirectory: true);
        int at = 2 * RootRecordSize;
        // 9.3: records are in the order of their names.
        foreach (int i in Enumerable.Range(0, files.Count).OrderBy(i => names[i], ByteOrder.Instance))
        {
            int size = RecordSize(names[i].Length);
            if (at % Sector + size > Sector) at += Sector - at % Sector;
            Record(directory.AsSpan(at), names[i], extents[i], files[i].Length, isDirectory: false);
            at += size;
        }
        return directory;
    }

    // 9.1: directory record.
    private void Record(Span<byte> record, ReadOnlySpan<byte> name, uint extent, long length, bool isDirectory)
    {
        record[0] = (byte)RecordSize(name.Length);
        BothEndian32(record[2..], extent);
        BothEndian32(record[10..], (uint)length);
        DateTime utc = made.UtcDateTime;
        ReadOnlySpan<byte> time = [(byte)(utc.Year - 1900), (byte)utc.Month, (byte)utc.Day, (byte)utc.Hour, (byte)utc.Minute, (byte)utc.Second, 0];
        time.CopyTo(record[18..]);
        record[25] = (byte)(isDirectory ? 2 : 0);
        BothEndian16(record[28..], 1);
        record[32] = (byte)name.Length;
        name.CopyTo(record[33..]);
    }

    // 8.4 and 8.5: primary and supplementary volume descriptor.
    private byte[] Descriptor(byte type, uint sectors, uint root, int rootSectors, uint pathTable, bool joliet)
    {
        byte[] descriptor = new byte[Sector];
        StandardHeader(descriptor, type);
        Text(8, 32, "");
        Text(40, 32, label);
        BothEndian32(descriptor.AsSpan(80), sectors);
        // UCS-2 level 3.
        if (joliet) "%/E"u8.CopyTo(descriptor.AsSpan(88));
        BothEndian16(descriptor.AsSpan(120), 1);
        BothEndian16(descriptor.AsSpan(124), 1);
        BothEndian16(descriptor.AsSpan(128), Sector);
        BothEndian32(descriptor.AsSpan(132), 10);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor.AsSpan(140), pathTable);
        BinaryPrimitives.WriteUInt32BigEndian(descriptor.AsSpan(148), pathTable + 1);
        Record(descriptor.AsSpan(156), [0], root, (long)rootSectors * Sector, isDirectory: true);
        foreach (int at in (int[])[190, 318, 446, 574]) Text(at, 128, "");
        foreach (int at in (int[])[702, 739, 776]) Text(at, 37, "");
        byte[] time = Encoding.ASCII.GetBytes(made.UtcDateTime.ToString("yyyyMMddHHmmss00", CultureInfo.InvariantCulture));
        foreach (int at in (int[])[813, 830]) time.CopyTo(descriptor.AsSpan(at));
        foreach (int at in (int[])[847, 864]) descriptor.AsSpan(at, 16).Fill((byte)'0');
        descriptor[881] = 1;
        return descriptor;

        void Text(int at, int length, string text)
        {
            Span<byte> field = descriptor.AsSpan(at, length);
            if (!joliet)
            {
                field.Fill((byte)' ');
                Encoding.ASCII.GetBytes(text, field);
                return;
            }
            for (int i = 0; i + 1 < length; i += 2) BinaryPrimitives.WriteUInt16BigEndian(field[i..], ' ');
            Encoding.BigEndianUnicode.GetBytes(text, field);
        }
    }

    // 9.4: the root is the only directory.
    private static byte[] PathTable(uint root, bool bigEndian)
    {
        byte[] table = new byte[Sector];
        table[0] = 1;
        if (bigEndian)
        {
            BinaryPrimitives.WriteUInt32BigEndian(table.AsSpan(2), root);
            BinaryPrimitives.WriteUInt16BigEndian(table.AsSpan(6), 1);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(2), root);
            BinaryPrimitives.WriteUInt16LittleEndian(table.AsSpan(6), 1);
        }
        return table;
    }

    private static void StandardHeader(Span<byte> descriptor, byte type)
    {
        descriptor[0] = type;
        "CD001"u8.CopyTo(descriptor[1..]);
        descriptor[6] = 1;
    }

    private static void BothEndian16(Span<byte> field, ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(field, value);
        BinaryPrimitives.WriteUInt16BigEndian(field[2..], value);
    }

    private static void BothEndian32(Span<byte> field, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(field, value);
        BinaryPrimitives.WriteUInt32BigEndian(field[4..], value);
    }

    private sealed class ByteOrder : IComparer<byte[]>
    {
        internal static readonly ByteOrder Instance = new();

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}
