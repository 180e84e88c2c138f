using Doppel.Core.Backends;
using Doppel.Core.Bus;
using Doppel.Core.Clock;
using Doppel.Core.Memory;
using Doppel.Core.Trace;
using Doppel.Core.Vcpu;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa.Assembly;
using Doppel.RiscV.Sbi;
using Doppel.Tests.Unit.Doubles;

namespace Doppel.Tests.Unit.RiscV.Sbi;

/// <summary>Harts with the SBI, called directly.</summary>
internal sealed class SbiBench : ISbiPlatform, IMachineControl, IDisposable
{
    public const ulong Ram = 0x8000_0000;
    public const ulong RamLength = 0x1_0000;

    public SbiBench(int harts)
    {
        Memory.AddRegion("ram", Ram, RamLength);
        var bus = new SystemBus(NoTrace.Instance);
        Harts = [.. Enumerable.Range(0, harts).Select(id => new RiscVHart(id, new HartConfig(), Memory, bus, ManualClock, NoTrace.Instance))];
        Firmware = new SupervisorFirmware(this);
        Firmware.Boot(Ram, Ram + 0x8000);
    }

    public SupervisorFirmware Firmware { get; }

    public ManualClock ManualClock { get; } = new();

    public ScriptedConsole Script { get; } = new();

    public IReadOnlyList<RiscVHart> Harts { get; }

    public GuestMemory Memory { get; } = new();

    public IVmClock Clock => ManualClock;

    public IMachineControl Machine => this;

    public IConsoleBackend Console => Script;

    public ITrace Trace => NoTrace.Instance;

    /// <summary>What was asked of the machine: <c>off 0</c>, <c>reset</c>.</summary>
    public List<string> Requests { get; } = [];

    public void PowerOff(int exitCode) => Requests.Add($"off {exitCode}");

    public void Reset() => Requests.Add("reset");

    /// <summary>Puts a program to the start of RAM.</summary>
    public void Load(string assembly) => Assert.True(Memory.TryWrite(Ram, Assembler.Assemble(assembly, Ram)));

    /// <summary>Makes a call as hart <paramref name="hart"/>.</summary>
    /// <returns>a0 and a1 afterwards.</returns>
    public (long Error, ulong Value) Call(int hart, ulong extension, ulong function, params ulong[] arguments)
    {
        RiscVHart caller = Harts[hart];
        for (int i = 0; i < 6; i++) caller.WriteRegister(10 + i, i < arguments.Length ? arguments[i] : 0);
        caller.WriteRegister(16, function);
        caller.WriteRegister(17, extension);
        Firmware.Call(caller);
        return ((long)caller.ReadRegister(10), caller.ReadRegister(11));
    }

    public bool Pending(int hart, int interrupt) =>
        ((Harts[hart].ReadRegister(RiscVSlot.Mip) | Harts[hart].ReadRegister(RiscVSlot.Lines)) >> interrupt & 1) != 0;

    public void Dispose()
    {
        foreach (RiscVHart hart in Harts) hart.Dispose();
        Memory.Dispose();
    }
}
