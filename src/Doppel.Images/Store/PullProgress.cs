namespace Doppel.Images.Store;

/// <summary>What a pull is doing.</summary>
public enum PullStep
{
    /// <summary>Another process is using the cache.</summary>
    Waiting,

    /// <summary>Something that the user should know; nothing is wrong with the result.</summary>
    Warning,

    /// <summary>The mirror's list of packages is being fetched and read.</summary>
    Index,

    /// <summary>A package is being downloaded.</summary>
    Download,

    /// <summary>A package is being unpacked.</summary>
    Unpack,

    /// <summary>The guest is being put together.</summary>
    Build,

    /// <summary>A guest is installing packages; what is counted is packages.</summary>
    Install,
}

/// <summary>How far a pull is. Sent often; whoever shows it decides how often.</summary>
/// <param name="Subject">The file or package, or the text of a warning.</param>
/// <param name="Done">Bytes done (or packages), 0 where there is nothing to count.</param>
/// <param name="Total">Bytes (or packages) in all, if known.</param>
public sealed record PullProgress(PullStep Step, string Subject, long Done = 0, long? Total = null);
