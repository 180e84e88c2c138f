using System.Buffers.Binary;
using System.Security.Cryptography;
using Doppel.Core.Backends;
using Doppel.Core.Snapshot;

namespace Doppel.Machine.Boards;

/// <summary>The same bytes in every run, for a machine whose runs are to repeat: SHA-256 over the seed and the number of the block. Nobody's secret.</summary>
internal sealed class SeededEntropy(ulong seed) : IEntropySource, ISnapshotPart
{
    private const int Block = SHA256.HashSizeInBytes;
    private readonly Lock _lock = new();
    private readonly byte[] _block = new byte[Block];
    private ulong _given;

    public string SnapshotName => "seeded-entropy";

    public void Fill(Span<byte> destination)
    {
        lock (_lock)
        {
            while (!destination.IsEmpty)
            {
                int start = (int)(_given % Block);
                Make(_given / Block);
                int length = Math.Min(destination.Length, Block - start);
                _block.AsSpan(start, length).CopyTo(destination);
                destination = destination[length..];
                _given += (ulong)length;
            }
        }
    }

    public void Save(SnapshotWriter writer)
    {
        lock (_lock) writer.Write("given", _given);
    }

    public void Load(SnapshotReader reader)
    {
        lock (_lock) _given = reader.GetUInt64("given");
    }

    private void Make(ulong number)
    {
        Span<byte> input = stackalloc byte[2 * sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(input, seed);
        BinaryPrimitives.WriteUInt64LittleEndian(input[sizeof(ulong)..], number);
        SHA256.HashData(input, _block);
    }
}
