using System.Text;
using Doppel.Backends.Console;
using Doppel.Core.Backends;
using Doppel.Tests.Unit.Doubles;

namespace Doppel.Tests.Unit.Backends.Console;

public sealed class ConsoleMuxTests
{
    private readonly ScriptedConsole _host = new();

    [Fact]
    public void Outputs_of_both_consoles_come_together()
    {
        using var mux = new ConsoleMux(_host);
        mux.Serial.Write("kernel "u8);
        mux.Virtio.Write("shell"u8);
        Assert.Equal("kernel shell", _host.Output);
    }

    [Fact]
    public void Input_goes_to_the_serial_port_until_the_virtio_console_shows_something()
    {
        using var mux = new ConsoleMux(_host);
        using var told = new ManualResetEventSlim();
        _host.Type("ab");
        Assert.Equal("", Read(mux.Virtio, 9));
        Assert.Equal("a", Read(mux.Serial, 1));
        mux.Virtio.InputAvailable += told.Set;
        mux.Virtio.Write("# "u8);
        Assert.True(told.Wait(10_000));
        Assert.Equal("", Read(mux.Serial, 9));
        Assert.Equal("b", Read(mux.Virtio, 9));
        mux.MachineReset();
        _host.Type("c");
        Assert.Equal("c", Read(mux.Serial, 9));
    }

    [Fact]
    public void Input_of_a_guest_that_goes_on_goes_where_it_went_before()
    {
        using var mux = new ConsoleMux(_host);
        mux.Serial.GoesOn(true);
        mux.Virtio.GoesOn(true);
        _host.Type("a");
        Assert.Equal("", Read(mux.Serial, 9));
        Assert.Equal("a", Read(mux.Virtio, 9));
        mux.Virtio.GoesOn(false);
        _host.Type("b");
        Assert.Equal("b", Read(mux.Serial, 9));
    }

    [Theory]
    [InlineData(ConsoleRoute.Serial)]
    [InlineData(ConsoleRoute.Virtio)]
    public void Route_that_is_fixed_stays(ConsoleRoute route)
    {
        using var mux = new ConsoleMux(_host, route);
        mux.Virtio.Write("# "u8);
        mux.Serial.Write("# "u8);
        int serial = 0, virtio = 0;
        mux.Serial.InputAvailable += () => serial++;
        mux.Virtio.InputAvailable += () => virtio++;
        _host.Type("x");
        Assert.Equal(route == ConsoleRoute.Serial ? (1, 0) : (0, 1), (serial, virtio));
        Assert.Equal(route == ConsoleRoute.Serial ? "x" : "", Read(mux.Serial, 1));
        Assert.Equal(route == ConsoleRoute.Virtio ? "x" : "", Read(mux.Virtio, 1));
    }

    [Fact]
    public void Size_and_its_changes_reach_both()
    {
        using var mux = new ConsoleMux(_host);
        int told = 0;
        mux.Serial.Resized += () => told++;
        mux.Virtio.Resized += () => told++;
        _host.Resize(90, 30);
        Assert.Equal(2, told);
        Assert.Equal((90, 30), mux.Virtio.Size);
    }

    private static string Read(IConsoleBackend console, int count)
    {
        byte[] buffer = new byte[count];
        return Encoding.ASCII.GetString(buffer, 0, console.Read(buffer));
    }
}
