using Doppel.Core.Bus;

namespace Doppel.Tests.Unit.Devices;

/// <summary>Random accesses of all widths, most of them near the registers: a device never throws for what a guest does.</summary>
internal static class DeviceFuzz
{
    /// <param name="between">Called now and then, to let time pass or input arrive.</param>
    public static void Run(IBusDevice device, int accesses, Action<Random>? between = null)
    {
        var random = new Random(42);
        for (int i = 0; i < accesses; i++)
        {
            int size = 1 << random.Next(4);
            ulong range = random.Next(4) == 0 ? device.Length : Math.Min(device.Length, 0x40);
            ulong offset = (ulong)random.NextInt64((long)range) & ~((ulong)size - 1);
            if (device.Length - offset < (ulong)size) continue;
            ulong value = random.Next(3) switch { 0 => (ulong)random.Next(256), 1 => ulong.MaxValue, _ => (ulong)random.NextInt64() };
            lock (device)
            {
                if (random.Next(2) == 0) device.Write(offset, size, size == 8 ? value : value & (1UL << size * 8) - 1);
                else Assert.True(size == 8 || device.Read(offset, size) >> size * 8 == 0, $"A read of {size} bytes at 0x{offset:x} gave more.");
                if (random.Next(5000) == 0) device.Reset();
            }

            if (between is not null && random.Next(8) == 0) between(random);
        }
    }
}
