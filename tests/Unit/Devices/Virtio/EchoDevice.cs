using System.Buffers.Binary;
using Doppel.Core.Snapshot;
using Doppel.Devices.Virtio;
using Doppel.Devices.Virtio.Queue;

namespace Doppel.Tests.Unit.Devices.Virtio;

/// <summary>Copies what it can read into what it can write; or, with <see cref="Hold"/>, keeps the buffers for later.</summary>
internal sealed class EchoDevice : VirtioDevice
{
    public const ulong Feature = 1 << 3;
    private ushort _register = 0x0605;

    public bool Hold { get; set; }

    /// <summary>Answers come from threads of the pool.</summary>
    public bool Later { get; set; }

    public List<(VirtioQueue Queue, DescriptorChain Chain)> Held { get; } = [];

    internal override uint DeviceId => 42;

    internal override ulong Features => Feature;

    internal override IReadOnlyList<ushort> QueueSizes { get; } = [64, 64];

    internal override int ConfigLength => 6;

    internal override void ReadConfig(Span<byte> config)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(config, 0x04030201);
        BinaryPrimitives.WriteUInt16LittleEndian(config[4..], _register);
    }

    internal override void WriteConfig(int offset, ReadOnlySpan<byte> value)
    {
        if (offset == 4 && value.Length == 2) _register = BinaryPrimitives.ReadUInt16LittleEndian(value);
    }

    internal override void OnQueue(VirtioQueue queue)
    {
        while (queue.TryPop(out DescriptorChain? chain))
        {
            if (Hold) Held.Add((queue, chain));
            else if (Later) ThreadPool.UnsafeQueueUserWorkItem(_ => Transport.Enter(() => Answer(queue, chain)), null);
            else Answer(queue, chain);
        }
    }

    /// <summary>Answers what is held.</summary>
    public void Release()
    {
        (VirtioQueue, DescriptorChain)[] held = [.. Held];
        Held.Clear();
        foreach ((VirtioQueue queue, DescriptorChain chain) in held) Answer(queue, chain);
    }

    internal override void Reset() => _register = 0x0605;

    internal override void Save(SnapshotWriter writer) => writer.Write("register", _register);

    internal override void Load(SnapshotReader reader) => _register = (ushort)reader.GetUInt64("register", 0x0605, ushort.MaxValue);

    private static void Answer(VirtioQueue queue, DescriptorChain chain)
    {
        int used = 0;
        if (!queue.IsStale(chain))
        {
            byte[] data = new byte[Math.Min(chain.ReadableLength, 1 << 16)];
            chain.Read(0, data);
            used = chain.Write(0, data);
        }

        queue.Push(chain, (uint)used);
    }
}
