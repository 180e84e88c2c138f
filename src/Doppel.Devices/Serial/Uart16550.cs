// National Semiconductor PC16550D data sheet (June 1995), section 8 "Registers"; one register per byte as device tree "ns16550a".
using Doppel.Core.Backends;
using Doppel.Core.Bus;
using Doppel.Core.DeviceTree;
using Doppel.Core.Interrupts;
using Doppel.Core.Snapshot;

namespace Doppel.Devices.Serial;

/// <summary>A 16550A serial port whose other end is a console of the host. Sends at once; receives as fast as the guest reads.</summary>
public sealed class Uart16550 : IBusDevice, ISnapshotPart, IDeviceTreeSource, IDisposable
{
    private const uint ClockFrequency = 3_686_400;

    private readonly IConsoleBackend _console;
    private readonly IInterruptLine _line;
    private readonly ReceiveFifo _received = new();
    private InterruptEnable _interruptEnable;
    private byte _fifoControl;
    private byte _lineControl;
    private ModemControl _modemControl;
    private byte _scratch;
    private ushort _divisor;
    private bool _overrun;
    private bool _transmitterEmptied;
    private ModemStatus _modemDelta;

    public Uart16550(IConsoleBackend console, IInterruptLine line)
    {
        _console = console;
        _line = line;
        console.InputAvailable += OnInputAvailable;
    }

    public ulong Length => 0x100;

    public string SnapshotName { get; init; } = "uart";

    private bool FifoMode => (_fifoControl & FifoControlBits.Enable) != 0;

    private bool DivisorLatch => (_lineControl & 0x80) != 0;

    private bool Loopback => (_modemControl & ModemControl.Loop) != 0;

    /// <summary>The registers are 8 bits wide at byte addresses; a wider access reaches the one at its own address, in the low byte.</summary>
    public ulong Read(ulong offset, int size)
    {
        byte value = offset switch
        {
            0 => DivisorLatch ? (byte)_divisor : ReadReceiver(),
            1 => DivisorLatch ? (byte)(_divisor >> 8) : (byte)_interruptEnable,
            2 => ReadInterruptIdentification(),
            3 => _lineControl,
            4 => (byte)_modemControl,
            5 => ReadLineStatus(),
            6 => ReadModemStatus(),
            7 => _scratch,
            _ => 0,
        };
        Update();
        return value;
    }

    public void Write(ulong offset, int size, ulong value)
    {
        byte data = (byte)value;
        switch (offset)
        {
            case 0 when DivisorLatch:
                _divisor = (ushort)(_divisor & 0xff00 | data);
                break;
            case 0:
                Transmit(data);
                break;
            case 1 when DivisorLatch:
                _divisor = (ushort)(_divisor & 0x00ff | data << 8);
                break;
            case 1:
                WriteInterruptEnable((InterruptEnable)data & InterruptEnable.All);
                break;
            case 2:
                WriteFifoControl(data);
                break;
            case 3:
                _lineControl = data;
                break;
            case 4:
                WriteModemControl((ModemControl)data & ModemControl.All);
                break;
            case 7:
                _scratch = data;
                break;
        }

        Update();
    }

    /// <summary>Master reset, table I of the data sheet. Scratch and divisor are not affected there; here they are cleared too.</summary>
    public void Reset()
    {
        _received.Clear();
        _interruptEnable = 0;
        _fifoControl = 0;
        _lineControl = 0;
        _modemControl = 0;
        _scratch = 0;
        _divisor = 0;
        _overrun = false;
        _transmitterEmptied = false;
        _modemDelta = 0;
        Update();
    }

    public void Save(SnapshotWriter writer)
    {
        lock (this)
        {
            writer.Write("received", _received.ToArray());
            writer.Write("ier", (ulong)_interruptEnable);
            writer.Write("fcr", (ulong)_fifoControl);
            writer.Write("lcr", (ulong)_lineControl);
            writer.Write("mcr", (ulong)_modemControl);
            writer.Write("scr", (ulong)_scratch);
            writer.Write("divisor", (ulong)_divisor);
            writer.Write("overrun", _overrun);
            writer.Write("emptied", _transmitterEmptied);
            writer.Write("delta", (ulong)_modemDelta);
        }
    }

    public void Load(SnapshotReader reader)
    {
        byte fifoControl = (byte)reader.GetUInt64("fcr", 0, 0xff);
        ReadOnlyMemory<byte> received = reader.GetBytes("received", (fifoControl & FifoControlBits.Enable) != 0 ? ReceiveFifo.Size : 1);
        var interruptEnable = (InterruptEnable)reader.GetUInt64("ier", 0, (ulong)InterruptEnable.All);
        byte lineControl = (byte)reader.GetUInt64("lcr", 0, 0xff);
        var modemControl = (ModemControl)reader.GetUInt64("mcr", 0, (ulong)ModemControl.All);
        byte scratch = (byte)reader.GetUInt64("scr", 0, 0xff);
        ushort divisor = (ushort)reader.GetUInt64("divisor", 0, 0xffff);
        bool overrun = reader.GetBoolean("overrun");
        bool emptied = reader.GetBoolean("emptied");
        var delta = (ModemStatus)reader.GetUInt64("delta", 0, (ulong)ModemStatus.Deltas);
        if ((fifoControl & ~FifoControlBits.Kept) != 0) throw new SnapshotException($"'fcr' is 0x{fifoControl:x2}, which has bits that are not kept.");
        lock (this)
        {
            _received.Clear();
            foreach (byte value in received.Span) _received.Add(value);
            _interruptEnable = interruptEnable;
            _fifoControl = fifoControl;
            _lineControl = lineControl;
            _modemControl = modemControl;
            _scratch = scratch;
            _divisor = divisor;
            _overrun = overrun;
            _transmitterEmptied = emptied;
            _modemDelta = delta;
            Update();
        }
    }

    public void Describe(DeviceTreeNode parent, ulong address, uint interrupt) =>
        parent.Child($"serial@{address:x}")
            .Strings("compatible", "ns16550a")
            .Reg(address, Length)
            .Cells("clock-frequency", ClockFrequency)
            .Cells("interrupts", interrupt);

    public void Dispose() => _console.InputAvailable -= OnInputAvailable;

    private void OnInputAvailable()
    {
        lock (this) Update();
    }

    private byte ReadReceiver() => _received.Take();

    private byte ReadLineStatus()
    {
        // A guest that polls gets a byte at a time: what waits in the host's console cannot be thrown away with the FIFO.
        if (_received.Count == 0) Fill(1);
        LineStatus status = LineStatus.TransmitterHoldingEmpty | LineStatus.TransmitterEmpty;
        if (_received.Count > 0) status |= LineStatus.DataReady;
        if (_overrun) status |= LineStatus.Overrun;
        _overrun = false;
        return (byte)status;
    }

    private byte ReadInterruptIdentification()
    {
        InterruptCause cause = Cause();
        // Reading it clears the transmitter's interrupt if that is the one it reports (table IV).
        if (cause == InterruptCause.TransmitterEmpty) _transmitterEmptied = false;
        return (byte)((byte)cause | (FifoMode ? 0xc0 : 0));
    }

    private byte ReadModemStatus()
    {
        ModemStatus status = ModemLines() | _modemDelta;
        _modemDelta = 0;
        return (byte)status;
    }

    private void WriteInterruptEnable(InterruptEnable value)
    {
        // An interrupt is pending at once when it is enabled while the transmitter is empty, which it always is.
        if ((value & ~_interruptEnable & InterruptEnable.TransmitterEmpty) != 0) _transmitterEmptied = true;
        _interruptEnable = value;
    }

    private void WriteFifoControl(byte value)
    {
        bool enable = (value & FifoControlBits.Enable) != 0;
        if (enable != FifoMode || enable && (value & FifoControlBits.ClearReceiver) != 0) _received.Clear();
        // The other bits are programmed only together with the enable bit.
        _fifoControl = enable ? (byte)(value & FifoControlBits.Kept) : (byte)0;
    }

    private void WriteModemControl(ModemControl value)
    {
        ModemStatus before = ModemLines();
        _modemControl = value;
        ModemStatus after = ModemLines();
        ModemStatus changed = before ^ after;
        if ((changed & ModemStatus.ClearToSend) != 0) _modemDelta |= ModemStatus.DeltaClearToSend;
        if ((changed & ModemStatus.DataSetReady) != 0) _modemDelta |= ModemStatus.DeltaDataSetReady;
        if ((changed & before & ModemStatus.RingIndicator) != 0) _modemDelta |= ModemStatus.TrailingEdgeRing;
        if ((changed & ModemStatus.CarrierDetect) != 0) _modemDelta |= ModemStatus.DeltaCarrierDetect;
    }

    /// <summary>The modem's wires: a peer that is always ready, or in loopback the port's own outputs.</summary>
    private ModemStatus ModemLines()
    {
        if (!Loopback) return ModemStatus.CarrierDetect | ModemStatus.DataSetReady | ModemStatus.ClearToSend;
        ModemStatus status = 0;
        if ((_modemControl & ModemControl.RequestToSend) != 0) status |= ModemStatus.ClearToSend;
        if ((_modemControl & ModemControl.DataTerminalReady) != 0) status |= ModemStatus.DataSetReady;
        if ((_modemControl & ModemControl.Out1) != 0) status |= ModemStatus.RingIndicator;
        if ((_modemControl & ModemControl.Out2) != 0) status |= ModemStatus.CarrierDetect;
        return status;
    }

    private void Transmit(byte value)
    {
        _transmitterEmptied = true;
        if (Loopback) Receive(value);
        else _console.Write([value]);
    }

    /// <summary>A byte from the loopback, the only sender that does not wait for room.</summary>
    private void Receive(byte value)
    {
        if (_received.Count < (FifoMode ? ReceiveFifo.Size : 1))
        {
            _received.Add(value);
            return;
        }

        _overrun = true;
        if (!FifoMode) _received.Replace(value);
    }

    /// <summary>Takes waiting input of the console as far as there is room; the rest waits there.</summary>
    private void Fill(int room)
    {
        if (Loopback || room <= 0) return;
        Span<byte> bytes = stackalloc byte[ReceiveFifo.Size];
        int count = _console.Read(bytes[..room]);
        foreach (byte value in bytes[..count]) _received.Add(value);
    }

    /// <summary>The interrupt of the highest priority that is enabled and pending (table IV).</summary>
    private InterruptCause Cause()
    {
        if (_overrun && (_interruptEnable & InterruptEnable.LineStatus) != 0) return InterruptCause.LineStatus;
        if (_received.Count > 0 && (_interruptEnable & InterruptEnable.Received) != 0)
        {
            // The time-out of four characters without a new one has always passed: here characters take no time.
            return !FifoMode || _received.Count >= Trigger() ? InterruptCause.Received : InterruptCause.CharacterTimeout;
        }

        if (_transmitterEmptied && (_interruptEnable & InterruptEnable.TransmitterEmpty) != 0) return InterruptCause.TransmitterEmpty;
        if (_modemDelta != 0 && (_interruptEnable & InterruptEnable.ModemStatus) != 0) return InterruptCause.ModemStatus;
        return InterruptCause.None;
    }

    private int Trigger() => (_fifoControl >> 6) switch { 0 => 1, 1 => 4, 2 => 8, _ => 14 };

    private void Update()
    {
        if ((_interruptEnable & InterruptEnable.Received) != 0) Fill((FifoMode ? ReceiveFifo.Size : 1) - _received.Count);
        _line.Set(Cause() != InterruptCause.None);
    }
}
