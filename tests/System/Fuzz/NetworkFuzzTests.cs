namespace Doppel.Tests.System.Fuzz;

/// <summary>Bounded runs of the fuzz drivers for networks and their adapters.</summary>
public sealed class NetworkFuzzTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("gateway", 8)]
    [InlineData("switch", 1)]
    [InlineData("cable", 1)]
    [InlineData("virtio-net", 2)]
    [InlineData("virtqueue", 1)]
    [InlineData("ip", 1)]
    [InlineData("tcp", 1)]
    [InlineData("arp", 1)]
    [InlineData("dhcp", 1)]
    [InlineData("dns", 1)]
    public Task Driver_finds_nothing(string driver, int seconds) => FuzzDriver.FindsNothingAsync(driver, seconds, output);
}
