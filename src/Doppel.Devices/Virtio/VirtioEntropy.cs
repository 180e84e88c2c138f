// Virtual I/O Device (VIRTIO) Version 1.2, section 5.4 "Entropy Device".
using Doppel.Core.Backends;
using Doppel.Core.Snapshot;
using Doppel.Devices.Virtio.Queue;

namespace Doppel.Devices.Virtio;

/// <summary>Gives the guest random bytes.</summary>
public sealed class VirtioEntropy(IEntropySource source) : VirtioDevice
{
    /// <summary>Most bytes for one buffer; the rest of a larger one is left alone, as section 5.4.6.2 allows.</summary>
    private const int MaxBytes = 4096;

    internal override uint DeviceId => 4;

    internal override ulong Features => 0;

    internal override IReadOnlyList<ushort> QueueSizes { get; } = [64];

    internal override void OnQueue(VirtioQueue queue)
    {
        Span<byte> random = stackalloc byte[MaxBytes];
        while (queue.TryPop(out DescriptorChain? chain))
        {
            Span<byte> wanted = random[..(int)Math.Min(chain.WritableLength, MaxBytes)];
            source.Fill(wanted);
            queue.Push(chain, (uint)chain.Write(0, wanted));
        }

        random.Clear();
    }

    internal override void Reset()
    {
    }

    internal override void Save(SnapshotWriter writer)
    {
    }

    internal override void Load(SnapshotReader reader)
    {
    }
}
