using System.Formats.Tar;

namespace Doppel.Machine.Agent.Copy;

/// <summary>A file or a folder of the host's, as an archive.</summary>
/// <param name="path">Where it is.</param>
/// <param name="name">What it is called in the archive.</param>
internal sealed class HostArchive(string path, string name, bool isFolder, IProgress<double>? progress)
{
    private long _total;
    private long _done;

    /// <exception cref="IOException">Something cannot be read, or nobody takes the archive.</exception>
    public async Task WriteAsync(Stream target, CancellationToken cancel)
    {
        _total = Math.Max(1, isFolder ? new DirectoryInfo(path).EnumerateFiles("*", Everything).Where(f => f.LinkTarget is null).Sum(f => f.Length) : new FileInfo(path).Length);
        var writer = new TarWriter(target, TarEntryFormat.Pax, leaveOpen: true);
        await using (writer.ConfigureAwait(false))
        {
            await AddAsync(writer, isFolder ? new DirectoryInfo(path) : new FileInfo(path), name, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Hidden ones, too; links are not followed.</summary>
    private static EnumerationOptions Everything => new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None };

    private async Task AddAsync(TarWriter writer, FileSystemInfo item, string itemName, CancellationToken cancel)
    {
        await writer.WriteEntryAsync(item.FullName, itemName, cancel).ConfigureAwait(false);
        if (item.LinkTarget is not null) return;
        if (item is FileInfo file)
        {
            _done += file.Length;
            progress?.Report(Math.Min(1, (double)_done / _total));
        }
        else if (item is DirectoryInfo folder)
        {
            foreach (FileSystemInfo child in folder.EnumerateFileSystemInfos().OrderBy(c => c.Name, StringComparer.Ordinal)) await AddAsync(writer, child, $"{itemName}/{child.Name}", cancel).ConfigureAwait(false);
        }
    }
}
