// Implements: RISC-V Supervisor Binary Interface 2.0, chapter 12 "Debug Console Extension".
using Doppel.Core.Backends;
using Doppel.Core.Memory;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Sbi;

internal sealed class DebugConsoleExtension(IConsoleBackend console, GuestMemory memory) : ISbiExtension
{
    /// <summary>Bytes moved by one call; the specification allows fewer than were asked for, and the guest's thread is not held up for long.</summary>
    private const int MaxBytes = 4096;

    /// <summary>"DBCN".</summary>
    public ulong Id => 0x4442434E;

    public SbiResult Call(RiscVHart caller, in SbiCall call) => call.Function switch
    {
        0 => Write(call.A0, call.A1, call.A2),
        1 => Read(call.A0, call.A1, call.A2),
        2 => WriteByte((byte)call.A0),
        _ => SbiError.NotSupported,
    };

    private SbiResult Write(ulong count, ulong addressLow, ulong addressHigh)
    {
        if (count == 0) return SbiResult.Success();
        if (!IsRam(count, addressLow, addressHigh)) return SbiError.InvalidParam;
        Span<byte> buffer = stackalloc byte[(int)Math.Min(count, MaxBytes)];
        if (!memory.TryRead(addressLow, buffer)) return SbiError.InvalidParam;
        console.Write(buffer);
        return SbiResult.Success((ulong)buffer.Length);
    }

    private SbiResult Read(ulong count, ulong addressLow, ulong addressHigh)
    {
        if (count == 0) return SbiResult.Success();
        if (!IsRam(count, addressLow, addressHigh)) return SbiError.InvalidParam;
        Span<byte> buffer = stackalloc byte[(int)Math.Min(count, MaxBytes)];
        int read = console.Read(buffer);
        return memory.TryWrite(addressLow, buffer[..read]) ? SbiResult.Success((ulong)read) : SbiError.InvalidParam;
    }

    private SbiResult WriteByte(byte value)
    {
        console.Write([value]);
        return SbiError.Success;
    }

    private bool IsRam(ulong count, ulong low, ulong high) => high == 0 && memory.Contains(low, count);
}
