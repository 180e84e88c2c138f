using Doppel.Backends.Disk;

namespace Doppel.Machine;

/// <summary>A disk of the guest and the file behind it.</summary>
/// <param name="Path">A raw or qcow2 disk image on the host.</param>
/// <param name="ReadOnly">The guest cannot write, and other machines may read the file at the same time.</param>
/// <param name="Format">Null: as the file's name says, <c>.qcow2</c> or else raw. It is never guessed from the contents.</param>
/// <param name="AllowBackingAnywhere">Whether a qcow2 image may name files below it that lie outside of its own folder.</param>
/// <param name="CopyOnWrite">
/// The file stays as it is and may serve several machines: what the guest writes goes to a layer over it, which is gone with the machine; a machine with a name
/// keeps it in its folder.
/// </param>
public sealed record DiskConfig(string Path, bool ReadOnly = false, DiskFormat? Format = null, bool AllowBackingAnywhere = false, bool CopyOnWrite = false);
