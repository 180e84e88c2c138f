using Doppel.Core.Errors;
using Doppel.Images.Store;
using Doppel.Tests.Unit.Images.Doubles;
using Doppel.Tests.Unit.Machine;

namespace Doppel.Tests.Unit.Images.Store;

public sealed class ImageCacheTests
{
    [Theory]
    [InlineData("/own", "/xdg", "/home/u", "/own")]
    [InlineData(null, "/xdg", "/home/u", "/xdg/doppel")]
    [InlineData("", "relative", "/home/u", "/home/u/.cache/doppel")]
    [InlineData(null, null, "/home/u", "/home/u/.cache/doppel")]
    public void Default_root_is_where_the_environment_says(string? own, string? xdg, string? home, string expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no XDG directories.");
        Assert.Equal(expected, ImageCache.DefaultRoot(name => name switch { "DOPPEL_CACHE" => own, "XDG_CACHE_HOME" => xdg, "HOME" => home, _ => null }));
    }

    [Fact]
    public async Task Blob_is_there_under_its_hash_when_it_is_whole()
    {
        using TempFolder folder = new();
        ImageCache cache = new(folder.Path);
        using IDisposable held = await cache.LockAsync(NobodyWaits, default);
        Layer layer = await cache.AddBlobAsync("key", async (stream, _) => await stream.WriteAsync("hello"u8.ToArray()), default);
        Assert.Equal(new Layer("key", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", 5), layer);
        Assert.True(cache.HasBlob(layer));
        Assert.Equal("hello", File.ReadAllText(cache.BlobPath(layer.Sha256)));
        Assert.False(cache.HasBlob(layer with { Size = 6 }));
    }

    [Fact]
    public async Task Failure_while_writing_leaves_no_file()
    {
        using TempFolder folder = new();
        ImageCache cache = new(folder.Path);
        using IDisposable held = await cache.LockAsync(NobodyWaits, default);
        await Assert.ThrowsAsync<InvalidOperationException>(() => cache.AddBlobAsync("key", (stream, _) =>
        {
            stream.WriteByte(1);
            throw new InvalidOperationException();
        }, default));
        Assert.Equal(["lock"], Files(folder.Path));
    }

    [Fact]
    public async Task Full_disk_is_said_and_leaves_the_old_file()
    {
        using TempFolder folder = new();
        ImageCache cache = new(folder.Path, new FullDisk(10).Create);
        using IDisposable held = await cache.LockAsync(NobodyWaits, default);
        string path = Path.Combine(folder.Path, "file");
        await cache.WriteAsync(path, new byte[8]);
        DoppelException error = await Assert.ThrowsAsync<DoppelException>(() => cache.WriteAsync(path, new byte[8]));
        Assert.Equal(ErrorKind.InsufficientResources, error.Kind);
        Assert.NotNull(error.Hint);
        Assert.Equal(["file", "lock"], Files(folder.Path));
        Assert.Equal(8, new FileInfo(path).Length);
    }

    [Fact]
    public async Task Lock_waits_for_its_holder_and_then_clears_what_dead_processes_left()
    {
        using TempFolder folder = new();
        ImageCache cache = new(folder.Path), other = new(folder.Path);
        IDisposable held = await cache.LockAsync(NobodyWaits, default);
        TaskCompletionSource waiting = new();
        Task<IDisposable> second = other.LockAsync(waiting.SetResult, default);
        await waiting.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.False(second.IsCompleted);
        File.WriteAllText(Path.Combine(folder.Path, "tmp", "left-over"), "x");
        held.Dispose();
        using IDisposable now = await second.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(["lock"], Files(folder.Path));
    }

    [Fact]
    public async Task Lock_can_be_given_up()
    {
        using TempFolder folder = new();
        ImageCache cache = new(folder.Path);
        using IDisposable held = await cache.LockAsync(NobodyWaits, default);
        using CancellationTokenSource cancel = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new ImageCache(folder.Path).LockAsync(cancel.Cancel, cancel.Token));
    }

    [Fact]
    public async Task Directory_that_cannot_be_made_is_an_error_that_names_it()
    {
        using TempFolder folder = new();
        string file = Path.Combine(folder.Path, "file");
        File.WriteAllText(file, "");
        DoppelException error = await Assert.ThrowsAsync<DoppelException>(() => new ImageCache(Path.Combine(file, "cache")).LockAsync(NobodyWaits, default));
        Assert.Contains(file, error.Message);
    }

    private static void NobodyWaits() => Assert.Fail("The lock should have been free.");

    private static IEnumerable<string> Files(string root) =>
        Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(root, path)).Order(StringComparer.Ordinal);
}
