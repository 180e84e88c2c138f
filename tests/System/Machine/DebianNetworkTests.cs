using Doppel.Backends.Net.Capture;
using Doppel.Backends.Net.Switch;
using Doppel.Core.Net;
using Doppel.Machine;

namespace Doppel.Tests.System.Machine;

/// <summary>Debian's kernel with network adapters on a switch.</summary>
[Collection(nameof(BootsOneByOne))]
public sealed class DebianNetworkTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("doppel-network-").FullName;
    private readonly VirtualSwitch _switch = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task TwoGuests_exchangeData_underTheirAddresses_alsoAfterARestoreAndInAFork()
    {
        VmConfig config = await DebianGuest.ConfigAsync() with { MemoryBytes = 256 << 20 };
        string file = Path.Combine(_folder, "a.pcap");
        await using (var capture = new PcapWriter(file))
        {
            using SwitchPort portA = Port("02:00:5e:10:00:0a", "10.0.0.1"), portB = Port("02:00:5e:10:00:0b", "10.0.0.2");
            await using DebianGuest a = await DebianGuest.BootAsync(With(config, "02:00:5e:10:00:0a"), new CapturedNetwork(portA, capture));
            await using DebianGuest b = await DebianGuest.BootAsync(With(config, "02:00:5e:10:00:0b"), portB);
            Assert.Equal("02:00:5e:10:00:0a\n", await a.RunAsync("cat /sys/class/net/eth0/address"));
            // Whatever the search for a DHCP server has left.
            await a.RunAsync("killall udhcpc; ip addr replace 10.0.0.1/24 dev eth0");
            await b.RunAsync("killall udhcpc; ip addr replace 10.0.0.2/24 dev eth0");
            Assert.EndsWith(" 0% packet loss\n", await b.RunAsync("ping -c 3 -W 5 10.0.0.1 | grep -o ' 0% packet loss'"));

            // TCP in both directions, in large frames; UDP.
            await b.RunAsync("dd if=/dev/urandom of=/tmp/data bs=1M count=8 2> /dev/null; sha256sum < /tmp/data > /tmp/sum");
            await a.RunAsync("(nc -l -p 5000 | sha256sum > /tmp/sum) > /dev/null 2>&1 & :");
            await b.RunAsync("sleep 0.5; nc 10.0.0.1 5000 < /tmp/data");
            // More than any frame has that is not to be cut.
            Assert.True(portB.BytesIn.Value > 1514 * portB.FramesIn.Value, $"{portB.BytesIn.Value} bytes in {portB.FramesIn.Value} frames");
            string sent = await b.RunAsync("cat /tmp/sum");
            Assert.Equal(sent, await a.RunAsync("sleep 1; cat /tmp/sum"));
            await a.RunAsync("(nc -l -p 5001 -e dd if=/dev/zero bs=1M count=4) > /dev/null 2>&1 & :");
            Assert.Equal("4194304\n", await b.RunAsync("sleep 0.5; nc 10.0.0.1 5001 < /dev/null | wc -c"));

            // Back in time, and on.
            using VmSnapshot snapshot = await b.Machine.SnapshotAsync();
            await b.Machine.RestoreAsync(snapshot);
            Assert.EndsWith(" 0% packet loss\n", await b.RunAsync("ping -c 3 -W 5 10.0.0.1 | grep -o ' 0% packet loss'"));

            // A copy in a port of its own; its guest takes the copy's address when its driver is loaded anew.
            VmConfig other = With(config, "02:00:5e:10:00:0c");
            using SwitchPort portC = Port("02:00:5e:10:00:0c", "10.0.0.3");
            await using DebianGuest c = await DebianGuest.LoadAsync(snapshot, other, portC);
            Assert.Equal("02:00:5e:10:00:0b\n", await c.RunAsync("cat /sys/class/net/eth0/address"));
            await c.RunAsync("cd /sys/bus/virtio/drivers/virtio_net; for device in virtio*; do echo $device > unbind; echo $device > bind; done; cd; ip addr add 10.0.0.3/24 dev eth0; ip link set eth0 up");
            Assert.Equal("02:00:5e:10:00:0c\n", await c.RunAsync("cat /sys/class/net/eth0/address"));
            Assert.EndsWith(" 0% packet loss\n", await c.RunAsync("ping -c 3 -W 5 10.0.0.1 | grep -o ' 0% packet loss'"));
            Assert.Equal((0, 0), (a.Machine.DeviceFaults, b.Machine.DeviceFaults));
            Assert.Equal("", await a.RunAsync("dmesg | grep -i 'virtio_net.*\\(error\\|missing\\)'"));
        }

        Assert.Equal("", await Tshark.ReadAsync(file, "-d", "tcp.port==5000,data", "-d", "tcp.port==5001,data", "-Y", "_ws.malformed or tcp.checksum.status == 0 or ip.checksum.status == 0"));
        Assert.NotEqual("", await Tshark.ReadAsync(file, "-d", "tcp.port==5000,data", "-d", "tcp.port==5001,data", "-Y", "tcp.port == 5000", "-c", "100"));
    }

    private static VmConfig With(VmConfig config, string mac) => config with { Networks = [new NetworkConfig { Mac = mac }] };

    private SwitchPort Port(string mac, string address)
    {
        Assert.True(MacAddress.TryParse(mac, out MacAddress locked));
        return _switch.AddPort(new SwitchPortOptions { LockedMac = locked, LockedAddresses = [global::System.Net.IPAddress.Parse(address)] });
    }
}
