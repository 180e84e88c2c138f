using Doppel.Core.Bus;
using Doppel.Core.Memory;
using Doppel.Core.Trace;
using Doppel.Core.Vcpu;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Isa.Assembly;
using Doppel.Tests.Conformance.Programs;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>One hart with memory and nothing else, for programs without a machine around them.</summary>
internal sealed class DoppelHart : IDisposable
{
    private const ulong MemoryBytes = 4 << 20;
    private const ulong FloatOn = 3UL << 13;
    private const long Limit = 50_000_000;
    private readonly GuestMemory _memory = new();
    private readonly RiscVHart _hart;

    public DoppelHart()
    {
        _memory.AddRegion("ram", RandomProgram.Address, MemoryBytes);
        _hart = new RiscVHart(0, new HartConfig(), _memory, new SystemBus(NoTrace.Instance), new StillClock(), NoTrace.Instance);
    }

    /// <summary>Guest instructions executed so far, over all runs.</summary>
    public ulong Instructions => _hart.InstructionsRetired;

    /// <summary>Runs a user-level program in machine mode up to its first system call and returns its output.</summary>
    /// <exception cref="InvalidOperationException">It ended in another way.</exception>
    public byte[] Run(ProgramImage program)
    {
        Load(program.Bytes);
        _hart.WriteRegister(RiscVSlot.Mstatus, _hart.ReadRegister(RiscVSlot.Mstatus) | FloatOn);
        _hart.WriteRegister(RiscVSlot.Mtvec, program.Stop);
        RunToEnd();
        ulong cause = _hart.ReadRegister(RiscVSlot.Mcause), pc = _hart.ReadRegister(RiscVSlot.Mepc);
        if (cause != (ulong)TrapCause.EcallFromMachine || pc != program.Write)
        {
            byte[] word = new byte[4];
            string what = _memory.TryRead(pc, word) ? Disassembler.Format(BitConverter.ToUInt32(word), pc) : "no memory";
            throw new InvalidOperationException($"trap {cause} at 0x{pc:x} ({what}), mtval 0x{_hart.ReadRegister(RiscVSlot.Mtval):x}");
        }

        byte[] output = new byte[program.OutputLength];
        if (!_memory.TryRead(RandomProgram.Address + (ulong)program.Output, output)) throw new InvalidOperationException("the program is larger than the memory");
        return output;
    }

    /// <summary>Runs a program that ends by waiting for an interrupt, from its first byte in machine mode.</summary>
    /// <returns>The memory, as long as the image.</returns>
    public byte[] RunMachine(ReadOnlySpan<byte> image)
    {
        Load(image);
        RunToEnd();
        byte[] memory = new byte[image.Length];
        _memory.TryRead(RandomProgram.Address, memory);
        return memory;
    }

    /// <summary>Whether an instruction of a row does anything but raise an illegal-instruction exception in machine mode.</summary>
    public bool Executes(InstructionRow row)
    {
        var program = new ProgramBuilder(RandomProgram.Address);
        program.LoadAddress(SampleInstruction.Address, "data").LoadAddress(9, "stop").Emit(Op.Csrrw, rs1: 9, imm: 0x305);
        program.Emit(Op.Csrrw, rs1: 9, imm: 0x341).Emit(Op.Csrrw, rs1: 9, imm: 0x141).LoadImmediate(9, FloatOn | 0x1800).Emit(Op.Csrrw, rs1: 9, imm: 0x300);

        // Whatever the instruction jumps to leads to the end.
        uint word = SampleInstruction.Of(row);
        if (row.IsCompressed) program.Half((ushort)word).Half(1);
        else program.Word(word);
        program.Align(4);
        for (int i = 0; i < 8; i++) program.EmitTo("stop", Op.Jal);
        program.Align(64).Label("stop").Emit(Op.Wfi).EmitTo("stop", Op.Jal);
        program.Align(64).Label("data").EmitTo("stop", Op.Jal).EmitTo("stop", Op.Jal).Zeroes(128);
        Load(program.Build());
        RunToEnd();
        return _hart.ReadRegister(RiscVSlot.Mcause) != (ulong)TrapCause.IllegalInstruction;
    }

    public void Dispose()
    {
        _hart.Dispose();
        _memory.Dispose();
    }

    private void Load(ReadOnlySpan<byte> image)
    {
        _memory.TryFill(RandomProgram.Address, (int)MemoryBytes, 0);
        if (!_memory.TryWrite(RandomProgram.Address, image)) throw new InvalidOperationException("the program is larger than the memory");
        _hart.Reset();
        _hart.SetEntry(RandomProgram.Address, 0, 0, 0, PrivilegeMode.Machine);
    }

    // The guest waits for an interrupt when it is done, and there is none.
    private void RunToEnd()
    {
        StopReason reason = _hart.Run(Limit);
        if (reason != StopReason.Halted) throw new InvalidOperationException($"stopped for {reason} at 0x{_hart.ReadRegister(RiscVSlot.Pc):x} {_hart.Fault}");
    }
}
