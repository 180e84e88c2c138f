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
using Doppel.Fuzz.Guest;

namespace Doppel.Fuzz.Devices;

/// <summary>
/// A hostile guest against the virtio devices: random registers, rings of both formats that are right at first and less so later, and a second processor that
/// writes over rings, headers and frames meanwhile. The seed repeats the first thread's choices.
/// </summary>
internal static class VirtqueueRun
{
    private const ulong FirstSlot = 0x1000_1000, SlotLength = 0x1000;
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(30);

    /// <summary>A turn of a device is bounded; this is far more than one takes on a busy host.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(5);

    /// <param name="networkOnly">The network adapter alone, which has more to get wrong than the others.</param>
    /// <returns>The number of accesses, and what was found.</returns>
    public static (long Tried, string? Finding) Run(ulong seed, TimeSpan time, bool networkOnly)
    {
        using var memory = new GuestMemory();
        memory.AddRegion("ram", HostileDriver.Ram, HostileDriver.RamLength);
        var bus = new SystemBus(NoTrace.Instance);
        using var console = new NoisyConsole();
        var network = new HostileNetwork();
        var adapter = new VirtioNet(network, new MacAddress(0x02_00_00_00_00_01));
        VirtioDevice[] others = networkOnly ? [] :
        [
            new VirtioBlock(new MemoryDisk(1 << 20)),
            new VirtioBlock(new MemoryDisk(1 << 20, readOnly: true)),
            new VirtioConsole(console),
            new VirtioConsole([new VirtioConsolePort(console, IsConsole: true), new VirtioConsolePort(console, "one"), new VirtioConsolePort(console, "two")]),
            new VirtioEntropy(new Dice()),
        ];
        VirtioMmio[] slots = [.. others.Append(adapter).Select((device, i) => new VirtioMmio(device, memory, new NoLine(), NoTrace.Instance, $"virtio{i}"))];
        for (int i = 0; i < slots.Length; i++) bus.Map($"virtio{i}", FirstSlot + (ulong)i * SlotLength, slots[i]);

        var random = new Random(unchecked((int)seed));
        var driver = new HostileDriver(memory, bus, random);
        bool done = false, calm = false;
        var second = new Thread(() =>
        {
            var choices = new Random(unchecked((int)seed + 1));
            var another = new HostileDriver(memory, bus, choices);
            while (!Volatile.Read(ref done))
            {
                another.ScribbleBuffers();
                if (!Volatile.Read(ref calm)) another.ScribbleRings();
                if (choices.Next(64) == 0) console.Type();
                if (choices.Next(4) == 0) network.Send(choices);
            }
        });
        second.Start();
        long tried = 0;
        string? finding = null;

        // A driver whose rings are never right shows nothing; on a busy host it takes longer until the second thread sends when they are.
        for (long start = Stopwatch.GetTimestamp(); finding is null && Stopwatch.GetElapsedTime(start) < (GotThrough() ? time : time + Rest);)
        {
            int number = random.Next(slots.Length);
            Volatile.Write(ref calm, random.Next(4) > 0);
            driver.SetUp(FirstSlot + (ulong)number * SlotLength, slots[number] == slots[^1]);
            for (int i = random.Next(100); i > 0; i--, tried++)
            {
                long before = Stopwatch.GetTimestamp();
                driver.Access(calm);
                if (Stopwatch.GetElapsedTime(before) is var taken && taken > Slow) finding = $"an access took {taken}";
            }

            if (random.Next(50) == 0)
            {
                if (!slots[number].QuiesceAsync().Wait(Rest)) finding = "a device does not come to rest";
                slots[number].Resume();
            }

            if (bus.DeviceFaults.Value + slots.Sum(s => s.DeviceFaults.Value) > 0) finding = "a device threw";
        }

        Volatile.Write(ref done, true);
        second.Join();
        if (!Task.WhenAll(slots.Select(s => s.QuiesceAsync())).Wait(Rest)) finding ??= "a device does not come to rest";
        if (bus.DeviceFaults.Value + slots.Sum(s => s.DeviceFaults.Value) > 0) finding ??= "a device threw";
        if (!GotThrough()) finding ??= $"not one frame or command got through: {Counts()}";
        Console.WriteLine($"{Counts()}, {slots.Sum(s => s.DriverErrors.Value)} broken rings");
        return (tried, finding);

        bool GotThrough() => adapter.FramesSent.Value > 0 && adapter.FramesReceived.Value > 0 && driver.CommandsDone > 0;

        string Counts() => $"{adapter.FramesSent.Value} frames sent, {adapter.FramesReceived.Value} received, {driver.CommandsDone} commands done";
    }

    private sealed class Dice : IEntropySource
    {
        public void Fill(Span<byte> destination) => Random.Shared.NextBytes(destination);
    }

    private sealed class NoLine : IInterruptLine
    {
        public void Set(bool level)
        {
        }
    }
}
