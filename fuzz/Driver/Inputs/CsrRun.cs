using System.Diagnostics;
using Doppel.Core.Bus;
using Doppel.Core.Clock;
using Doppel.Core.Memory;
using Doppel.Core.Snapshot;
using Doppel.Core.Trace;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Isa.Assembly;

namespace Doppel.Fuzz.Inputs;

/// <summary>Random CSR instructions on one hart, in all modes. Whatever state they lead to can be saved, loaded and saved to the same.</summary>
internal static class CsrRun
{
    private const ulong Base = 0x8000_0000;
    private const ulong Handler = Base + 0x800;

    public static (long Tried, string? Finding) Run(ulong seed, TimeSpan time)
    {
        var random = new Random(unchecked((int)seed));
        using var clock = new RealClock();
        using var memory = new GuestMemory();
        memory.AddRegion("ram", Base, 1 << 20);
        var bus = new SystemBus(NoTrace.Instance);
        using var hart = new RiscVHart(0, new HartConfig(), memory, bus, clock, NoTrace.Instance);
        using var other = new RiscVHart(0, new HartConfig(), memory, bus, clock, NoTrace.Instance);
        long start = Stopwatch.GetTimestamp();
        long tried = 0;
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            hart.Reset();
            for (int block = 0; block < 20; block++, tried++)
            {
                if (Block(hart, other, memory, random) is { } finding) return (tried, finding);
            }
        }

        return (tried, null);
    }

    private static string? Block(RiscVHart hart, RiscVHart other, GuestMemory memory, Random random)
    {
        var program = new ProgramBuilder(Base);
        for (int i = 0; i < 64; i++) program.Emit((Op)random.Next((int)Op.Csrrw, (int)Op.Csrrci + 1), random.Next(32), random.Next(32), imm: random.Next(4096));
        memory.TryWrite(Base, program.Build());
        memory.TryWrite(Handler, Assembler.Assemble("csrr t0, mepc; addi t0, t0, 4; csrw mepc, t0; mret", Handler));
        hart.Post(RemoteFence.Code);
        for (int register = 1; register < 32; register++) hart.WriteRegister(register, random.Next(2) == 0 ? (ulong)random.NextInt64(long.MinValue, long.MaxValue) : 1UL << random.Next(64));
        hart.SetEntry(Base, 0, 0, 0, (PrivilegeMode)(random.Next(3) switch { 2 => 3, int mode => mode }));
        hart.WriteRegister(RiscVSlot.Mtvec, Handler);
        try
        {
            hart.Run(300);
            byte[] saved = Save(hart);
            other.Load(new SnapshotReader(saved));
            return Save(other).AsSpan().SequenceEqual(saved) ? null : "the loaded hart differs from the saved one";
        }
        catch (Exception exception)
        {
            return exception.ToString();
        }
    }

    private static byte[] Save(RiscVHart hart)
    {
        var writer = new SnapshotWriter();
        hart.Save(writer);
        return writer.Written.ToArray();
    }
}
