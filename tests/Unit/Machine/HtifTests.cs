using Doppel.Machine;

namespace Doppel.Tests.Unit.Machine;

public sealed class HtifTests : IDisposable
{
    private readonly Programs _programs = new();

    public void Dispose() => _programs.Dispose();

    [Theory]
    [InlineData(1, 0)]
    [InlineData(5, 2)]
    [InlineData(2 * 1337 + 1, 1337)]
    public async Task Program_thatWritesAnOddValue_endsWithItsHalf(int value, int code)
    {
        VmExit exit = await _programs.RunAsync(_programs.Htif($"li t0, 0x80001000; li t1, {value}; loop: sw t1, 0(t0); sw zero, 4(t0); j loop"));

        Assert.Equal(new VmExit(VmExitReason.PowerOff, code), exit);
    }

    [Fact]
    public async Task Program_thatWritesCharacters_isAnswered()
    {
        await _programs.RunAsync(_programs.Htif("""
            li s0, 0x80001000; li s1, 0x0101000000000000
            ori t1, s1, 'H'; sd t1, 0(s0)
            first: ld t2, 0x40(s0); beqz t2, first
            sd zero, 0x40(s0)
            ori t1, s1, 'i'; sd t1, 0(s0)
            second: ld t2, 0x40(s0); bne t2, s1, second
            li t1, 1; sd t1, 0(s0)
            loop: j loop
            """.Replace("'H'", "72").Replace("'i'", "105")));

        Assert.Equal("Hi", _programs.Serial.Output);
    }

    [Fact]
    public async Task Program_thatCallsWrite_getsTheLengthBack()
    {
        VmExit exit = await _programs.RunAsync(_programs.Htif("""
            li s0, 0x80001000; li s1, 0x80002000
            li t0, 64; sd t0, 0(s1)
            li t0, 1; sd t0, 8(s1)
            la t0, text; sd t0, 16(s1)
            li t0, 5; sd t0, 24(s1)
            sd s1, 0(s0)
            wait: ld t0, 0x40(s0); beqz t0, wait
            ld t0, 0(s1); slli t0, t0, 1; ori t0, t0, 1
            sd t0, 0(s0)
            loop: j loop
            text: .ascii "hello"
            """));

        Assert.Equal(("hello", 5), (_programs.Serial.Output, exit.ExitCode));
    }

    [Theory]
    [InlineData(0x8000_2000UL, 999UL)] // no such call
    [InlineData(0x2000UL, 64UL)] // no memory there
    public async Task Program_thatCallsNonsense_livesOn(ulong block, ulong number)
    {
        VmExit exit = await _programs.RunAsync(_programs.Htif($"""
            li s0, 0x80001000; li s1, 0x80002000
            li t0, {number}; sd t0, 0(s1)
            li t0, {block}; sd t0, 0(s0)
            wait: ld t0, 0x40(s0); beqz t0, wait
            li t0, 7; sd t0, 0(s0)
            loop: j loop
            """));

        Assert.Equal(3, exit.ExitCode);
    }

    [Fact]
    public async Task Program_withoutTheSymbol_isLeftAlone()
    {
        VmExit exit = await _programs.RunAsync(_programs.BareMetal("""
            li s0, 0x80001000; li t0, 1; sd t0, 0(s0)
            li t1, 0x40000; wait: addi t1, t1, -1; bnez t1, wait
            ld t0, 0(s0); slli t0, t0, 16; li t1, 0x3333; or t0, t0, t1
            li t1, 0x100000; sw t0, 0(t1)
            loop: j loop
            """));

        Assert.Equal(1, exit.ExitCode);
    }
}
