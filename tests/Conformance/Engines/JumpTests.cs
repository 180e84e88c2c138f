namespace Doppel.Tests.Conformance.Engines;

/// <summary>Recursion, indirect jumps, code that overlaps itself.</summary>
public sealed class JumpTests
{
    private const string Stack = "li sp, 0x80f00000";

    [Fact]
    public void Deep_recursion_returns()
    {
        EngineState state = NoDiff.Check(
            $"""
                {Stack}
                li a0, 20000
                call sum
                mv s1, a0
                li a0, 16
                call fibonacci
                wfi
            sum:
                beqz a0, nothing
                addi sp, sp, -16
                sd ra, 0(sp)
                sd a0, 8(sp)
                addi a0, a0, -1
                call sum
                ld t0, 8(sp)
                add a0, a0, t0
                ld ra, 0(sp)
                addi sp, sp, 16
            nothing:
                ret
            fibonacci:
                li t0, 2
                blt a0, t0, small
                addi sp, sp, -32
                sd ra, 0(sp)
                sd s0, 8(sp)
                sd a0, 16(sp)
                addi a0, a0, -1
                call fibonacci
                mv s0, a0
                ld a0, 16(sp)
                addi a0, a0, -2
                call fibonacci
                add a0, a0, s0
                ld s0, 8(sp)
                ld ra, 0(sp)
                addi sp, sp, 32
            small:
                ret
            """);
        Assert.Equal(200_010_000UL, state.X("s1"));
        Assert.Equal(987UL, state.X("a0"));
    }

    [Fact]
    public void Indirect_jumps_have_many_targets()
    {
        // 900 places, some of which share a slot of any table of places; each tells the next one.
        const int Places = 900;
        string places = string.Join("\n", Enumerable.Range(0, Places).Select(i => $".zero {(i * 37 % 5) * 2048 & 0x1800}\n.align 4\np{i}: addi a0, a0, {i}; xor a1, a1, a0; ret"));
        string table = string.Join("\n", Enumerable.Range(0, Places).Select(i => $".dword p{i}"));
        NoDiff.Check(
            $"""
                la s2, table
                li s0, 4000
                li s3, {Places}
            round:
                li t0, 1103515245
                mul s1, s1, t0
                li t0, 12345
                add s1, s1, t0
                srli t0, s1, 33
                remu t0, t0, s3
                slli t0, t0, 3
                add t0, t0, s2
                ld t0, 0(t0)
                andi t1, s0, 1
                add t0, t0, t1          # bit 0 of the target does not count
                jalr t0
                addi s0, s0, -1
                bnez s0, round
                wfi
                .align 8
            table:
                {table}
                {places}
            """);
    }

    [Fact]
    public void Link_register_may_be_the_target_register_and_any_other()
    {
        NoDiff.Check(
            """
                li s0, 100
            round:
                la t0, first
                jalr t0, 0(t0)          # the old value is the target, the new one the link
                add s1, s1, t0
                la ra, second
                jalr ra, 4(ra)
                xor s1, s1, ra
                la a5, third
                jalr a5, 0(a5)
                xor s1, s1, a5
                jal t1, fourth
                add s1, s1, t1
                addi s0, s0, -1
                bnez s0, round
                wfi
            first:
                addi a0, a0, 1
                jr t0
            second:
                addi a0, a0, 100
                addi a0, a0, 2
                ret
            third:
                addi a0, a0, 3
                c.jr a5
            fourth:
                jalr t1, 0(t1)          # a coroutine: back, and here again
                addi a0, a0, 4
                jr t1
            """);
    }

    [Fact]
    public void Jump_into_the_middle_of_an_instruction_decodes_anew()
    {
        // 0x0505 within lui is c.addi a0, 1: the same bytes as two programs, reached by turns, directly and indirectly.
        EngineState state = NoDiff.Check(
            """
                li s0, 200
                la s2, both
                addi s3, s2, 2
            round:
                andi t0, s0, 1
                beqz t0, even
                jalr s2
                j next
            even:
                jalr s3
            next:
                add s1, s1, a1
                beqz t0, direct
                call both
            direct:
                addi s0, s0, -1
                bnez s0, round
                wfi
                .align 4
            both:
                .word 0x050505b7        # lui a1, 0x5050; its upper half: c.addi a0, 1
                addi a2, a2, 1
                ret
            """);
        Assert.Equal(100UL, state.X("a0"));
        Assert.Equal(300UL, state.X("a2"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(300_000)]
    public void Program_larger_than_the_code_cache_runs(int codeBytes)
    {
        // 1,500 functions that call each other; three rounds over all.
        const int Functions = 1500;
        string functions = string.Join("\n", Enumerable.Range(0, Functions).Select(i =>
            $"""
            f{i}:
                addi sp, sp, -16
                sd ra, 0(sp)
                addi a0, a0, {i % 2000}
                slli t0, a0, {i % 50}
                xor a1, a1, t0
                andi t1, a1, {(i % 7) + 1}
                bnez t1, g{i}
                addi a2, a2, 1
                {(i % 5 == 0 && i + 11 < Functions ? $"call f{i + 11}" : "nop")}
            g{i}:
                sd a1, -64(sp)
                ld a3, -64(sp)
                add a0, a0, a3
                ld ra, 0(sp)
                addi sp, sp, 16
                ret
            """));
        string calls = string.Join("\n", Enumerable.Range(0, Functions).Select(i => $"call f{i * 7 % Functions}"));
        NoDiff.Check($"{Stack}\nli s0, 3\nround:\n{calls}\naddi s0, s0, -1\nbeqz s0, finish\nj round\nfinish:\nwfi\n{functions}", codeBytes: codeBytes);
    }
}
