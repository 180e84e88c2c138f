using Doppel.CodeGen.X64.Assembler;
using Gee.External.Capstone;
using Gee.External.Capstone.X86;
using Iced.Intel;

namespace Doppel.Tests.Unit.CodeGen.Assembler;

/// <summary>
/// Compares each instruction that an assembler emits with what two disassemblers make of it: Iced all of them, Capstone every 17th.
/// </summary>
internal sealed class EncodingOracle : IDisposable
{
    private const int CapstoneInterval = 17;
    private readonly CapstoneX86Disassembler _capstone = CapstoneDisassembler.CreateX86Disassembler(X86DisassembleMode.Bit64);
    private int _checked;

    public EncodingOracle() => _capstone.EnableInstructionDetails = true;

    public X64Assembler Assembler { get; } = new();

    /// <summary>The assembler has just written one instruction: it must be this one, in as few bytes as its opcode takes; then it is forgotten.</summary>
    public void Expect(string text)
    {
        byte[] code = ExpectOfIced(text);
        if (_checked++ % CapstoneInterval == 0) ExpectOfCapstone(code, text);
    }

    /// <summary>For what Capstone writes in another way.</summary>
    public byte[] ExpectOfIced(string text)
    {
        byte[] code = Assembler.Code.ToArray();
        Assembler.Reset();
        var decoder = Decoder.Create(64, code);
        Iced.Intel.Instruction instruction = decoder.Decode();
        string iced = DecodedText.Of(instruction);
        if (iced != text || instruction.Length != code.Length) Assert.Fail($"{text} was encoded as {Convert.ToHexString(code)}, which is {iced}");
        return code;
    }

    /// <summary>No encoding of the same opcode is shorter.</summary>
    public void ExpectShortest(string text)
    {
        byte[] code = Assembler.Code.ToArray();
        Expect(text);
        Iced.Intel.Instruction instruction = Decoder.Create(64, code).Decode();
        var encoder = Encoder.Create(64, new Bytes());
        uint shortest = encoder.Encode(instruction, 0);
        if (shortest < code.Length) Assert.Fail($"{text} was encoded as {Convert.ToHexString(code)}, but {shortest} bytes suffice");
    }

    public void Dispose() => _capstone.Dispose();

    private void ExpectOfCapstone(byte[] code, string text)
    {
        // It does not decode EVEX with a base and an index that are both above 7.
        bool isBeyondCapstone = code[0] == 0x62 && (code[1] & 0x60) == 0;
        if (isBeyondCapstone) return;
        X86Instruction[] instructions = _capstone.Disassemble(code);
        string capstone = instructions.Length == 1 ? DecodedText.Of(instructions[0]) : $"{instructions.Length} instructions";
        if (capstone != text) Assert.Fail($"{text} was encoded as {Convert.ToHexString(code)}, which Capstone takes for {capstone}");
    }

    private sealed class Bytes : CodeWriter
    {
        public override void WriteByte(byte value)
        {
        }
    }
}
