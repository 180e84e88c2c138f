// Virtual I/O Device (VIRTIO) Version 1.2, sections 2.7 "Split Virtqueues", 2.8 "Packed Virtqueues", 4.2 "Virtio Over MMIO" and 5.1 "Network Device".
using System.Buffers.Binary;
using Doppel.Core.Bus;
using Doppel.Core.Memory;

namespace Doppel.Fuzz.Devices;

/// <summary>One processor of a guest whose drivers are right up to the rings, and these are at first.</summary>
internal sealed class HostileDriver(GuestMemory memory, SystemBus bus, Random random)
{
    public const ulong Ram = 0x8000_0000, RamLength = 4 << 20;

    private const int Queues = 8, RingSize = 16;
    private const ulong QueueArea = 0x1000, DriverArea = 0x400, DeviceArea = 0x800;
    private const ulong Buffers = Ram + 0x10000, BufferLength = 0x1000;
    private const int BufferCount = 64;
    private const ushort Next = 1, Write = 2, Indirect = 4, Available = 1 << 7, Used = 1 << 15;
    private const int ReceiveQueue = 0, TransmitQueue = 1, ControlQueue = 2;
    private const ulong Answers = Ram + 0x8000;
    private const byte NoAnswer = 0x55;

    private readonly int[] _next = new int[Queues];
    private readonly bool[] _wrap = new bool[Queues];
    private ulong _slot;
    private bool _network, _packed;
    private int _queues;

    /// <summary>Commands that the network adapter has answered with success.</summary>
    public long CommandsDone { get; private set; }

    /// <summary>Resets a device, agrees on some of its features, and gives it queues with something in them.</summary>
    public void SetUp(ulong slot, bool network)
    {
        (_slot, _network) = (slot, network);
        Put(0x70, 0);
        Put(0x70, 3);
        uint[] features = new uint[2];
        for (uint word = 0; word < 2; word++)
        {
            Put(0x14, word);
            features[word] = Get(0x10) & (random.Next(3) == 0 ? (uint)random.NextInt64() : uint.MaxValue) | word;
            if (random.Next(50) == 0) features[word] ^= 1u << random.Next(32);
            Put(0x24, word);
            Put(0x20, features[word]);
        }

        _packed = (features[1] & 4) != 0;
        Put(0x70, 11);
        memory.TryFill(Ram, (int)(Queues * QueueArea), 0);
        for (_queues = 0; _queues < Queues; _queues++)
        {
            Put(0x30, (uint)_queues);
            if (Get(0x34) == 0) break;
            uint area = (uint)(Ram + (ulong)_queues * QueueArea);
            (_next[_queues], _wrap[_queues]) = (0, true);
            Put(0x38, random.Next(20) == 0 ? (uint)random.Next(600) : RingSize);
            Put(0x80, area);
            Put(0x90, area + (uint)DriverArea);
            Put(0xa0, area + (uint)DeviceArea);
            Offer(_queues, random.Next(8));
            Put(0x44, 1);
        }

        Put(0x70, 15);
    }

    /// <summary>One access to the device, mostly with something new in a ring.</summary>
    /// <param name="calm">Rings are left right.</param>
    public void Access(bool calm)
    {
        int queue = random.Next(Math.Max(1, _queues));
        if (!calm) ScribbleRings();
        else if (random.Next(4) > 0) Offer(queue, 1 + random.Next(4));
        if (random.Next(100) == 0) Put((ulong)random.Next(0x110) & ~3UL, (uint)random.Next(64));
        else Put(0x50, random.Next(20) == 0 ? (uint)random.Next() : (uint)queue);
        Put(0x64, 3);
        if (!_network) return;
        for (int i = 0; i < RingSize; i++)
        {
            ulong answer = Answers + (ulong)i;
            if (!memory.TryReadUInt16(answer, out ushort value) || (byte)value != 0) continue;
            CommandsDone++;
            memory.TryWrite(answer, [NoAnswer]);
        }
    }

    /// <summary>Damages descriptors, indices and event suppression.</summary>
    public void ScribbleRings()
    {
        ulong area = Ram + (ulong)random.Next(Queues) * QueueArea;
        ulong entry = area + 16UL * (uint)random.Next(RingSize);
        ulong address = random.Next(10) switch
        {
            0 => (ulong)random.NextInt64(),
            1 => area,
            2 => Ram + RamLength - (ulong)random.Next(64),
            3 => 0x1000_1000,
            _ => Buffer() + (ulong)random.Next(64),
        };
        switch (random.Next(6))
        {
            case 0:
                memory.TryWriteUInt64(entry, address);
                break;
            case 1:
                memory.TryWriteUInt32(entry + 8, random.Next(4) == 0 ? (uint)random.NextInt64() : (uint)random.Next(2000));
                break;
            case 2:
                memory.TryWriteUInt16(entry + 12 + 2UL * (uint)random.Next(2), (ushort)(random.Next(8) | (random.Next(2) == 0 ? random.Next(2) == 0 ? Available : Used : 0)));
                break;
            case 3:
                memory.TryWriteUInt16(area + DriverArea + 2UL * (uint)random.Next(RingSize + 3), (ushort)random.Next(RingSize + 2));
                break;
            case 4:
                memory.TryReadUInt16(area + DriverArea + 2, out ushort index);
                memory.TryWriteUInt16(area + DriverArea + 2, (ushort)(index + random.Next(4)));
                break;
            default:
                memory.TryWriteUInt32(area + DriverArea, (uint)random.NextInt64());
                break;
        }
    }

    /// <summary>Damages headers, frames, requests and commands, also while a device reads them.</summary>
    public void ScribbleBuffers()
    {
        ulong at = Buffer() + (ulong)random.Next(random.Next(4) == 0 ? (int)BufferLength : 80);
        if (random.Next(2) == 0) memory.TryWrite(at, [(byte)random.Next(256)]);
        else memory.TryWriteUInt16(at, (ushort)random.Next(1 << random.Next(17)));
    }

    /// <summary>Puts buffers into a ring as a driver would.</summary>
    private void Offer(int queue, int count)
    {
        for (; count > 0; count--)
        {
            ulong buffer = Buffer();
            switch (_network ? queue : -1)
            {
                case ReceiveQueue:
                    Add(queue, new Part(buffer, random.Next(8) == 0 ? 1u << random.Next(18) : 1526, Write));
                    break;
                case TransmitQueue:
                    uint length = FrameAt(buffer);
                    uint first = random.Next(2) == 0 ? 12 : (uint)random.Next(1, (int)length);
                    Add(queue, new Part(buffer, first), new Part(buffer + first, length - first));
                    break;
                case ControlQueue:
                    ulong answer = Answers + (ulong)random.Next(RingSize);
                    memory.TryWrite(answer, [NoAnswer]);
                    Add(queue, new Part(buffer, CommandAt(buffer)), new Part(answer, 1, Write));
                    break;
                default:
                    memory.TryWriteUInt32(buffer, (uint)random.Next(16));
                    memory.TryWriteUInt64(buffer + 8, (ulong)random.Next(3000));
                    Add(queue, new Part(buffer, 16, random.Next(4) == 0 ? Write : default), new Part(Buffer(), 512u * (uint)random.Next(1, 8), random.Next(2) == 0 ? Write : default), new Part(Buffer(), 1, Write));
                    break;
            }
        }
    }

    private void Add(int queue, params ReadOnlySpan<Part> chain)
    {
        ulong area = Ram + (ulong)queue * QueueArea;
        int head = _next[queue];
        if (!_packed && head + chain.Length > RingSize) head = _next[queue] = 0;
        for (int i = 0; i < chain.Length; i++)
        {
            ulong entry = area + 16UL * (uint)_next[queue];
            memory.TryWriteUInt64(entry, chain[i].Address);
            memory.TryWriteUInt32(entry + 8, chain[i].Length);
            ushort flags = (ushort)(chain[i].Flags | (i + 1 < chain.Length ? Next : 0) | (random.Next(200) == 0 ? Indirect : 0));
            int following = (_next[queue] + 1) % RingSize;
            memory.TryWriteUInt32(entry + 12, _packed ? (uint)head | (uint)(flags | (_wrap[queue] ? Available : Used)) << 16 : flags | (uint)following << 16);
            if (following == 0) _wrap[queue] = !_wrap[queue];
            _next[queue] = following;
        }

        if (_packed) return;
        memory.TryReadUInt16(area + DriverArea + 2, out ushort index);
        memory.TryWriteUInt16(area + DriverArea + 4 + 2UL * (uint)(index % RingSize), (ushort)head);
        memory.TryWriteUInt16(area + DriverArea + 2, (ushort)(index + 1));
    }

    /// <summary>A header of the adapter, and a TCP segment that it may be right for.</summary>
    /// <returns>How long both are.</returns>
    private uint FrameAt(ulong buffer)
    {
        bool v4 = random.Next(2) == 0;
        int ip = v4 ? 20 : 40, length = 12 + 14 + ip + 20 + random.Next(random.Next(3) == 0 ? 3500 : 1400);
        byte[] frame = new byte[12 + 14 + ip + 20];
        if (random.Next(4) > 0)
        {
            frame[0] = 1;
            frame[1] = random.Next(2) == 0 ? (byte)0 : random.Next(8) == 0 ? (byte)random.Next(256) : v4 ? (byte)1 : (byte)4;
            BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(2), (ushort)random.Next(200));
            BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(4), (ushort)(random.Next(8) == 0 ? random.Next(65_536) : random.Next(500, 1460)));
            BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(6), (ushort)(14 + ip));
            BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(8), 16);
        }

        Span<byte> ethernet = frame.AsSpan(12);
        ethernet[0] = ethernet[6] = 2;
        BinaryPrimitives.WriteUInt16BigEndian(ethernet[12..], v4 ? (ushort)0x0800 : (ushort)0x86dd);
        ethernet[14] = v4 ? (byte)0x45 : (byte)0x60;
        ethernet[14 + (v4 ? 9 : 6)] = 6;
        ethernet[14 + ip + 12] = 0x50;
        memory.TryWrite(buffer, frame);
        return (uint)length;
    }

    /// <summary>A command for the adapter, more often than not one that there is.</summary>
    private uint CommandAt(ulong buffer)
    {
        byte[] command = new byte[2 + random.Next(80)];
        command[0] = (byte)random.Next(7);
        command[1] = (byte)random.Next(3);
        if (random.Next(2) == 0) random.NextBytes(command.AsSpan(2));
        else if (command.Length > 2) command[2] = (byte)random.Next(4);
        memory.TryWrite(buffer, command);
        return (uint)command.Length;
    }

    private ulong Buffer() => Buffers + (ulong)random.Next(BufferCount) * BufferLength;

    private void Put(ulong register, uint value) => bus.TryWrite(_slot + register, 4, value);

    private uint Get(ulong register)
    {
        bus.TryRead(_slot + register, 4, out ulong value);
        return (uint)value;
    }

    /// <summary>A piece of a chain.</summary>
    private readonly record struct Part(ulong Address, uint Length, ushort Flags = 0);
}
