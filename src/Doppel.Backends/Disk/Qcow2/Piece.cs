using Doppel.Core.Backends;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>A piece of the disk that is stored alike and in one piece.</summary>
/// <param name="Host">Where its first byte is in the file, if it is data.</param>
/// <param name="Length">Bytes.</param>
/// <param name="IsExclusive">Whether it is data that may be written in place.</param>
/// <param name="Entry">The entry of its L2 table, if it is compressed.</param>
internal readonly record struct Piece(BlockExtentKind Kind, long Host, long Length, bool IsExclusive, ulong Entry);
