using System.Buffers.Binary;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Isa.Assembly;

namespace Doppel.Tests.Conformance.Programs;

/// <summary>
/// A random user-level program: loads all registers, runs its blocks, logs what each one wrote, and ends by writing log, registers and scratch memory to
/// descriptor 1 (<c>write</c>) and leaving (<c>exit</c>). One flat image: code, then data.
/// </summary>
internal sealed class RandomProgram
{
    /// <summary>Where the image is loaded, and where it starts.</summary>
    public const ulong Address = 0x8000_0000;

    private const int LogStep = 2040;
    private const int AliasStep = 7;

    public RandomProgram(int seed, int blocks, InstructionChoice set)
    {
        Seed = seed;
        var random = new Random(seed);
        XInit = [.. Enumerable.Range(0, 32).Select(_ => InterestingValues.Integer(random))];
        FInit = [.. Enumerable.Range(0, 32).Select(_ => InterestingValues.Float(random))];
        PoolValues = [.. Enumerable.Range(0, BlockGenerator.PoolEntries).Select(i => i % 4 == 3 ? InterestingValues.Integer(random) : InterestingValues.Float(random))];
        ScratchInit = new byte[BlockGenerator.ScratchBytes];
        random.NextBytes(ScratchInit);
        FcsrInit = (random.Next(5) << 5) | random.Next(32);
        var generator = new BlockGenerator(random, set);
        Blocks = [.. Enumerable.Range(0, blocks).Select(_ => generator.Next())];
    }

    private RandomProgram(RandomProgram other, IReadOnlyList<Block> blocks)
    {
        (Seed, XInit, FInit, PoolValues, ScratchInit, FcsrInit) = (other.Seed, other.XInit, other.FInit, other.PoolValues, other.ScratchInit, other.FcsrInit);
        Blocks = blocks;
    }

    public int Seed { get; }

    public IReadOnlyList<Block> Blocks { get; }

    private ulong[] XInit { get; }

    private ulong[] FInit { get; }

    private ulong[] PoolValues { get; }

    private byte[] ScratchInit { get; }

    private int FcsrInit { get; }

    /// <summary>The same program with some of its blocks.</summary>
    public RandomProgram With(IReadOnlyList<Block> blocks) => new(this, blocks);

    /// <param name="shape">How the blocks are put together; null for once, one after the other.</param>
    public ProgramImage Assemble(ProgramShape? shape = null)
    {
        shape ??= new ProgramShape();
        var code = new ProgramBuilder(Address);
        var log = new List<LogEntry>();
        var starts = new List<ulong>();
        int offset = 0;
        Prologue(code);
        code.Label("round");
        for (int i = 0; i < Blocks.Count; i++)
        {
            Block block = Blocks[i];
            if (shape.Aliases && i % AliasStep == AliasStep - 1) GoToAlias(code);
            ulong start = code.Here;
            starts.Add(start);
            foreach (uint word in block.Code)
            {
                if ((word & 3) == 3) code.Word(word);
                else code.Half((ushort)word);
            }

            // The flags are cleared by reading them most of the time, so that each block shows its own.
            if (block.TouchesFlags)
            {
                code.Emit(i % 4 == 0 ? Op.Csrrs : Op.Csrrwi, rd: BlockGenerator.Counter, imm: i % 4 == 0 ? 3 : 1);
                Store(Op.Sd, BlockGenerator.Counter, new(i, start, i % 4 == 0 ? "fcsr" : "fflags"));
            }

            for (int r = 1; r < 28; r++)
            {
                if ((block.WrittenX >> r & 1) != 0) Store(Op.Sd, r, new(i, start, RegisterNames.X[r]));
            }

            for (int r = 0; r < 32; r++)
            {
                if ((block.WrittenF >> r & 1) != 0) Store(Op.Fsd, r, new(i, start, RegisterNames.F[r]));
            }
        }

        for (int r = 1; r < 28; r++) Store(Op.Sd, r, new(Blocks.Count, code.Here, RegisterNames.X[r]));
        for (int r = 0; r < 32; r++) Store(Op.Fsd, r, new(Blocks.Count, code.Here, RegisterNames.F[r]));

        if (shape.Rounds > 1) Again(code);
        code.LoadAddress(11, "output").LoadImmediate(12, (ulong)((log.Count * 8) + BlockGenerator.ScratchBytes)).LoadImmediate(10, 1).LoadImmediate(17, 64);
        code.Label("write").Emit(Op.Ecall).LoadImmediate(10, 0).LoadImmediate(17, 93).Emit(Op.Ecall);

        // Where an engine without system calls traps to, and waits.
        code.Align(4).Label("stop").Emit(Op.Wfi).EmitTo("stop", Op.Jal);
        Data(code, log.Count, shape.Rounds);
        byte[] image = code.Build();
        int output = (int)(code.AddressOf("output") - Address);
        return new(image, code.AddressOf("stop"), code.AddressOf("write"), output, log, starts);

        void Store(Op op, int register, LogEntry entry)
        {
            if (offset > LogStep - 8)
            {
                code.Emit(Op.Addi, BlockGenerator.Log, BlockGenerator.Log, imm: LogStep);
                offset = 0;
            }

            code.Emit(op, rs1: BlockGenerator.Log, rs2: register, imm: offset);
            offset += 8;
            log.Add(entry);
        }
    }

    private void Prologue(ProgramBuilder code)
    {
        code.LoadAddress(BlockGenerator.Log, "initial");
        for (int i = 0; i < 32; i++) code.Emit(Op.Fld, rd: i, rs1: BlockGenerator.Log, imm: 256 + (i * 8));
        for (int i = 1; i < 28; i++) code.Emit(Op.Ld, rd: i, rs1: BlockGenerator.Log, imm: i * 8);
        code.LoadImmediate(BlockGenerator.Counter, (ulong)FcsrInit).Emit(Op.Csrrw, rs1: BlockGenerator.Counter, imm: 3);
        code.LoadAddress(BlockGenerator.Pool, "pool").LoadAddress(BlockGenerator.Scratch, "scratch").LoadAddress(BlockGenerator.Log, "output");
    }

    // The counter of rounds is in memory, because blocks have the registers. Blocks are far away for a branch.
    private static void Again(ProgramBuilder code)
    {
        code.LoadAddress(BlockGenerator.Log, "rounds").Emit(Op.Ld, rd: BlockGenerator.Counter, rs1: BlockGenerator.Log);
        code.Emit(Op.Addi, rd: BlockGenerator.Counter, rs1: BlockGenerator.Counter, imm: -1).Emit(Op.Sd, rs1: BlockGenerator.Log, rs2: BlockGenerator.Counter);
        code.LoadAddress(BlockGenerator.Log, "output").EmitTo("done", Op.Beq, rs1: BlockGenerator.Counter).EmitTo("round", Op.Jal).Label("done");
    }

    // Continues at the same place through the other mapping, with the pool there too.
    private static void GoToAlias(ProgramBuilder code)
    {
        code.Emit(Op.Auipc, rd: BlockGenerator.Pool).Emit(Op.Addi, rd: BlockGenerator.Counter, imm: 1).Emit(Op.Slli, rd: BlockGenerator.Counter, rs1: BlockGenerator.Counter, imm: ProgramShape.AliasBit);
        code.Emit(Op.Xor, rd: BlockGenerator.Pool, rs1: BlockGenerator.Pool, rs2: BlockGenerator.Counter).Emit(Op.Jalr, rs1: BlockGenerator.Pool, imm: 20);
        code.LoadAddress(BlockGenerator.Pool, "pool");
    }

    private void Data(ProgramBuilder code, int logEntries, int rounds)
    {
        code.Align(64).Label("rounds").Double((ulong)rounds);
        code.Align(64).Label("initial");
        foreach (ulong value in XInit.Concat(FInit)) code.Double(value);
        code.Label("pool");
        foreach (ulong value in PoolValues) code.Double(value);
        code.Label("output").Zeroes(logEntries * 8);

        // Cache blocks are 64 bytes: cbo.zero must stay inside.
        byte[] memory = [.. ScratchInit];
        int half = memory.Length / 2;
        code.Bytes(memory.AsSpan(0, half)).Label("scratch").Bytes(memory.AsSpan(half));
    }
}

/// <summary>A value that a block logs.</summary>
/// <param name="Block">The block's number; one past the last one for the final registers.</param>
/// <param name="Address">Where the block starts.</param>
/// <param name="Register">What was logged.</param>
internal readonly record struct LogEntry(int Block, ulong Address, string Register);

/// <summary>A program ready to run.</summary>
/// <param name="Bytes">The image, to be loaded at <see cref="RandomProgram.Address"/> and started there.</param>
/// <param name="Stop">Where an engine without system calls traps to, and waits.</param>
/// <param name="Write">The address of the system call after which the output is complete.</param>
/// <param name="Output">Offset of the output in the image: log, final registers, scratch memory.</param>
/// <param name="Log">What the output's first values are.</param>
/// <param name="Starts">The addresses of the blocks.</param>
internal sealed record ProgramImage(byte[] Bytes, ulong Stop, ulong Write, int Output, IReadOnlyList<LogEntry> Log, IReadOnlyList<ulong> Starts)
{
    public int OutputLength => (Log.Count * 8) + BlockGenerator.ScratchBytes;

    /// <summary>Describes the first difference of two outputs; null if they are equal.</summary>
    public string? FirstDifference(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, out int block)
    {
        block = -1;
        if (expected.Length != OutputLength || actual.Length != OutputLength) return $"the outputs have {expected.Length} and {actual.Length} bytes instead of {OutputLength}";
        int same = expected.CommonPrefixLength(actual);
        if (same == expected.Length) return null;
        if (same >= Log.Count * 8)
        {
            int at = same - (Log.Count * 8);
            return $"memory at scratch{at - (BlockGenerator.ScratchBytes / 2):+0;-0}: 0x{expected[same]:x2}, here 0x{actual[same]:x2}";
        }

        LogEntry entry = Log[same / 8];
        block = entry.Block;
        ulong wanted = BinaryPrimitives.ReadUInt64LittleEndian(expected[(same & -8)..]), found = BinaryPrimitives.ReadUInt64LittleEndian(actual[(same & -8)..]);
        return $"{entry.Register} after block {entry.Block} at {entry.Address:x}: 0x{wanted:x16}, here 0x{found:x16}";
    }
}
