using Doppel.Host.Files;
using Doppel.Tests.Unit.Machine;

namespace Doppel.Tests.Unit.Host.Files;

public sealed class FileLinkTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Name_that_many_want_at_once_goes_to_one()
    {
        for (int round = 0; round < 50; round++)
        {
            string target = Path.Combine(_folder.Path, $"target{round}");
            string[] sources = [.. Enumerable.Range(0, 8).Select(i => _folder.File($"source{round}-{i}", [(byte)i]))];
            int[] winners = new int[sources.Length];
            Parallel.For(0, sources.Length, new ParallelOptions { MaxDegreeOfParallelism = sources.Length }, i =>
            {
                try
                {
                    FileLink.MoveToNew(sources[i], target);
                    winners[i] = 1;
                }
                catch (IOException)
                {
                    // Another one has it.
                }
            });
            Assert.Equal(1, winners.Sum());
            Assert.Equal(Array.IndexOf(winners, 1), File.ReadAllBytes(target)[0]);
            Assert.Equal(winners.Select(w => w == 0), sources.Select(File.Exists));
        }
    }

    [Fact]
    public void Names_are_counted()
    {
        string file = _folder.File("one", [1]), other = Path.Combine(_folder.Path, "two");
        Assert.Equal(1, FileLink.Count(file));
        FileLink.LinkOrCopy(file, other);
        Assert.Equal(OperatingSystem.IsLinux() ? (2, 2) : (1, 1), (FileLink.Count(file), FileLink.Count(other)));
        File.Delete(file);
        Assert.Equal((1, 1), (FileLink.Count(other), FileLink.Count(file)));
        Assert.Equal([1], File.ReadAllBytes(other));
    }

    [Fact]
    public void Name_that_something_has_stays_with_it()
    {
        string source = _folder.File("source", [1]), target = _folder.File("target", [2]);
        Assert.Throws<IOException>(() => FileLink.MoveToNew(source, target));
        Directory.CreateDirectory(Path.Combine(_folder.Path, "folder"));
        Assert.Throws<IOException>(() => FileLink.MoveToNew(source, Path.Combine(_folder.Path, "folder")));
        Assert.Equal([1], File.ReadAllBytes(source));
        Assert.Equal([2], File.ReadAllBytes(target));
        Assert.ThrowsAny<IOException>(() => FileLink.MoveToNew(Path.Combine(_folder.Path, "none"), Path.Combine(_folder.Path, "other")));
    }
}
