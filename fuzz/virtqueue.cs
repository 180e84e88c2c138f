#!/usr/bin/env dotnet
#:project ../src/Doppel.Core/Doppel.Core.csproj
#:project ../src/Doppel.Devices/Doppel.Devices.csproj
#:project ../src/Doppel.Backends/Doppel.Backends.csproj
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false
#:property RestoreLockedMode=false

// A hostile guest against the virtio devices: random registers, random rings of both formats, and a second processor that scribbles over them meanwhile.
//   dotnet run -c Release fuzz/virtqueue.cs -- [SECONDS [SEED]]
// Ends with code 1 if a device threw, hung, or wrote outside of the guest's memory. The seed is printed first and repeats the first thread's choices.

using System.Diagnostics;
using Doppel.Backends.Disk;
using Doppel.Core.Backends;
using Doppel.Core.Bus;
using Doppel.Core.Interrupts;
using Doppel.Core.Memory;
using Doppel.Core.Net;
using Doppel.Core.Trace;
using Doppel.Devices.Virtio;
using Doppel.Devices.Virtio.Mmio;

const ulong Ram = 0x8000_0000;
const ulong RamLength = 4 << 20;
const ulong FirstSlot = 0x1000_1000;
int seconds = args.Length > 0 ? int.Parse(args[0]) : 60;
int seed = args.Length > 1 ? int.Parse(args[1]) : Environment.TickCount;
Console.WriteLine($"seed {seed}, {seconds} s");

// An assertion of ours must end the run with its text, not with a dialog or an abort in the middle of a line.
Trace.Listeners.Clear();
Trace.Listeners.Add(new Assertions());
using var memory = new GuestMemory();
memory.AddRegion("ram", Ram, RamLength);
var bus = new SystemBus(NoTrace.Instance);
var console = new Chatter();
var network = new Storm();
VirtioDevice[] devices =
[
    new VirtioBlock(new MemoryDisk(1 << 20)),
    new VirtioBlock(new MemoryDisk(1 << 20, readOnly: true)),
    new VirtioConsole(console),
    new VirtioConsole([new VirtioConsolePort(console, IsConsole: true), new VirtioConsolePort(console, "one"), new VirtioConsolePort(console, "two")]),
    new VirtioEntropy(new Dice()),
    new VirtioNet(network, new MacAddress(0x02_00_00_00_00_01)),
];
VirtioMmio[] slots = [.. devices.Select((device, i) => new VirtioMmio(device, memory, new Wire(), NoTrace.Instance, $"virtio{i}"))];
for (int i = 0; i < slots.Length; i++) bus.Map($"virtio{i}", FirstSlot + (ulong)i * 0x1000, slots[i]);

bool done = false;
var other = new Thread(() =>
{
    var random = new Random(seed + 1);
    while (!Volatile.Read(ref done))
    {
        Scribble(random);
        if (random.Next(64) == 0) console.Say(random.Next(100));
        if (random.Next(16) == 0) network.Blow(random);
    }
});
other.Start();
var choices = new Random(seed);
long start = Stopwatch.GetTimestamp(), setups = 0, notifications = 0, slowest = 0;
while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds && bus.DeviceFaults.Value == 0)
{
    ulong slot = FirstSlot + (ulong)choices.Next(slots.Length) * 0x1000;
    SetUp(slot, choices);
    setups++;
    for (int i = choices.Next(60); i > 0; i--)
    {
        Scribble(choices);
        long before = Stopwatch.GetTimestamp();
        if (choices.Next(4) == 0) Write(slot, (ulong)choices.Next(0x110) & ~3UL, (uint)choices.Next(64));
        else Write(slot, 0x50, (uint)choices.Next(9));
        slowest = Math.Max(slowest, Stopwatch.GetTimestamp() - before);
        notifications++;
        Write(slot, 0x64, 3);
    }

    if (choices.Next(50) == 0)
    {
        VirtioMmio mmio = slots[(slot - FirstSlot) / 0x1000];
        if (!mmio.QuiesceAsync().Wait(TimeSpan.FromSeconds(30))) return Fail("a device does not come to rest");
        mmio.Resume();
    }
}

Volatile.Write(ref done, true);
other.Join();
if (!Task.WhenAll(slots.Select(slot => slot.QuiesceAsync())).Wait(TimeSpan.FromSeconds(30))) return Fail("a device does not come to rest");
long faults = bus.DeviceFaults.Value + slots.Sum(slot => slot.DeviceFaults.Value);
Console.WriteLine($"{setups} set-ups, {notifications} accesses, {slots.Sum(slot => slot.DriverErrors.Value)} broken rings found, slowest access {Stopwatch.GetElapsedTime(0, slowest).TotalMilliseconds:f1} ms, {faults} faults");
return faults == 0 ? 0 : Fail("a device threw");

int Fail(string why)
{
    Console.WriteLine($"failed with seed {seed}: {why}");
    return 1;
}

void Write(ulong slot, ulong register, uint value) => bus.TryWrite(slot + register, 4, value);

// A driver that does everything right up to the rings.
void SetUp(ulong slot, Random random)
{
    Write(slot, 0x70, 0);
    Write(slot, 0x70, 3);
    for (uint word = 0; word < 2; word++)
    {
        Write(slot, 0x14, word);
        bus.TryRead(slot + 0x10, 4, out ulong offered);
        Write(slot, 0x24, word);
        Write(slot, 0x20, (uint)offered & (word == 1 ? 1u | (uint)random.Next(1 << 12) : ~((uint)random.Next(4) << 28)));
    }

    Write(slot, 0x70, 11);
    for (uint queue = 0; queue < 8; queue++)
    {
        Write(slot, 0x30, queue);
        Write(slot, 0x38, 16);
        uint area = (uint)Ram + queue * 0x1000;
        Write(slot, 0x80, area);
        Write(slot, 0x90, area + 0x400);
        Write(slot, 0xa0, area + 0x800);
        Write(slot, 0x44, 1);
    }

    Write(slot, 0x70, 15);
}

// Descriptors, indices and request headers, half of them plausible.
void Scribble(Random random)
{
    ulong area = Ram + (ulong)random.Next(8) * 0x1000;
    ulong entry = area + 16UL * (uint)random.Next(16);
    ulong buffers = Ram + 0x10000;
    ulong address = random.Next(10) switch
    {
        0 => (ulong)random.NextInt64(),
        1 => area,
        2 => Ram + RamLength - (ulong)random.Next(64),
        3 => FirstSlot,
        _ => buffers + (ulong)random.Next(0x100) * 0x10,
    };
    memory.TryWriteUInt64(entry, address);
    memory.TryWriteUInt32(entry + 8, random.Next(12) == 0 ? (uint)random.Next() : (uint)(random.Next(64) * 16 + random.Next(2)));
    uint flags = (uint)random.Next(8);
    bool packed = random.Next(2) == 0;
    uint wrap = random.Next(2) == 0 ? 1u << 7 : 1u << 15;
    uint link = (uint)random.Next(18);
    memory.TryWriteUInt32(entry + 12, packed ? link | (flags | wrap) << 16 : flags | link << 16);
    memory.TryWriteUInt32(buffers + (ulong)random.Next(0x100) * 0x10, (uint)random.Next(16));
    memory.TryWriteUInt64(buffers + (ulong)random.Next(0x100) * 0x10 + 8, (ulong)random.Next(3000));
    if (random.Next(3) == 0) memory.TryWriteUInt32(area + 0x400, (uint)random.Next(4) << 16 | (uint)random.Next(1 << 16));
    memory.TryWriteUInt16(area + 0x404 + 2UL * (uint)random.Next(17), (ushort)link);
    memory.TryReadUInt16(area + 0x402, out ushort index);
    memory.TryWriteUInt16(area + 0x402, (ushort)(index + random.Next(3)));
}

internal sealed class Wire : IInterruptLine
{
    public void Set(bool level)
    {
    }
}

internal sealed class Dice : IEntropySource
{
    public void Fill(Span<byte> destination) => Random.Shared.NextBytes(destination);
}

internal sealed class Chatter : IConsoleBackend
{
    private int _waiting;

    public event Action? InputAvailable;

    public event Action? Resized;

    public (int Columns, int Rows) Size { get; private set; }

    public void Say(int count)
    {
        Interlocked.Add(ref _waiting, count);
        InputAvailable?.Invoke();
        if (count % 8 != 0) return;
        Size = (count, count);
        Resized?.Invoke();
    }

    public void Write(ReadOnlySpan<byte> data)
    {
    }

    public int Read(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, Interlocked.Exchange(ref _waiting, 0));
        buffer[..count].Fill((byte)'x');
        return count;
    }
}

internal sealed class Assertions : TraceListener
{
    public override void Write(string? message)
    {
    }

    public override void WriteLine(string? message)
    {
    }

    public override void Fail(string? message, string? detailMessage)
    {
        Console.WriteLine($"assertion failed: {message} {detailMessage}");
        Environment.Exit(1);
    }
}

/// <summary>A network that is full at times, takes what it takes, and sends frames of all kinds.</summary>
internal sealed class Storm : INetworkBackend, INetworkPort
{
    private INetworkPort? _adapter;
    private volatile bool _full;

    public event Action? RoomAvailable;

    public event Action? LinkChanged;

    public FrameOffloads Accepts => _full ? FrameOffloads.None : FrameOffloads.Checksum | FrameOffloads.Tcp4Segmentation;

    public bool IsUp => true;

    public INetworkPort Connect(INetworkPort adapter)
    {
        _adapter = adapter;
        return this;
    }

    public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        if (!FrameDelivery.IsPossible(frame.Length, offload) || (FrameDelivery.Needs(offload) & ~Accepts & ~FrameOffloads.Tcp4Segmentation & ~FrameOffloads.Checksum) != 0) throw new InvalidOperationException("an impossible frame");
        return !_full;
    }

    public void Blow(Random random)
    {
        byte[] frame = new byte[random.Next(8) == 0 ? random.Next(FrameDelivery.MaxLength + 100) : random.Next(2000)];
        random.NextBytes(frame.AsSpan(0, Math.Min(frame.Length, 100)));
        var offload = new FrameOffload
        {
            NeedsChecksum = random.Next(2) == 0,
            ChecksumStart = (ushort)random.Next(100),
            ChecksumOffset = (ushort)random.Next(20),
            Segmentation = (FrameSegmentation)random.Next(3),
            SegmentSize = (ushort)random.Next(3000),
        };
        if (!FrameDelivery.IsPossible(frame.Length, offload)) offload = default;
        if (FrameDelivery.IsPossible(frame.Length, offload)) _adapter!.TryDeliver(frame, offload);
        _full = random.Next(4) == 0;
        if (!_full) RoomAvailable?.Invoke();
        if (random.Next(100) == 0) LinkChanged?.Invoke();
    }
}
