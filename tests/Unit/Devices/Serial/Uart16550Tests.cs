using Doppel.Core.DeviceTree;
using Doppel.Devices.Serial;
using Doppel.Tests.Unit.Doubles;
using Doppel.Tests.Unit.Snapshot;

namespace Doppel.Tests.Unit.Devices.Serial;

public sealed class Uart16550Tests
{
    private const ulong Data = 0;
    private const ulong Enable = 1;
    private const ulong Identification = 2;
    private const ulong Fifo = 2;
    private const ulong LineControl = 3;
    private const ulong Modem = 4;
    private const ulong LineStatus = 5;
    private const ulong ModemStatus = 6;
    private const ulong Scratch = 7;
    private readonly ScriptedConsole _console = new();
    private readonly RecordingLine _line = new();
    private readonly Uart16550 _uart;

    public Uart16550Tests() => _uart = new Uart16550(_console, _line);

    [Fact]
    public void Registers_after_reset_are_those_of_the_data_sheet()
    {
        Assert.Equal([0x00, 0x01, 0x00, 0x00, 0x60, 0xb0, 0x00], ((ulong[])[Enable, Identification, LineControl, Modem, LineStatus, ModemStatus, Scratch]).Select(Read));
        Assert.False(_line.Level);
    }

    [Fact]
    public void Transmit_reaches_the_console_at_once()
    {
        foreach (byte value in "login: \0\xff"u8) Write(Data, value);
        Assert.Equal("login: \0\u00c3\u00bf", _console.Output);
        Assert.Equal(0x60, Read(LineStatus));
    }

    [Fact]
    public void Divisor_latch_hides_data_and_enable()
    {
        Write(LineControl, 0x83);
        Write(0, 0x34);
        Write(1, 0x12);
        Assert.Equal(0x34, Read(0));
        Assert.Equal(0x12, Read(1));
        Write(LineControl, 0x03);
        Assert.Equal(0, Read(1));
        Assert.Equal("", _console.Output);
        Assert.False(_line.Level);
    }

    [Fact]
    public void Polled_input_arrives_in_order_and_the_rest_waits_in_the_console()
    {
        _console.Type("abc");
        Assert.Equal(3, _console.Waiting);
        string text = "";
        while ((Read(LineStatus) & 1) != 0) text += (char)Read(Data);
        Assert.Equal("abc", text);
        Assert.Equal(0, Read(Data));
    }

    [Fact]
    public void Input_waits_while_nobody_listens_and_survives_the_opening_of_the_port()
    {
        _console.Type("typed early");
        Write(Fifo, 0x01);
        Write(Fifo, 0x07);
        Write(Fifo, 0x00);
        Write(Fifo, 0x01);
        Write(Enable, 0x01);
        Assert.Equal("typed early", ReadAll());
    }

    [Fact]
    public void Input_longer_than_the_fifo_is_never_lost()
    {
        Write(Fifo, 0xc1);
        Write(Enable, 0x01);
        string text = string.Concat(Enumerable.Range(0, 500).Select(i => $"{i},"));
        foreach (string part in text.Chunk(7).Select(c => new string(c))) _console.Type(part);
        Assert.Equal(text.Length - 16, _console.Waiting);
        Assert.Equal(text, ReadAll());
        Assert.False(_line.Level);
        Assert.Equal(0x60, Read(LineStatus));
    }

    [Theory]
    [InlineData(0x01, 1)]
    [InlineData(0x41, 4)]
    [InlineData(0x81, 8)]
    [InlineData(0xc1, 14)]
    public void Identification_tells_trigger_level_from_timeout(int control, int trigger)
    {
        Write(Fifo, (byte)control);
        Write(Enable, 0x01);
        for (int count = 1; count <= 16; count++)
        {
            _console.Type("x");
            Assert.Equal(count >= trigger ? 0xc4 : 0xcc, Read(Identification));
            Assert.True(_line.Level);
        }

        Assert.Equal(new string('x', 16), ReadAll());
        Assert.Equal(0xc1, Read(Identification));
        Assert.False(_line.Level);
    }

    [Fact]
    public void Without_fifo_one_byte_is_held()
    {
        Write(Enable, 0x01);
        _console.Type("ab");
        Assert.Equal(1, _console.Waiting);
        Assert.Equal(0x04, Read(Identification));
        Assert.Equal("ab", ReadAll());
    }

    [Fact]
    public void Transmitter_interrupt_comes_on_enable_is_cleared_by_identification_and_comes_again_after_a_byte()
    {
        Write(Enable, 0x02);
        Assert.True(_line.Level);
        Assert.Equal(0x02, Read(Identification));
        Assert.False(_line.Level);
        Assert.Equal(0x01, Read(Identification));
        Write(Enable, 0x02);
        Assert.False(_line.Level);
        Write(Data, (byte)'x');
        Assert.True(_line.Level);
        Write(Enable, 0x00);
        Assert.False(_line.Level);
        Write(Enable, 0x02);
        Assert.True(_line.Level);
    }

    [Fact]
    public void Identification_of_a_higher_cause_does_not_clear_the_transmitter()
    {
        Write(Enable, 0x03);
        _console.Type("x");
        Assert.Equal(0x04, Read(Identification));
        Assert.Equal('x', (char)Read(Data));
        Assert.Equal(0x02, Read(Identification));
        Assert.Equal(0x01, Read(Identification));
    }

    [Fact]
    public void Loopback_sends_to_itself_and_keeps_the_console_out()
    {
        Write(Fifo, 0x01);
        Write(Modem, 0x10);
        _console.Type("outside");
        Write(Data, (byte)'i');
        Write(Data, (byte)'n');
        Assert.Equal("in", ReadAll());
        Assert.Equal("", _console.Output);
        Assert.Equal(7, _console.Waiting);
        Write(Modem, 0x00);
        Assert.Equal("outside", ReadAll());
    }

    [Fact]
    public void Loopback_overrun_sets_its_bit_and_interrupts()
    {
        Write(Fifo, 0x01);
        Write(Enable, 0x04);
        Write(Modem, 0x10);
        for (int i = 0; i < 16; i++) Write(Data, (byte)('a' + i));
        Assert.False(_line.Level);
        Write(Data, (byte)'z');
        Assert.True(_line.Level);
        Assert.Equal(0xc6, Read(Identification));
        Assert.Equal(0x63, Read(LineStatus));
        Assert.Equal(0x61, Read(LineStatus));
        Assert.False(_line.Level);
        Assert.Equal("abcdefghijklmnop", ReadAll());
    }

    [Fact]
    public void Loopback_overrun_without_fifo_keeps_the_last_byte()
    {
        Write(Modem, 0x10);
        Write(Data, (byte)'a');
        Write(Data, (byte)'b');
        Assert.Equal(0x63, Read(LineStatus));
        Assert.Equal("b", ReadAll());
    }

    [Theory]
    [InlineData(0x11, 0x20)]
    [InlineData(0x12, 0x10)]
    [InlineData(0x14, 0x40)]
    [InlineData(0x18, 0x80)]
    [InlineData(0x1a, 0x90)]
    public void Loopback_connects_modem_outputs_to_inputs(int control, int lines)
    {
        Write(Modem, (byte)control);
        Assert.Equal(lines, Read(ModemStatus) & 0xf0);
    }

    [Fact]
    public void Modem_changes_are_reported_once_and_interrupt()
    {
        Write(Modem, 0x10);
        Assert.Equal(0x0b, Read(ModemStatus));
        Assert.Equal(0x00, Read(ModemStatus));
        Write(Enable, 0x08);
        Write(Modem, 0x14);
        Assert.False(_line.Level);
        Write(Modem, 0x10);
        Assert.True(_line.Level);
        Assert.Equal(0x00, Read(Identification));
        Assert.Equal(0x04, Read(ModemStatus));
        Assert.False(_line.Level);
    }

    [Fact]
    public void Registers_keep_only_the_bits_that_exist()
    {
        for (ulong offset = 1; offset < 8; offset++) Write(offset, 0x7f);
        Assert.Equal([0x0f, 0x7f, 0x1f, 0x7f], ((ulong[])[Enable, LineControl, Modem, Scratch]).Select(Read));
    }

    [Fact]
    public void Fifo_bits_need_the_enable_bit()
    {
        Write(Fifo, 0x01);
        Assert.Equal(0xc1, Read(Identification));
        Write(Fifo, 0xc0);
        Assert.Equal(0x01, Read(Identification));
    }

    [Fact]
    public void Clearing_the_receiver_drops_what_the_fifo_holds()
    {
        Write(Fifo, 0x01);
        Write(Enable, 0x01);
        _console.Type("gone");
        Write(Enable, 0x00);
        Write(Fifo, 0x03);
        Assert.Equal(0x60, Read(LineStatus));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Wide_access_reaches_one_register(int size)
    {
        _uart.Write(Data, size, 0x4242_4200 | 'w');
        Assert.Equal("w", _console.Output);
        Write(Scratch, 0x5a);
        Assert.Equal(0UL, _uart.Read(0, size));
        Assert.Equal(0x60UL, _uart.Read(LineStatus, 1));
    }

    [Fact]
    public void Offsets_beyond_the_registers_read_zero()
    {
        for (ulong offset = 8; offset < 0x100; offset++)
        {
            Write(offset, 0xff);
            Assert.Equal(0, Read(offset));
        }
    }

    [Fact]
    public void Reset_silences_the_port()
    {
        Write(Enable, 0x0f);
        Write(Modem, 0x10);
        Write(Scratch, 1);
        _uart.Reset();
        Assert.False(_line.Level);
        Registers_after_reset_are_those_of_the_data_sheet();
    }

    [Fact]
    public void Dispose_lets_go_of_the_console()
    {
        Write(Enable, 0x01);
        _uart.Dispose();
        _console.Type("x");
        Assert.False(_line.Level);
    }

    [Fact]
    public void Random_accesses_never_throw() => DeviceFuzz.Run(_uart, 100_000, random => _console.Type(new string('?', random.Next(40))));

    [Fact]
    public void Snapshot_keeps_the_contract() =>
        SnapshotContract.Check(() => new Uart16550(new ScriptedConsole(), new RecordingLine()), uart =>
        {
            (ulong Register, byte Value)[] writes = [(Fifo, 0x81), (LineControl, 0x80), (0, 12), (1, 3), (LineControl, 3), (Modem, 0x14), (Modem, 0x13), (Scratch, 9), (Enable, 0x0f)];
            foreach ((ulong register, byte value) in writes) uart.Write(register, 1, value);
            for (int i = 0; i < 17; i++) uart.Write(Data, 1, (byte)i);
        });

    [Fact]
    public void Load_drives_the_wire_and_keeps_the_received_bytes()
    {
        Write(Fifo, 0x01);
        Write(Enable, 0x01);
        _console.Type("kept");
        var line = new RecordingLine();
        var other = new Uart16550(new ScriptedConsole(), line);
        SnapshotContract.Load(other, SnapshotContract.Save(_uart));
        Assert.True(line.Level);
        Assert.Equal("kept"u8.ToArray(), Enumerable.Range(0, 4).Select(_ => (byte)other.Read(Data, 1)));
        Assert.False(line.Level);
    }

    [Fact]
    public void Load_takes_up_input_that_waits_in_the_console()
    {
        Write(Enable, 0x01);
        var console = new ScriptedConsole();
        console.Type("x");
        var line = new RecordingLine();
        SnapshotContract.Load(new Uart16550(console, line), SnapshotContract.Save(_uart));
        Assert.True(line.Level);
    }

    [Fact]
    public void Node_is_the_one_that_kernels_know()
    {
        var root = new DeviceTreeNode("");
        _uart.Describe(root, 0x1000_0000, 10);
        DeviceTreeNode node = Assert.Single(root.Children);
        Assert.Equal("serial@10000000", node.Name);
        Assert.Equal("\"ns16550a\"", DeviceTreeProbe.Text(node, "compatible"));
        Assert.Equal("<0x0 0x10000000 0x0 0x100>", DeviceTreeProbe.Text(node, "reg"));
        Assert.Equal("<0xa>", DeviceTreeProbe.Text(node, "interrupts"));
        Assert.Equal([0x00, 0x38, 0x40, 0x00], node.Properties.Single(p => p.Name == "clock-frequency").Value);
    }

    private string ReadAll()
    {
        string text = "";
        while ((Read(LineStatus) & 1) != 0) text += (char)Read(Data);
        return text;
    }

    private int Read(ulong offset) => (int)_uart.Read(offset, 1);

    private void Write(ulong offset, byte value) => _uart.Write(offset, 1, value);
}
