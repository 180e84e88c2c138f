using Doppel.Cli.Parsing;
using Doppel.Core.Errors;
using Doppel.Machine;

namespace Doppel.Tests.Unit.Cli;

public sealed class UserNetworkSpecTests
{
    [Fact]
    public void User_withItsSettings_isRead()
    {
        NetworkConfig network = NetworkSpec.Parse("user,net=192.168.7.0/24,restrict,loopback,no-private,no-ipv6,allow=192.0.2.0/24:443,allow=example.org,deny=192.0.2.7,mac=52:54:00:12:34:56");
        UserNetworkSettings user = network.User!;
        Assert.Equal(("192.168.7.0/24", true, true, false, false), (user.Network, user.Restrict, user.HostLoopback, user.PrivateNetworks, user.V6));
        Assert.Equal(["192.0.2.0/24:443", "example.org"], user.Allow);
        Assert.Equal(["192.0.2.7"], user.Deny);
        Assert.Equal("52:54:00:12:34:56", network.Mac);
        Assert.Equal(["192.168.7.2"], [user.Read().Gateway.ToString()]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("user,")]
    [InlineData("user,restrict=1")]
    [InlineData("user,allow")]
    [InlineData("user,x=1")]
    public void Nonsense_isRefused(string text) => Assert.Equal(ErrorKind.Usage, Assert.Throws<DoppelException>(() => NetworkSpec.Parse(text)).Kind);

    [Theory]
    [InlineData("10.0.0.0/29")]
    [InlineData("nonsense")]
    [InlineData("fd00::/64")]
    public void Network_thatCannotBe_isRefused(string network) =>
        Assert.Equal(ErrorKind.Usage, Assert.Throws<DoppelException>(() => new UserNetworkSettings { Network = network }.Read().Check()).Kind);
}
