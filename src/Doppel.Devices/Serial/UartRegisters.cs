// National Semiconductor PC16550D data sheet, table II "Summary of registers".
namespace Doppel.Devices.Serial;

/// <summary>IER.</summary>
[Flags]
internal enum InterruptEnable : byte
{
    Received = 0x01,
    TransmitterEmpty = 0x02,
    LineStatus = 0x04,
    ModemStatus = 0x08,
    All = 0x0f,
}

/// <summary>IIR, low four bits; bit 0 clear means that an interrupt is pending.</summary>
internal enum InterruptCause : byte
{
    ModemStatus = 0x00,
    None = 0x01,
    TransmitterEmpty = 0x02,
    Received = 0x04,
    LineStatus = 0x06,
    CharacterTimeout = 0x0c,
}

/// <summary>FCR.</summary>
internal static class FifoControlBits
{
    public const byte Enable = 0x01;
    public const byte ClearReceiver = 0x02;

    /// <summary>What stays after a write: enable, DMA mode and the receiver's trigger; the clear bits reset themselves.</summary>
    public const byte Kept = 0xc9;
}

/// <summary>MCR.</summary>
[Flags]
internal enum ModemControl : byte
{
    DataTerminalReady = 0x01,
    RequestToSend = 0x02,
    Out1 = 0x04,
    Out2 = 0x08,
    Loop = 0x10,
    All = 0x1f,
}

/// <summary>LSR.</summary>
[Flags]
internal enum LineStatus : byte
{
    DataReady = 0x01,
    Overrun = 0x02,
    TransmitterHoldingEmpty = 0x20,
    TransmitterEmpty = 0x40,
}

/// <summary>MSR.</summary>
[Flags]
internal enum ModemStatus : byte
{
    DeltaClearToSend = 0x01,
    DeltaDataSetReady = 0x02,
    TrailingEdgeRing = 0x04,
    DeltaCarrierDetect = 0x08,
    Deltas = 0x0f,
    ClearToSend = 0x10,
    DataSetReady = 0x20,
    RingIndicator = 0x40,
    CarrierDetect = 0x80,
}
