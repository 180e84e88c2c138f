using System.Buffers.Binary;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>
/// An L2 table in memory. It is changed under the image's lock only; readers look without it and look again if <see cref="Version"/> has changed meanwhile.
/// </summary>
internal sealed class L2Table(int index, long offset, bool isExclusive, ulong[] words)
{
    private int _version;

    /// <summary>Which entry of the L1 table it belongs to.</summary>
    public int Index { get; } = index;

    /// <summary>Where it is in the file; another place after it was copied from a snapshot's.</summary>
    public long Offset { get; set; } = offset;

    /// <summary>Whether it may be changed in place.</summary>
    public bool IsExclusive { get; set; } = isExclusive;

    /// <summary>Changed since it was last written.</summary>
    public bool IsDirty { get; set; }

    /// <summary>A copy of it is being written.</summary>
    public bool IsBeingWritten { get; set; }

    /// <summary>Looked at since the cache last went round.</summary>
    public bool IsUsed { get; set; } = true;

    /// <summary>Entries in the host's byte order: one word each, or two with subclusters.</summary>
    public ulong[] Words { get; } = words;

    /// <summary>Odd while it is being changed.</summary>
    public int Version => Volatile.Read(ref _version);

    public static ulong[] Decode(ReadOnlySpan<byte> bytes)
    {
        ulong[] words = new ulong[bytes.Length / 8];
        for (int i = 0; i < words.Length; i++) words[i] = BinaryPrimitives.ReadUInt64BigEndian(bytes[(8 * i)..]);
        return words;
    }

    public static byte[] Encode(ReadOnlySpan<ulong> words)
    {
        byte[] bytes = new byte[words.Length * 8];
        for (int i = 0; i < words.Length; i++) BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8 * i), words[i]);
        return bytes;
    }

    public void BeginChange()
    {
        IsDirty = true;
        Interlocked.Increment(ref _version);
    }

    public void EndChange() => Interlocked.Increment(ref _version);
}
