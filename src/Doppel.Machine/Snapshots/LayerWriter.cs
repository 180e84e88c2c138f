using System.Buffers.Binary;
using System.Security.Cryptography;
using Doppel.Host.Files;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Machine.Snapshots;

/// <summary>Writes a layer. It appears under its name when it is whole and on stable storage; disposed of before, it leaves nothing behind.</summary>
internal sealed class LayerWriter : IDisposable
{
    private const int Block = 4096;

    private readonly string _path;
    private readonly string _temporary;
    private readonly Guid _id;
    private readonly long _length;
    private readonly SafeFileHandle _file;
    private readonly MemoryStream _index = new();
    private long _next;
    private long _stored;

    /// <param name="length">Bytes of what it is a layer of.</param>
    public LayerWriter(string path, Guid id, long length)
    {
        _path = path;
        _temporary = path + SnapshotFolder.Unfinished;
        _id = id;
        _length = length;
        _file = File.OpenHandle(_temporary, FileMode.Create, FileAccess.ReadWrite);
    }

    /// <summary>Writes a unit; those that are left out read as zeroes. In order.</summary>
    /// <param name="hash">Of the bytes, if known.</param>
    public void Write(long unit, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> hash = default)
    {
        if (unit < _next || bytes.Length != LayerFormat.SizeOf(unit, _length)) throw new ArgumentException($"Unit {unit} of {bytes.Length} bytes is out of order.");
        _next = unit + 1;
        if (!bytes.ContainsAnyExcept((byte)0)) return;
        Span<byte> entry = stackalloc byte[LayerFormat.EntrySize];
        BinaryPrimitives.WriteInt64LittleEndian(entry, unit);
        if (hash.IsEmpty) SHA256.HashData(bytes, entry[8..]);
        else hash.CopyTo(entry[8..]);
        _index.Write(entry);
        WriteBlocks(unit * LayerFormat.UnitSize, bytes);
    }

    public void Complete()
    {
        ReadOnlySpan<byte> index = _index.GetBuffer().AsSpan(0, (int)_index.Length);
        long offset = LayerFormat.IndexOffset(_length);
        RandomAccess.Write(_file, index, offset);
        var footer = new LayerFooter(_id, _length, index.Length / LayerFormat.EntrySize, _stored, SHA256.HashData(index));
        RandomAccess.Write(_file, LayerFormat.WriteFooter(footer), offset + index.Length);
        FileRange.Flush(_file);
        _file.Dispose();
        File.Move(_temporary, _path);
        AtomicFile.FlushFolder(Path.GetDirectoryName(_path)!);
    }

    public void Dispose()
    {
        _file.Dispose();
        File.Delete(_temporary);
    }

    /// <summary>Blocks of zeroes stay holes.</summary>
    private void WriteBlocks(long offset, ReadOnlySpan<byte> bytes)
    {
        for (int start = 0; start < bytes.Length;)
        {
            int end = start;
            while (end < bytes.Length && bytes[end..Math.Min(end + Block, bytes.Length)].ContainsAnyExcept((byte)0)) end += Block;
            end = Math.Min(end, bytes.Length);
            if (end > start)
            {
                RandomAccess.Write(_file, bytes[start..end], offset + start);
                _stored += end - start;
            }

            start = end + Block;
        }
    }
}
