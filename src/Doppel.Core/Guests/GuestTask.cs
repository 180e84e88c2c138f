namespace Doppel.Core.Guests;

/// <summary>A guest with a piece of work.</summary>
public sealed record GuestTask
{
    /// <summary>Shown in messages.</summary>
    public required string Name { get; init; }

    public required string Kernel { get; init; }

    public required string Initrd { get; init; }

    /// <summary>Archives behind <see cref="Initrd"/>: the command, and what it needs.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> InitrdExtras { get; init; }

    /// <summary>The kernel's command line.</summary>
    public required string CommandLine { get; init; }

    public required ulong MemoryBytes { get; init; }

    /// <summary>In the guest's order: <c>vda</c>, <c>vdb</c>, ….</summary>
    public required IReadOnlyList<GuestTaskDisk> Disks { get; init; }

    /// <summary>The guest's date at its start, when the work is to go the same way every time, to the bit; null for the host's time.</summary>
    public DateTimeOffset? RepeatableFrom { get; init; }
}

/// <summary>A raw disk image.</summary>
public sealed record GuestTaskDisk(string Path, bool ReadOnly);
