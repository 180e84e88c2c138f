namespace Doppel.Backends.Disk;

/// <summary>How an image is opened.</summary>
public sealed record DiskOpenOptions
{
    /// <summary>Null: as the file's name says.</summary>
    public DiskFormat? Format { get; init; }

    public bool ReadOnly { get; init; }

    /// <summary>Whether the layers below may lie anywhere, not only in the image's folder and what is under it.</summary>
    public bool AllowBackingAnywhere { get; init; }

    /// <summary>Further folders in which layers below may lie.</summary>
    public IReadOnlyList<string> BackingFolders { get; init; } = [];

    /// <summary>Whether the files are locked. Without, only for looking at them while a machine uses them: what is read may be half changed.</summary>
    public bool Locked { get; init; } = true;

    /// <summary>Whether the layers below are opened, too; without them only the image's own tables can be used.</summary>
    public bool WithBacking { get; init; } = true;
}
