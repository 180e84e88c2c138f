using System.Net;
using Doppel.Backends.Net.User;
using Doppel.Backends.Net.User.Policy;
using Doppel.Core.Errors;

namespace Doppel.Tests.Unit.Backends.Net.User;

public sealed class PolicyTests
{
    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1/32", 0, 65535)]
    [InlineData("192.0.2.77/24", "192.0.2.0/24", 0, 65535)]
    [InlineData("192.0.2.1:80", "192.0.2.1/32", 80, 80)]
    [InlineData("10.0.0.0/8:80-90", "10.0.0.0/8", 80, 90)]
    [InlineData("2001:db8::/32", "2001:db8::/32", 0, 65535)]
    [InlineData("[2001:db8::1]:443", "2001:db8::1/128", 443, 443)]
    [InlineData("[2001:db8::]", "2001:db8::/128", 0, 65535)]
    public void Rule_of_a_network_is_read(string text, string network, int first, int last)
    {
        PolicyRule rule = PolicyRule.Parse(text);
        Assert.Equal((network, first, last), (rule.Network.ToString(), rule.FirstPort, rule.LastPort));
    }

    [Theory]
    [InlineData("example.org", "example.org")]
    [InlineData("*.Example.org.:443", "*.example.org")]
    public void Rule_of_a_name_is_read(string text, string name) => Assert.Equal(name, PolicyRule.Parse(text).Name);

    [Theory]
    [InlineData("")]
    [InlineData("192.0.2.1/33")]
    [InlineData("192.0.2.1:0")]
    [InlineData("192.0.2.1:9-8")]
    [InlineData("192.0.2.1:80-90-99")]
    [InlineData("192.0.2.1:")]
    [InlineData("[2001:db8::1]443")]
    [InlineData("a..b")]
    [InlineData("*")]
    [InlineData("exa mple.org")]
    [InlineData("1.2.3.999")]
    public void Rule_that_names_nothing_is_refused(string text) => Assert.Equal(ErrorKind.Usage, Assert.Throws<DoppelException>(() => PolicyRule.Parse(text)).Kind);

    [Theory]
    [InlineData("127.0.0.1", Verdict.Nowhere)]
    [InlineData("0.0.0.0", Verdict.Nowhere)]
    [InlineData("0.1.2.3", Verdict.Nowhere)]
    [InlineData("224.0.0.1", Verdict.Nowhere)]
    [InlineData("255.255.255.255", Verdict.Nowhere)]
    [InlineData("::1", Verdict.Nowhere)]
    [InlineData("::", Verdict.Nowhere)]
    [InlineData("ff02::1", Verdict.Nowhere)]
    [InlineData("fe80::99", Verdict.Nowhere)]
    [InlineData("10.0.2.99", Verdict.Nowhere)]
    [InlineData("10.0.2.2", Verdict.Refused)]
    [InlineData("169.254.169.254", Verdict.Denied)]
    [InlineData("192.168.1.1", Verdict.Open)]
    [InlineData("192.0.2.1", Verdict.Open)]
    [InlineData("2001:db8::1", Verdict.Open)]
    internal void Destination_by_default(string destination, Verdict verdict) => Assert.Equal(verdict, Judge(new NetworkPolicy(), destination));

    [Fact]
    public void Denied_wins_over_allowed()
    {
        var policy = new NetworkPolicy { Allow = [PolicyRule.Parse("192.0.2.0/24")], Deny = [PolicyRule.Parse("192.0.2.7:80")] };
        Assert.Equal(Verdict.Denied, Judge(policy, "192.0.2.7"));
        Assert.Equal(Verdict.Open, Judge(policy, "192.0.2.7", 81));
    }

    [Fact]
    public void Restricted_reaches_only_what_is_allowed()
    {
        var policy = new NetworkPolicy { Restrict = true, Allow = [PolicyRule.Parse("192.0.2.0/24:80"), PolicyRule.Parse("10.0.2.2:8080")] };
        Assert.Equal(Verdict.Open, Judge(policy, "192.0.2.7"));
        Assert.Equal(Verdict.Denied, Judge(policy, "192.0.2.7", 81));
        Assert.Equal(Verdict.Denied, Judge(policy, "198.51.100.1"));
        Assert.Equal(Verdict.Open, Judge(policy, "10.0.2.2", 8080));
        Assert.Equal(Verdict.Refused, Judge(policy, "10.0.2.2", 8081));
    }

    [Fact]
    public void Private_networks_can_be_closed_and_single_ones_opened()
    {
        var policy = new NetworkPolicy { PrivateNetworks = false, Allow = [PolicyRule.Parse("192.168.7.0/24"), PolicyRule.Parse("169.254.1.1")] };
        Assert.Equal(Verdict.Denied, Judge(policy, "192.168.1.1"));
        Assert.Equal(Verdict.Denied, Judge(policy, "fd00::1"));
        Assert.Equal(Verdict.Open, Judge(policy, "192.168.7.1"));
        Assert.Equal(Verdict.Open, Judge(policy, "169.254.1.1"));
    }

    [Fact]
    public void Gateway_leads_to_the_hosts_loopback_when_that_is_open()
    {
        var judge = new PolicyJudge(new NetworkPolicy { HostLoopback = true }, new UserNetworkConfig(), () => 0);
        Assert.Equal(Verdict.Open, judge.Judge(FakeGuest.At("10.0.2.2"), 80, out IPAddress target));
        Assert.Equal(IPAddress.Loopback, target);
        Assert.Equal(Verdict.Open, judge.Judge(FakeGuest.At("fec0::2"), 80, out target));
        Assert.Equal(IPAddress.IPv6Loopback, target);
    }

    [Fact]
    public void Name_opens_the_addresses_that_were_resolved_for_it_for_a_while()
    {
        long now = 0;
        var judge = new PolicyJudge(new NetworkPolicy { Restrict = true, Allow = [PolicyRule.Parse("*.example.org:443")] }, new UserNetworkConfig(), () => now);
        Assert.True(judge.MayResolve("www.example.org"));
        Assert.False(judge.MayResolve("example.org"));
        Assert.False(judge.MayResolve("secret.example.net"));
        judge.Learn("www.example.org", FakeGuest.At("192.0.2.1"), 300);
        judge.Learn("www.example.net", FakeGuest.At("192.0.2.2"), 300);
        Assert.Equal(Verdict.Open, judge.Judge(FakeGuest.At("192.0.2.1"), 443, out _));
        Assert.Equal(Verdict.Denied, judge.Judge(FakeGuest.At("192.0.2.1"), 80, out _));
        Assert.Equal(Verdict.Denied, judge.Judge(FakeGuest.At("192.0.2.2"), 443, out _));
        now = 301_000;
        Assert.Equal(Verdict.Denied, judge.Judge(FakeGuest.At("192.0.2.1"), 443, out _));
    }

    private static Verdict Judge(NetworkPolicy policy, string destination, ushort port = 80) =>
        new PolicyJudge(policy, new UserNetworkConfig(), () => 0).Judge(FakeGuest.At(destination), port, out _);
}
