// Virtual I/O Device (VIRTIO) Version 1.2, section 5.3 "Console Device".
using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Doppel.Core.Backends;
using Doppel.Core.Snapshot;
using Doppel.Devices.Virtio.Queue;

namespace Doppel.Devices.Virtio;

/// <summary>A console, or several ports: consoles and named byte channels.</summary>
public sealed class VirtioConsole : VirtioDevice
{
    /// <summary>VIRTIO_CONSOLE_F_SIZE (0).</summary>
    internal const ulong FeatureSize = 1 << 0;

    /// <summary>VIRTIO_CONSOLE_F_MULTIPORT (1).</summary>
    internal const ulong FeatureMultiport = 1 << 1;

    /// <summary>VIRTIO_CONSOLE_F_EMERG_WRITE (2).</summary>
    internal const ulong FeatureEmergWrite = 1 << 2;

    /// <summary>Most ports of one device.</summary>
    public const int MaxPorts = 31;

    /// <summary>Most bytes of output in one buffer. Linux sends up to a page to a console and 32 KiB to a channel at a time.</summary>
    internal const int MaxOutput = 1 << 20;

    private const int TurnPieces = 4;
    private const int TurnBytes = 64 << 10;
    private const int ControlReceive = 2;
    private const int ControlTransmit = 3;
    private const int EmergWriteOffset = 8;
    private const ushort DeviceReady = 0;
    private const ushort DeviceAdd = 1;
    private const ushort PortReady = 3;
    private const ushort ConsolePort = 4;
    private const ushort Resize = 5;
    private const ushort PortOpen = 6;
    private const ushort PortName = 7;
    private const int ControlLength = 8;
    private readonly ConsolePortState[] _ports;
    private readonly bool _multiport;

    /// <summary>One console and nothing else. Its window size is in the configuration space, which all drivers understand.</summary>
    public VirtioConsole(IConsoleBackend console)
        : this([new VirtioConsolePort(console, IsConsole: true)])
    {
    }

    /// <summary>Several ports, or a single one with a name.</summary>
    /// <exception cref="ArgumentException">There are none, or too many.</exception>
    public VirtioConsole(IReadOnlyList<VirtioConsolePort> ports)
    {
        if (ports.Count is 0 or > MaxPorts) throw new ArgumentException($"A console has 1 to {MaxPorts} ports.", nameof(ports));
        _ports = [.. ports.Select((port, index) => new ConsolePortState(port, index))];
        _multiport = ports.Count > 1 || !ports[0].IsConsole || ports[0].Name is not null;
        QueueSizes = [.. Enumerable.Repeat((ushort)128, _multiport ? 2 * ports.Count + 2 : 2)];
    }

    internal override uint DeviceId => 3;

    internal override ulong Features => FeatureSize | FeatureEmergWrite | (_multiport ? FeatureMultiport : 0);

    internal override IReadOnlyList<ushort> QueueSizes { get; }

    internal override int ConfigLength => 12;

    private bool Multiport => Transport.Has(FeatureMultiport);

    internal override void Plug(VirtioTransport transport)
    {
        base.Plug(transport);
        foreach (ConsolePortState port in _ports)
        {
            port.Port.Backend.InputAvailable += () => transport.Enter(() => transport.Service(transport.Queues[port.ReceiveQueue]));
            port.Port.Backend.Resized += () => transport.Enter(() => Resized(port));
        }
    }

    internal override void ReadConfig(Span<byte> config)
    {
        (int columns, int rows) = _ports[0].Port.Backend.Size;
        BinaryPrimitives.WriteUInt16LittleEndian(config, Clamp(columns));
        BinaryPrimitives.WriteUInt16LittleEndian(config[2..], Clamp(rows));
        BinaryPrimitives.WriteUInt32LittleEndian(config[4..], (uint)_ports.Length);
    }

    internal override void WriteConfig(int offset, ReadOnlySpan<byte> value)
    {
        if (offset == EmergWriteOffset) _ports[0].Write(value[..1]);
    }

    internal override void OnQueue(VirtioQueue queue)
    {
        switch (queue.Index)
        {
            case ControlReceive:
                SendControl(queue);
                break;
            case ControlTransmit:
                while (queue.TryPop(out DescriptorChain? chain)) ReceiveControl(queue, chain);
                break;
            case int index:
                ConsolePortState port = _ports[Math.Max(0, (index - 2) / 2)];
                if (index % 2 == 0) Deliver(port, queue);
                else Transmit(port, queue);
                break;
        }
    }

    internal override void Reset()
    {
        foreach (ConsolePortState port in _ports) port.Reset();
    }

    internal override void Save(SnapshotWriter writer)
    {
        foreach (ConsolePortState port in _ports) writer.WriteGroup($"port{port.Index}", port.Save);
    }

    internal override void Load(SnapshotReader reader)
    {
        foreach (ConsolePortState port in _ports) port.Load(reader.GetGroup($"port{port.Index}"));
    }

    /// <summary>Host to guest.</summary>
    private void Deliver(ConsolePortState port, VirtioQueue queue)
    {
        // A port that no program of the guest has open would lose the data.
        if (Multiport && !port.GuestOpen) return;
        while (true)
        {
            ReadOnlySpan<byte> input = port.Input();
            if (input.IsEmpty || !queue.TryPop(out DescriptorChain? chain)) break;
            int written = chain.Write(0, input);
            port.Consume(written);
            queue.Push(chain, (uint)written);
        }

        // The end of the input goes after the last of the data.
        if (port.Pending != PortMessages.None) Transport.Service(Transport.Queues[ControlReceive]);
    }

    /// <summary>
    /// Guest to host. A backend slows a guest down whose output nobody reads, by taking its time for each piece; so a turn takes few pieces and goes on
    /// from the pool, lest a vCPU could not be stopped meanwhile.
    /// </summary>
    private void Transmit(ConsolePortState port, VirtioQueue queue)
    {
        int bytes = 0;
        for (int pieces = 0; pieces < TurnPieces && bytes < TurnBytes; pieces++)
        {
            if (!queue.TryPop(out DescriptorChain? chain)) return;
            if (chain.ReadableLength > MaxOutput) Transport.Fail($"output of {chain.ReadableLength} bytes in one buffer, at most {MaxOutput} are taken");
            else bytes += Output(port, chain);
            queue.Push(chain, 0);
        }

        Transport.ServiceLater(queue);
    }

    private static int Output(ConsolePortState port, DescriptorChain chain)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)chain.ReadableLength);
        int length = chain.Read(0, buffer.AsSpan(0, (int)chain.ReadableLength));
        if (length > 0) port.Write(buffer.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(buffer);
        return length;
    }

    /// <summary>Section 5.3.6.2, messages of the driver.</summary>
    private void ReceiveControl(VirtioQueue queue, DescriptorChain chain)
    {
        Span<byte> message = stackalloc byte[ControlLength];
        bool complete = chain.Read(0, message) == ControlLength;
        queue.Push(chain, 0);
        if (!complete || !Multiport) return;
        uint id = BinaryPrimitives.ReadUInt32LittleEndian(message);
        ushort kind = BinaryPrimitives.ReadUInt16LittleEndian(message[4..]);
        bool value = BinaryPrimitives.ReadUInt16LittleEndian(message[6..]) != 0;
        if (kind == DeviceReady && value)
        {
            foreach (ConsolePortState port in _ports.Where(port => !port.Added)) port.Pending |= PortMessages.Add;
        }
        else if (id < (uint)_ports.Length)
        {
            ReceiveForPort(_ports[(int)id], kind, value);
        }

        Transport.Service(Transport.Queues[ControlReceive]);
    }

    private void ReceiveForPort(ConsolePortState port, ushort kind, bool value)
    {
        if (kind == PortReady && value && port.Added && !port.Ready)
        {
            port.Ready = true;
            port.Pending |= PortMessages.Open;
            if (port.Port.IsConsole) port.Pending |= PortMessages.Console;
            if (port.Port.IsConsole && port.Port.Backend.Size != (0, 0)) port.Pending |= PortMessages.Resize;
            if (port.Port.Name is not null) port.Pending |= PortMessages.Name;
        }
        else if (kind == PortReady && !value)
        {
            Transport.Warn($"the guest cannot use port {port.Index}");
        }
        else if (kind == PortOpen)
        {
            port.GuestOpen = value;
            Transport.Service(Transport.Queues[port.ReceiveQueue]);
        }
    }

    /// <summary>Section 5.3.6.2, messages of the device, as far as the driver has room for them.</summary>
    private void SendControl(VirtioQueue queue)
    {
        if (!Multiport) return;
        foreach (ConsolePortState port in _ports)
        {
            while (port.Pending != PortMessages.None && queue.TryPop(out DescriptorChain? chain))
            {
                // The lowest bit is the next message.
                var next = (PortMessages)((int)port.Pending & -(int)port.Pending);
                port.Pending &= ~next;
                queue.Push(chain, (uint)chain.Write(0, Message(port, next)));
                if (next == PortMessages.Add) port.Added = true;
            }
        }
    }

    private static byte[] Message(ConsolePortState port, PortMessages which)
    {
        (int columns, int rows) = port.Port.Backend.Size;
        return which switch
        {
            PortMessages.Add => Control(port, DeviceAdd, 0, []),
            PortMessages.Console => Control(port, ConsolePort, 1, []),
            PortMessages.Resize => Control(port, Resize, 0, [(byte)Clamp(columns), (byte)(Clamp(columns) >> 8), (byte)Clamp(rows), (byte)(Clamp(rows) >> 8)]),
            PortMessages.Name => Control(port, PortName, 1, Encoding.UTF8.GetBytes(port.Port.Name ?? "")),
            _ => Control(port, PortOpen, (ushort)(port.HostOpen ? 1 : 0), []),
        };
    }

    private static byte[] Control(ConsolePortState port, ushort kind, ushort value, byte[] rest)
    {
        byte[] message = new byte[ControlLength + rest.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)port.Index);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(4), kind);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(6), value);
        rest.CopyTo(message, ControlLength);
        return message;
    }

    private void Resized(ConsolePortState port)
    {
        if (port.Index == 0) Transport.ConfigChanged();
        if (!port.Ready || !port.Port.IsConsole) return;
        port.Pending |= PortMessages.Resize;
        Transport.Service(Transport.Queues[ControlReceive]);
    }

    private static ushort Clamp(int value) => (ushort)Math.Clamp(value, 0, ushort.MaxValue);
}
