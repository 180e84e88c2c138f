using System.Buffers.Binary;
using System.Security.Cryptography;
using Doppel.Core.Errors;
using Doppel.Host.Files;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Machine.Snapshots;

/// <summary>
/// A layer of the store, to be read. That it is whole is looked at when it is opened; its index, when it is first asked for; its bytes, when they are read through <see cref="ReadUnit"/>. Thread-safe.
/// </summary>
internal sealed class LayerFile : IDisposable
{
    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly Lazy<Dictionary<long, byte[]>> _index;

    private LayerFile(string path, SafeFileHandle file, LayerFooter footer)
    {
        _path = path;
        _file = file;
        Footer = footer;
        _index = new Lazy<Dictionary<long, byte[]>>(ReadIndex);
    }

    public LayerFooter Footer { get; }

    public long Length => Footer.Length;

    /// <summary>The unit numbers with the SHA-256 of their bytes; units that are all zeroes are not in it.</summary>
    /// <exception cref="DoppelException">It is damaged.</exception>
    public IReadOnlyDictionary<long, byte[]> Index => _index.Value;

    /// <exception cref="DoppelException">It is missing, damaged or truncated, or may not be read.</exception>
    public static LayerFile Open(string path, Guid id)
    {
        SafeFileHandle? file = null;
        try
        {
            file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            long length = RandomAccess.GetLength(file);
            Span<byte> bytes = stackalloc byte[LayerFormat.FooterSize];
            LayerFooter? footer = length >= bytes.Length && RandomAccess.Read(file, bytes, length - bytes.Length) == bytes.Length ? LayerFormat.ReadFooter(bytes) : null;
            if (footer is null || footer.Id != id || length != LayerFormat.IndexOffset(footer.Length) + (footer.Entries * LayerFormat.EntrySize) + LayerFormat.FooterSize)
                throw ManifestFile.Damaged(path, "it is truncated, or not what its name says");
            var layer = new LayerFile(path, file, footer);
            file = null;
            return layer;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DoppelException(ErrorKind.Corrupt, $"{path} is missing", "use another snapshot; doppel snapshot check looks at all of them", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new DoppelException(ErrorKind.Denied, $"{path} may not be read", "check its permissions", exception);
        }
        finally
        {
            file?.Dispose();
        }
    }

    /// <summary>The file once more, for mapping.</summary>
    public SafeFileHandle Reopen() => File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);

    /// <summary>Reads a unit and compares its checksum.</summary>
    /// <returns>How many bytes it has.</returns>
    /// <exception cref="DoppelException">It is damaged.</exception>
    public int ReadUnit(long unit, Span<byte> buffer)
    {
        int size = LayerFormat.SizeOf(unit, Length);
        Span<byte> bytes = buffer[..size];
        Read(unit * LayerFormat.UnitSize, bytes);
        bool right = Index.TryGetValue(unit, out byte[]? hash) ? SHA256.HashData(bytes).AsSpan().SequenceEqual(hash) : !bytes.ContainsAnyExcept((byte)0);
        return right ? size : throw ManifestFile.Damaged(_path, $"the checksum of the bytes from {unit * LayerFormat.UnitSize} on is wrong");
    }

    /// <summary>Reads bytes as they are.</summary>
    public void Read(long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int count = RandomAccess.Read(_file, buffer, offset);
            if (count == 0) throw ManifestFile.Damaged(_path, "it has become shorter");
            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <summary>The first byte at or behind an offset that the file system has; behind the end if there is none.</summary>
    public long NextData(long offset)
    {
        if (offset >= Length) return Length;
        (bool data, long end) = FileRange.Storage(_file, offset, Length);
        return data ? offset : end;
    }

    /// <summary>Reads everything.</summary>
    /// <param name="read">Called with each number of bytes that was read.</param>
    /// <exception cref="DoppelException">Anything is damaged.</exception>
    public void Check(Action<long> read, CancellationToken cancel)
    {
        byte[] buffer = new byte[LayerFormat.UnitSize];
        foreach (long unit in Index.Keys)
        {
            cancel.ThrowIfCancellationRequested();
            read(ReadUnit(unit, buffer));
        }

        // What no checksum stands for has to be zeroes, up to the index.
        long end = LayerFormat.IndexOffset(Length);
        for (long offset = 0; offset < end;)
        {
            (bool data, long next) = FileRange.Storage(_file, offset, end);
            next = Math.Min(next, end);
            for (; data && offset < next; offset = (offset / LayerFormat.UnitSize + 1) * LayerFormat.UnitSize)
            {
                cancel.ThrowIfCancellationRequested();
                long unit = offset / LayerFormat.UnitSize;
                if (Index.ContainsKey(unit) && LayerFormat.SizeOf(unit, Length) == LayerFormat.UnitSize) continue;
                int skip = Index.ContainsKey(unit) ? LayerFormat.SizeOf(unit, Length) : 0;
                Span<byte> bytes = buffer.AsSpan(skip);
                Read((unit * LayerFormat.UnitSize) + skip, bytes);
                if (bytes.ContainsAnyExcept((byte)0)) throw ManifestFile.Damaged(_path, $"the bytes from {unit * LayerFormat.UnitSize} on should be zeroes");
            }

            offset = Math.Max(offset, next);
        }
    }

    public void Dispose() => _file.Dispose();

    private Dictionary<long, byte[]> ReadIndex()
    {
        byte[] bytes = new byte[Footer.Entries * LayerFormat.EntrySize];
        Read(LayerFormat.IndexOffset(Length), bytes);
        if (!SHA256.HashData(bytes).AsSpan().SequenceEqual(Footer.IndexHash)) throw ManifestFile.Damaged(_path, "the checksum of its index is wrong");
        var index = new Dictionary<long, byte[]>();
        long last = -1;
        for (int i = 0; i < bytes.Length; i += LayerFormat.EntrySize)
        {
            long unit = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(i));
            if (unit <= last || unit >= LayerFormat.Units(Length)) throw ManifestFile.Damaged(_path, "its index is out of order");
            index.Add(last = unit, bytes[(i + 8)..(i + LayerFormat.EntrySize)]);
        }

        return index;
    }
}
