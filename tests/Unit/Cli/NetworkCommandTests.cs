using Doppel.Cli.Parsing;
using Doppel.Core.Errors;
using Doppel.Machine;

namespace Doppel.Tests.Unit.Cli;

public class NetworkCommandTests
{
    [Fact]
    public void Spec_withAllOptions_isRead()
    {
        NetworkConfig config = NetworkSpec.Parse("lab,mac=02-00-5E-10-00-01,mtu=9000,vlan=7,trunk=2-4+9,isolated,locked,ip=10.0.0.1,ip=fd00::1,rate=10M,capture=a.pcap");
        Assert.Equal((NetworkKind.Named, "lab", "02:00:5e:10:00:01", 9000, (ushort)7), (config.Kind, config.Name, config.Mac, config.Mtu, config.Vlan));
        Assert.Equal([2, 3, 4, 9], config.Trunk);
        Assert.Equal(["10.0.0.1", "fd00::1"], config.Addresses);
        Assert.Equal((true, true, 10L << 20, "a.pcap"), (config.Isolated, config.Locked, config.BytesPerSecond, config.Capture));
        Assert.Equal(4094, NetworkSpec.Parse("lab,trunk=all").Trunk.Count);
        Assert.Equal((NetworkKind.Tap, "tap0"), NetworkSpec.Parse("tap:tap0") is var tap ? (tap.Kind, tap.Name) : default);
    }

    [Theory]
    [InlineData("")]
    [InlineData("none")]
    [InlineData("tap:")]
    [InlineData("a b")]
    [InlineData("lab,mac=nonsense")]
    [InlineData("lab,mtu=10")]
    [InlineData("lab,vlan=0")]
    [InlineData("lab,vlan=4095")]
    [InlineData("lab,trunk=5-2")]
    [InlineData("lab,trunk=1-2-3")]
    [InlineData("lab,ip=10.0.0.300")]
    [InlineData("lab,speed=1")]
    [InlineData("lab,locket")]
    [InlineData("lab,capture=")]
    public void Spec_thatMakesNoSense_isAUsageError_withAHint(string text)
    {
        DoppelException exception = Assert.Throws<DoppelException>(() => NetworkSpec.Parse(text));
        Assert.Equal(ErrorKind.Usage, exception.Kind);
        Assert.NotNull(exception.Hint);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("80:99999")]
    [InlineData("999.0.0.1:80:80")]
    public async Task Forward_thatMakesNoSense_namesItsFlag(string forward)
    {
        CliProbe probe = await CliProbe.RunAsync("run", "--kernel", "/dev/null", "-p", forward);
        Assert.Equal(2, probe.Code);
        Assert.Contains($"--publish: '{forward}' is no port forward", probe.Error, StringComparison.Ordinal);
        Assert.Contains("try:", probe.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run", "--kernel", "/dev/null", "--net", "none", "--net", "lab")]
    [InlineData("run", "--kernel", "/dev/null", "--net", "x y")]
    [InlineData("net")]
    [InlineData("net", "create")]
    [InlineData("net", "create", "user")]
    [InlineData("net", "create", "lab", "--uplink", "nonsense")]
    [InlineData("net", "create", "lab", "--uplink", "mac=02:00:00:00:00:01")]
    [InlineData("net", "create", "lab", "--uplink", "net=10.0.0.0")]
    [InlineData("net", "capture", "lab")]
    [InlineData("net", "capture", "lab", "a.pcap", "--adapter", "x")]
    public async Task CommandLine_thatMakesNoSense_isAUsageError(params string[] arguments)
    {
        CliProbe probe = await CliProbe.RunAsync(arguments);
        Assert.Equal(2, probe.Code);
        Assert.Contains("try:", probe.Error, StringComparison.Ordinal);
    }
}
