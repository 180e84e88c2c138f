using Doppel.Core.Backends;
using Doppel.Devices.Virtio;
using Doppel.Devices.Virtio.Mmio;

namespace Doppel.Tests.Unit.Devices.Virtio;

public class VirtioEntropyTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Entropy_several_buffers_are_filled(bool packed)
    {
        using var driver = new FakeDriver(new VirtioEntropy(new CountingSource()));
        FakeQueue queue = driver.Start(packed)[0];
        ulong a = driver.Allocate(8);
        ulong b = driver.Allocate(3);
        Assert.Equal(11u, queue.Run(new Element(a, 8, true), new Element(b, 3, true)));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], driver.Bytes(a, 8));
        Assert.Equal([9, 10, 11], driver.Bytes(b, 3));
        Assert.Equal(4u, driver.Read(MmioRegister.DeviceId));
    }

    [Fact]
    public void Entropy_huge_buffer_is_filled_in_part()
    {
        using var driver = new FakeDriver(new VirtioEntropy(new CountingSource()));
        FakeQueue queue = driver.Start(packed: false)[0];
        Assert.Equal(4096u, queue.Run(new Element(driver.Allocate(1 << 20), 1 << 20, true)));
    }

    [Fact]
    public void Entropy_readable_buffer_is_returned_empty()
    {
        using var driver = new FakeDriver(new VirtioEntropy(new CountingSource()));
        FakeQueue queue = driver.Start(packed: false)[0];
        Assert.Equal(0u, queue.Run(new Element(driver.Place([7, 7]), 2, false)));
    }

    private sealed class CountingSource : IEntropySource
    {
        private byte _next;

        public void Fill(Span<byte> destination)
        {
            for (int i = 0; i < destination.Length; i++) destination[i] = ++_next;
        }
    }
}
