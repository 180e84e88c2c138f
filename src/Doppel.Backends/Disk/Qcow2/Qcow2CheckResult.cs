namespace Doppel.Backends.Disk.Qcow2;

/// <summary>What a check of an image found.</summary>
public sealed class Qcow2CheckResult
{
    private const int MaxMessages = 100;
    private readonly List<string> _messages = [];

    /// <summary>Contradictions that cannot be resolved: tables or data in impossible places.</summary>
    public long Damages { get; private set; }

    /// <summary>Clusters that count less references than they have, and marks that contradict the counts; a repair makes them anew.</summary>
    public long WrongCounts { get; private set; }

    /// <summary>Clusters that are counted but not used; harmless but for the room.</summary>
    public long Leaks { get; private set; }

    public long Errors => Damages + WrongCounts;

    public bool IsClean => Errors + Leaks == 0;

    /// <summary>The first problems in words.</summary>
    public IReadOnlyList<string> Messages => _messages;

    /// <summary>Clusters that the disk has.</summary>
    public long TotalClusters { get; internal set; }

    /// <summary>Clusters of the disk that the image has data for.</summary>
    public long AllocatedClusters { get; internal set; }

    public long CompressedClusters { get; internal set; }

    /// <summary>Bytes of the file that are in use.</summary>
    public long ImageEnd { get; internal set; }

    internal void Damage(string message)
    {
        Damages++;
        Say(message);
    }

    internal void WrongCount(string message)
    {
        WrongCounts++;
        Say(message);
    }

    internal void Leak(string message)
    {
        Leaks++;
        Say(message);
    }

    private void Say(string message)
    {
        if (_messages.Count < MaxMessages) _messages.Add(message);
    }
}
