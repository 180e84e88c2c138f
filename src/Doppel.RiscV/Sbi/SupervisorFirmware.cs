// Implements: RISC-V Supervisor Binary Interface 2.0: base, TIME, IPI, RFENCE, HSM, SRST, PMU, DBCN and the legacy extensions.
using Doppel.Core.Trace;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Sbi;

/// <summary>What firmware would do for a kernel in S-mode, done by the machine itself: no firmware image, no M-mode code, no spinning harts.</summary>
public sealed class SupervisorFirmware : ISupervisorBinaryInterface
{
    private const int A0 = RiscVSlot.X + 10;
    private readonly ISbiPlatform _platform;
    private readonly ISbiExtension[] _extensions;
    private readonly LegacyExtensions _legacy;

    public SupervisorFirmware(ISbiPlatform platform)
    {
        _platform = platform;
        var harts = new SbiHarts(platform.Harts);
        _legacy = new LegacyExtensions(harts, platform.Console, platform.Machine);
        _extensions =
        [
            new BaseExtension(Has),
            new TimeExtension(),
            new IpiExtension(harts),
            new RfenceExtension(harts),
            new HartStateExtension(harts, platform.Memory),
            new SystemResetExtension(platform.Machine),
            new PmuExtension(),
            new DebugConsoleExtension(platform.Console, platform.Memory),
        ];
        foreach (RiscVHart hart in platform.Harts) hart.Sbi = this;
    }

    /// <summary>
    /// Makes harts that are as after reset ready for a kernel: the first one enters it in S-mode with its id in a0 and the device tree in a1, the others
    /// are switched off until hart start. Only while nothing runs.
    /// </summary>
    public void Boot(ulong entry, ulong deviceTree)
    {
        foreach (RiscVHart hart in _platform.Harts)
        {
            hart.SetEntry(entry, (ulong)hart.Id, deviceTree, 0, PrivilegeMode.Supervisor);
            hart.DelegateToSupervisor();
            hart.Stopped = hart.Id != 0;
        }
    }

    public void Call(RiscVHart hart)
    {
        var call = new SbiCall(Register(hart, 7), Register(hart, 6), Register(hart, 0), Register(hart, 1), Register(hart, 2), Register(hart, 3), Register(hart, 4));
        if (LegacyExtensions.Has(call.Extension)) CallLegacy(hart, call);
        else CallExtension(hart, call);
    }

    private static ulong Register(RiscVHart hart, int argument) => hart.ReadRegister(A0 + argument);

    private bool Has(ulong extension) => LegacyExtensions.Has(extension) || Find(extension) is not null;

    private ISbiExtension? Find(ulong id)
    {
        foreach (ISbiExtension extension in _extensions)
        {
            if (extension.Id == id) return extension;
        }

        return null;
    }

    private void CallExtension(RiscVHart hart, in SbiCall call)
    {
        SbiResult result = Find(call.Extension) is { } extension ? extension.Call(hart, call) : SbiError.NotSupported;
        if (_platform.Trace.Enabled(TraceCategory.Sbi)) Trace(hart, call, result.Returns ? $"{result.Error} 0x{result.Value:x}" : "no return");
        if (!result.Returns) return;
        hart.WriteRegister(A0, (ulong)result.Error);
        hart.WriteRegister(A0 + 1, result.Value);
    }

    private void CallLegacy(RiscVHart hart, in SbiCall call)
    {
        long? result = _legacy.Call(hart, call);
        if (_platform.Trace.Enabled(TraceCategory.Sbi)) Trace(hart, call, result is null ? "no return" : $"0x{result:x}");
        if (result is { } value) hart.WriteRegister(A0, (ulong)value);
    }

    private void Trace(RiscVHart hart, in SbiCall call, string result) =>
        _platform.Trace.Write(TraceCategory.Sbi, $"hart {hart.Id}: 0x{call.Extension:x}.{call.Function} (0x{call.A0:x}, 0x{call.A1:x}, 0x{call.A2:x}, 0x{call.A3:x}, 0x{call.A4:x}) -> {result}");
}
