using Doppel.Core.Errors;
using Doppel.Images.Store;

namespace Doppel.Tests.System.Cli;

/// <summary>Sees to it that the default guest is in the cache, once for all tests that boot it.</summary>
public sealed class DefaultGuest : IAsyncLifetime
{
    private string? _missing;

    internal GuestImage Image { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        using var store = new ImageStore();
        try
        {
            Image = await store.GetAsync(new GuestImageRequest());
        }
        catch (DoppelException exception) when (exception.Kind == ErrorKind.Unreachable)
        {
            _missing = exception.Message;
        }
    }

    /// <summary>Skips the test if there is no guest and no way to get it.</summary>
    public void Require() => Assert.SkipWhen(_missing is not null, $"the default guest cannot be fetched: {_missing}");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Tests that boot guests run one after the other: they measure time, and each keeps a core busy.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class BootCollection : ICollectionFixture<DefaultGuest>
{
    public const string Name = "boots";
}
