using System.Text;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;

namespace Doppel.Tests.Unit.RiscV.Translation;

/// <summary>Whole programs: translated they must leave the same registers and memory as under the interpreter.</summary>
public class ProgramTests
{
    private const ulong Data = TwoHarts.Base + 0x10000;

    [Fact]
    public void Nested_loops_and_calls_give_the_interpreters_result()
    {
        using TwoHarts harts = new TwoHarts("""
            li sp, 0x80020000
            li s0, 0
            li s1, 30
            outer:
              mv a0, s1
              call fib
              add s0, s0, a0
              li t0, 10
              inner: slli t1, s0, 3; xor s0, s0, t1; addi t0, t0, -1; bnez t0, inner
              addi s1, s1, -3
              bgtz s1, outer
            wfi
            fib:
              li t0, 1
              ble a0, t0, small
              addi sp, sp, -16; sd ra, 0(sp); sd a0, 8(sp)
              andi a0, a0, 7
              addi a0, a0, -1
              call fib
              ld ra, 0(sp); ld t1, 8(sp); add a0, a0, t1; addi sp, sp, 16
            small: ret
            """).Run();
        Assert.True(harts.Engine.Runs < 400);
    }

    [Fact]
    public void Code_that_crosses_pages_goes_on_behind_them()
    {
        // Loops over the seam of two pages, with a long instruction across it.
        string fill = string.Concat(Enumerable.Repeat("c.addi a1, 1\n", 1022));
        using TwoHarts harts = new TwoHarts($"""
            li a0, 5
            loop:
            {fill}
            addi a0, a0, -1
            bnez a0, loop
            wfi
            """).Run();
        using TwoHarts straight = new TwoHarts($"li a0, 5\nloop: addi a2, a2, 1\n{fill}\naddi a0, a0, -1\nbnez a0, loop\nwfi").Run();
        Assert.True(harts.Engine.Steps + straight.Engine.Steps > 0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(15)]
    [InlineData(16)]
    public void Random_program_gives_the_interpreters_result(int seed)
    {
        var random = new Random(seed);
        using TwoHarts harts = new TwoHarts(RandomProgram(random));
        ulong[] slots = harts.Initial;
        for (int slot = 1; slot < 32; slot++) slots[slot] = RandomOperand.Integer(random);
        for (int slot = 32; slot < 64; slot++) slots[slot] = RandomOperand.Float(random);
        slots[RiscVSlot.Mstatus] |= TwoHarts.FloatOn;
        slots[RiscVSlot.Pc] = TwoHarts.Base;
        slots[RiscVSlot.Mode] = (ulong)PrivilegeMode.Machine;
        slots[8] = Data;
        harts.SetState(slots);
        harts.Run();
        harts.CompareMemory("the program", Data, 4096);
    }

    [Fact]
    public void Attention_in_a_loop_leaves_it_with_an_exact_state()
    {
        using var harts = new TwoHarts("li a0, 0\nloop: addi a0, a0, 1; sd a0, 0(sp); j loop");
        harts.Set(2, Data);
        harts.Engine.CalmChecks = 10;
        harts.Translated.Hart.Run(long.MaxValue);
        Assert.Equal(9UL, harts.Translated[10]);
        Assert.Equal(9UL, harts.Translated.Read64(Data));
        Assert.Equal(TwoHarts.Base + 4, harts.Translated.Pc);
    }

    [Fact]
    public void Trap_handler_returns_into_the_middle_of_a_region()
    {
        using TwoHarts harts = new TwoHarts("""
            la t0, handler
            csrw mtvec, t0
            li a0, 3
            loop:
              addi a1, a1, 1
              ld a2, 1(zero)
              addi a1, a1, 16
              addi a0, a0, -1
              bnez a0, loop
            wfi
            .align 4
            handler: csrr t1, mepc; addi t1, t1, 4; csrw mepc, t1; csrr s1, mcause; csrr s2, mtval; mret
            """).Run();
        Assert.Equal(3UL * 17, harts.Translated.X("a1"));
        Assert.Equal(1UL, harts.Translated.X("s2"));
    }

    [Theory]
    [InlineData("csrsi sstatus, 2")]
    [InlineData("csrs sstatus, t0")]
    public void Interrupt_that_waits_is_taken_when_the_guest_allows_it(string enable)
    {
        using var harts = new TwoHarts($"""
            la t0, handler
            csrw stvec, t0
            li t0, 2
            csrs sie, t0
            csrci sstatus, 2
            csrs sip, t0
            addi a0, a0, 1
            {enable}
            addi a0, a0, 2
            wait: wfi
            j wait
            .align 4
            handler: csrr a1, sepc; csrr a2, scause; addi a3, a0, 0; csrw sie, zero; sret
            """);
        ulong[] slots = harts.Initial;
        slots[RiscVSlot.Pc] = TwoHarts.Base;
        slots[RiscVSlot.Mode] = (ulong)PrivilegeMode.Supervisor;
        harts.SetState(slots);
        harts.Run();
        Assert.Equal(1UL, harts.Translated.X("a3"));
        Assert.Equal(3UL, harts.Translated.X("a0"));
    }

    // Blocks of random arithmetic that branch forward at random, in two counted loops; s0 is the address of data, s1 counts.
    private static string RandomProgram(Random random)
    {
        bool singles = random.Next(2) == 0;
        InstructionRow[] rows = [.. InstructionTable.Rows.Where(r => (!singles || r.Op is >= Op.FaddS and <= Op.FclassS or Op.FcvtDS or Op.FcvtSD or Op.FmvDX or Op.FaddH) && r.Op is >= Op.Addi and <= Op.CzeroNez or >= Op.FaddS and <= Op.FcvtDS or >= Op.FaddH and <= Op.FcvtHD or >= Op.Clmul and <= Op.Brev8 && !r.IsCompressed)];
        var text = new StringBuilder("li s1, 7\nouter:\n");
        for (int block = 0; block < 40; block++)
        {
            text.AppendLine($"b{block}:");
            for (int n = random.Next(1, 12); n > 0; n--) text.AppendLine(RandomInstruction(rows, random));
            string[] branches = ["beq", "bne", "blt", "bge", "bltu", "bgeu"];
            if (random.Next(2) == 0) text.AppendLine($"{branches[random.Next(6)]} a{random.Next(8)}, a{random.Next(8)}, b{random.Next(block + 1, Math.Min(block + 6, 41))}");
        }

        text.AppendLine("b40: addi s1, s1, -1\nbnez s1, outer\nwfi");
        return text.ToString();
    }

    private static string RandomInstruction(InstructionRow[] rows, Random random)
    {
        string access = random.Next(12) switch
        {
            0 => $"ld a{random.Next(8)}, {random.Next(100) * 8}(s0)",
            1 => $"sw a{random.Next(8)}, {random.Next(100) * 4}(s0)",
            2 => $"lbu a{random.Next(8)}, {random.Next(100)}(s0)",
            3 => $"sh a{random.Next(8)}, {random.Next(100)}(s0)",
            4 => $"flw fa{random.Next(8)}, {random.Next(100) * 4}(s0)",
            5 => $"fsd fa{random.Next(8)}, {random.Next(100) * 8}(s0)",
            6 => $"amoadd.w a{random.Next(8)}, a{random.Next(8)}, (s0)",
            _ => "",
        };
        if (access.Length > 0) return access;
        while (true)
        {
            // Registers a0 to a7 and fa0 to fa7.
            InstructionRow row = rows[random.Next(rows.Length)];
            uint word = (uint)random.NextInt64(1L << 32) & ~0x01f_f8f80u;
            word |= (uint)random.Next(10, 18) << 7 | (uint)random.Next(10, 18) << 15 | (uint)random.Next(10, 18) << 20;
            word = (word & ~row.Mask) | row.Match;
            if (row.Rs3.Exists) word = (word & 0x07ffffff) | (uint)random.Next(10, 18) << 27;
            if (row.IsRounded && random.Next(4) != 0) word |= 7 << 12;
            if (Doppel.RiscV.Isa.Decoder.Full.Find(word) == row && (word >> 12 & 7) is not (5 or 6)) return $".word 0x{word:x8}";
            if (Doppel.RiscV.Isa.Decoder.Full.Find(word) == row && !row.IsRounded) return $".word 0x{word:x8}";
        }
    }
}
