using Doppel.Images.Archives;
using Doppel.Images.Debian;
using Doppel.Images.Net;
using Doppel.Images.Store;

namespace Doppel.Images.Disks;

/// <summary>Fetches packages and makes a disk of them that a guest can read: one file for each, without compression, named as the package.</summary>
internal sealed class PackageMedium(ImageCache cache, DebianRepository repository, DebianSuite suite, IProgress<PullProgress>? progress)
{
    /// <summary>Mirrors are quick with one large file and slow with many small ones.</summary>
    private const int SideBySide = 4;

    private readonly Lock _counting = new();
    private long _fetched;

    /// <summary>Makes the disk.</summary>
    /// <param name="target">A new file.</param>
    /// <param name="folder">For files in the meantime.</param>
    /// <returns>When the newest of the packages was made.</returns>
    /// <exception cref="Core.Errors.DoppelException">A package cannot be had or is damaged, or the host's disk is full.</exception>
    internal async Task<DateTimeOffset> WriteAsync(IReadOnlyList<DebianPackage> packages, string target, string folder, CancellationToken cancel)
    {
        long total = packages.Sum(package => package.Size);
        var files = new IsoFile[packages.Count];
        var made = new DateTimeOffset[packages.Count];
        // The large ones first, so that none is left alone at the end.
        IEnumerable<int> order = Enumerable.Range(0, packages.Count).OrderByDescending(i => packages[i].Size);
        await Parallel.ForEachAsync(order, new ParallelOptions { MaxDegreeOfParallelism = SideBySide, CancellationToken = cancel }, async (i, token) =>
        {
            string plain = Path.Combine(folder, packages[i].Name);
            made[i] = await FetchAsync(packages[i], plain, total, token).ConfigureAwait(false);
            files[i] = new IsoFile(packages[i].Name + ".deb", new FileInfo(plain).Length, () => new FileStream(plain, FileMode.Open, FileAccess.Read, FileShare.None, 1, FileOptions.DeleteOnClose));
        }).ConfigureAwait(false);

        DateTimeOffset newest = made.Max();
        await Task.Run(() => DiskFault.Guard(target, () =>
        {
            using FileStream output = File.Create(target);
            new IsoWriter("PACKAGES", newest).Write(output, files);
        }), cancel).ConfigureAwait(false);
        return newest;
    }

    private async Task<DateTimeOffset> FetchAsync(DebianPackage package, string plain, long total, CancellationToken cancel)
    {
        return await cache.WithTemporaryAsync(async (stream, path) =>
        {
            long before = 0;
            await repository.DownloadAsync(suite, package, stream, path, new Relay<PullProgress>(report =>
            {
                long all = Add(report.Done - before);
                before = report.Done;
                progress?.Report(new PullProgress(PullStep.Download, "Debian's packages", all, total));
            }), cancel).ConfigureAwait(false);
            return await Task.Run(() => DiskFault.Guard(plain, () =>
            {
                stream.Flush();
                stream.Position = 0;
                using FileStream output = File.Create(plain);
                return PlainPackage.Write(stream, output, package.Name);
            }), cancel).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    private long Add(long count)
    {
        lock (_counting) return _fetched += count;
    }

    /// <summary>Reports at once, on the thread that reports.</summary>
    private sealed class Relay<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
