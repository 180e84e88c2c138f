using Doppel.Host.Files;
using Doppel.Machine.Portable.Format;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Machine.Portable;

/// <summary>A file of the host as content: to be saved, or to become what was saved. Pages of zeroes take no room in it.</summary>
internal sealed class FileContent : IContentSource, IContentTarget, IAsyncDisposable
{
    private const int Page = 4096;

    private readonly SafeFileHandle _file;

    private FileContent(SafeFileHandle file, long length)
    {
        _file = file;
        Length = length;
    }

    public long Length { get; }

    public bool CanRead => true;

    public static FileContent Open(string path)
    {
        SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return new FileContent(file, RandomAccess.GetLength(file));
    }

    /// <exception cref="IOException">There is such a file already, or the file system has none that is so long.</exception>
    public static FileContent Create(string path, long length)
    {
        SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);
        try
        {
            RandomAccess.SetLength(file, length);
            return new FileContent(file, length);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public ValueTask<long> NextDataAsync(long offset, CancellationToken cancel)
    {
        (bool isData, long end) = FileRange.Storage(_file, offset, Length);
        return ValueTask.FromResult(isData ? offset : end);
    }

    /// <exception cref="EndOfStreamException">The file has become shorter.</exception>
    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        while (!buffer.IsEmpty)
        {
            int count = await RandomAccess.ReadAsync(_file, buffer, offset, cancel).ConfigureAwait(false);
            if (count == 0) throw new EndOfStreamException("a file has become shorter while it was read");
            buffer = buffer[count..];
            offset += count;
        }
    }

    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        foreach (Range run in DataRuns.Of(content.Span, Page))
        {
            ReadOnlyMemory<byte> data = content[run];
            await RandomAccess.WriteAsync(_file, data, offset + run.Start.Value, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>What was written is on stable storage when it returns.</summary>
    public void Flush() => FileRange.Flush(_file);

    public ValueTask DisposeAsync()
    {
        _file.Dispose();
        return ValueTask.CompletedTask;
    }
}
