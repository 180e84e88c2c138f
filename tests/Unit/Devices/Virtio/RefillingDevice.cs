using Doppel.Core.Snapshot;
using Doppel.Devices.Virtio;
using Doppel.Devices.Virtio.Queue;

namespace Doppel.Tests.Unit.Devices.Virtio;

/// <summary>Returns every buffer at once and lets the test act after each, as another processor of the guest would.</summary>
internal sealed class RefillingDevice : VirtioDevice
{
    private int _turnCount;

    public Action? Between { get; set; }

    /// <summary>Most buffers that one turn took.</summary>
    public int LongestTurn { get; private set; }

    public int TurnCount => Volatile.Read(ref _turnCount);

    internal override uint DeviceId => 43;

    internal override ulong Features => 0;

    internal override IReadOnlyList<ushort> QueueSizes { get; } = [64];

    internal override void OnQueue(VirtioQueue queue)
    {
        int taken = 0;
        for (; queue.TryPop(out DescriptorChain? chain); taken++)
        {
            queue.Push(chain, 0);
            Between?.Invoke();
        }

        LongestTurn = Math.Max(LongestTurn, taken);
        Volatile.Write(ref _turnCount, _turnCount + 1);
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
