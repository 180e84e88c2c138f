using Doppel.CodeGen.X64;
using Doppel.Machine;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Isa.Assembly;
using Doppel.Tests.Conformance.Programs;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>One hart with memory, for random programs.</summary>
/// <param name="codeBytes">Room for generated code; 0 for the translator's own choice.</param>
/// <param name="features">What generated code may use of the host at most; null for all that it has.</param>
/// <param name="counts">Whether generated code counts instructions.</param>
/// <param name="cold">If not 0, about so many instructions are interpreted every few times that code is missed.</param>
internal sealed class DoppelHart(EngineKind engine = EngineKind.Interpreter, int codeBytes = 0, X64Features? features = null, bool counts = false, int cold = 0) : IDisposable
{
    private const int MemoryBytes = 4 << 20;
    private const ulong FloatOn = 3UL << 13;

    /// <summary>mstatus.MPP is M and SPP is S, so that whatever returns may wait.</summary>
    private const ulong PreviousModes = 0x1900;

    private readonly GuestSystem _system = new(engine, codeBytes: codeBytes, features: features, counts: counts, cold: cold);

    /// <summary>Guest instructions executed so far, over all runs; exact under the interpreter, and under the translator if it counts.</summary>
    public ulong Instructions => _system.Hart.InstructionsRetired;

    /// <summary>If set, programs run in pieces of so many instructions.</summary>
    public Func<long>? Pieces
    {
        init => _system.Pieces = value;
    }

    /// <summary>How often a part of the code cache was given up so far because it was full.</summary>
    public long Evictions => _system.Evictions;

    /// <summary>Instructions that were not worth translating, so far.</summary>
    public long Interpreted => _system.Interpreted;

    /// <summary>Traps taken so far.</summary>
    public TrapRecorder Recorder => _system.Recorder;

    /// <summary>Runs a user-level program in machine mode up to its first system call and returns its output.</summary>
    /// <exception cref="InvalidOperationException">It ended in another way.</exception>
    public byte[] Run(ProgramImage program)
    {
        Load(program.Bytes);
        _system[RiscVSlot.Mtvec] = program.Stop;
        _system.Run();
        CheckEnd(program, TrapCause.EcallFromMachine);
        byte[] output = new byte[program.OutputLength];
        if (!_system.Memory.TryRead(RandomProgram.Address + (ulong)program.Output, output)) throw new InvalidOperationException("the program is larger than the memory");
        return output;
    }

    /// <summary>Runs a user-level program in U-mode, its pages scattered over memory.</summary>
    /// <param name="seed">Of the pages' order.</param>
    /// <param name="present">How many pages are present at a time; 0 for all.</param>
    /// <param name="interrupts">Whether another thread interrupts it again and again.</param>
    /// <exception cref="InvalidOperationException">It ended in another way than by a system call.</exception>
    public byte[] RunPaged(ProgramImage program, int seed, int present = 0, bool interrupts = false)
    {
        int pages = (program.Bytes.Length + 4095) / 4096;
        PagingKernel.Start(_system, program.Bytes, seed, present);
        using (interrupts ? new Interrupter(_system) : null) _system.Run();
        CheckEnd(program, TrapCause.EcallFromUser);
        return PagingKernel.Read(_system, pages, seed).AsSpan(program.Output, program.OutputLength).ToArray();
    }

    /// <summary>Runs a program that ends by waiting for an interrupt, from its first byte in machine mode.</summary>
    /// <returns>The memory, as long as the image.</returns>
    public byte[] RunMachine(ReadOnlySpan<byte> image)
    {
        Load(image);
        _system.Run();
        byte[] memory = new byte[image.Length];
        _system.Memory.TryRead(RandomProgram.Address, memory);
        return memory;
    }

    /// <summary>Whether an instruction of a row does anything but raise an illegal-instruction exception in machine mode.</summary>
    public bool Executes(InstructionRow row)
    {
        var program = new ProgramBuilder(RandomProgram.Address);
        program.LoadAddress(SampleInstruction.Address, "data").LoadAddress(9, "stop").Emit(Op.Csrrw, rs1: 9, imm: 0x305);
        program.Emit(Op.Csrrw, rs1: 9, imm: 0x341).Emit(Op.Csrrw, rs1: 9, imm: 0x141).LoadImmediate(9, FloatOn | PreviousModes).Emit(Op.Csrrw, rs1: 9, imm: 0x300);

        // Whatever the instruction jumps to leads to the end.
        uint word = SampleInstruction.Of(row);
        if (row.IsCompressed) program.Half((ushort)word).Half(1);
        else program.Word(word);
        program.Align(4);
        for (int i = 0; i < 8; i++) program.EmitTo("stop", Op.Jal);
        program.Align(64).Label("stop").Emit(Op.Wfi).EmitTo("stop", Op.Jal);
        program.Align(64).Label("data").EmitTo("stop", Op.Jal).EmitTo("stop", Op.Jal).Zeroes(128);
        Load(program.Build());
        _system.Run();
        return _system[RiscVSlot.Mcause] != (ulong)TrapCause.IllegalInstruction;
    }

    public void Dispose() => _system.Dispose();

    private void Load(ReadOnlySpan<byte> image)
    {
        _system.Memory.TryFill(RandomProgram.Address, MemoryBytes, 0);
        _system.Load(image, RandomProgram.Address);
        _system.Restart(RandomProgram.Address);
    }

    private void CheckEnd(ProgramImage program, ulong expected)
    {
        ulong cause = _system[RiscVSlot.Mcause], pc = _system[RiscVSlot.Mepc];

        // It may have ended in the other window.
        if (cause == expected && (pc | 1UL << ProgramShape.AliasBit) == (program.Write | 1UL << ProgramShape.AliasBit)) return;
        throw new InvalidOperationException($"trap {cause} at 0x{pc:x}, mtval 0x{_system[RiscVSlot.Mtval]:x}");
    }
}
