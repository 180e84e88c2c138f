using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Passes;
using Doppel.CodeGen.X64;
using Doppel.CodeGen.X64.Disassembly;
using Doppel.Tests.Unit.CodeGen.Ir.Generation;
using Iced.Intel;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>All that the backend makes of random regions, as text: Iced says the same.</summary>
public sealed class X64DisassemblerTests
{
    private const int Seeds = 300;

    /// <summary>The first mistake for each mnemonic.</summary>
    private readonly Dictionary<string, string> _wrong = [];

    [Theory]
    [InlineData(X64Features.None, false)]
    [InlineData(X64Features.Sse41 | X64Features.Popcnt | X64Features.Lzcnt | X64Features.Bmi1 | X64Features.Bmi2 | X64Features.Avx | X64Features.Avx2 | X64Features.Fma | X64Features.Pclmulqdq, false)]
    [InlineData(X64Features.Sse41 | X64Features.Bmi2 | X64Features.Avx | X64Features.Avx2 | X64Features.Fma | X64Features.Avx512, true)]
    [InlineData(X64Features.Sse41 | X64Features.Popcnt | X64Features.Lzcnt | X64Features.Bmi1, true)]
    public void Every_instruction_is_what_iced_says(X64Features features, bool single)
    {
        var target = new X64Target
        {
            FirstEngineSlot = TestFrontEnd.Count,
            FrontEnd = new TestFrontEnd(),
            Features = features,
            SingleProcessor = single,
            ReservationSlot = TestFrontEnd.Reservation,
            HostToPhysical = 0x1234_5678_9abc,
        };
        var stubs = new X64Stubs(target);
        var backend = new X64Backend(target, stubs);
        var region = new IrRegion();
        var mnemonics = new HashSet<string>();
        Check(stubs.Code.AsSpan(stubs.Enter), mnemonics);
        foreach (bool hostile in new[] { false, true })
        {
            var plan = new RegionPlan { Hostile = hostile, Allows = code => X64Backend.Supports(features, code) };
            var passes = new PassPipeline(plan.PcSlot);
            for (int seed = 0; seed < Seeds; seed++)
            {
                region.Reset();
                new RandomRegion(seed, plan).Fill(region);
                if (seed % 2 == 0) passes.Run(region);
                Check(backend.Compile(region, 0).Code, mnemonics);
            }
        }

        Assert.True(_wrong.Count == 0, string.Join('\n', _wrong.Values));
        Assert.True(mnemonics.Count > 70, $"only {mnemonics.Count} instructions: {string.Join(' ', mnemonics.Order())}");
    }

    [Fact]
    public void Bytes_that_are_no_instruction_of_ours_are_bad_and_take_one_byte()
    {
        foreach (byte[] bytes in (byte[][])[[0x06], [0xf4], [0x0f, 0xff], [0xe9, 1, 2], [0x66], [0xc4], []])
        {
            if (bytes.Length == 0) continue;
            Assert.Equal("(bad)", new X64Disassembler().Disassemble(bytes, 0, out int length));
            Assert.Equal(1, length);
        }
    }

    private void Check(ReadOnlySpan<byte> code, HashSet<string> mnemonics)
    {
        var decoder = Decoder.Create(64, code.ToArray(), 0);
        var formatter = new IntelFormatter(new FormatterOptions
        {
            HexPrefix = "0x",
            HexSuffix = null,
            UppercaseHex = false,
            SpaceAfterOperandSeparator = true,
            SignedImmediateOperands = true,
            ShowBranchSize = false,
            BranchLeadingZeros = false,
            RipRelativeAddresses = true,
            UsePseudoOps = false,
        });
        var output = new StringOutput();
        var ours = new X64Disassembler();
        while (decoder.IP < (ulong)code.Length)
        {
            int offset = (int)decoder.IP;
            Instruction instruction = decoder.Decode();
            formatter.Format(instruction, output);
            string expected = output.ToStringAndReset();
            if (expected == "xchg ax, ax") expected = "nop"; // as the manual recommends to call it
            string text = ours.Disassemble(code, offset, out int length);
            if (expected != text || length != instruction.Length) _wrong.TryAdd(expected.Split(' ')[0], $"{Convert.ToHexString(code.Slice(offset, instruction.Length))} is {expected} of {instruction.Length} bytes, here {text} of {length}");
            mnemonics.Add(text.Split(' ')[0]);
        }
    }
}
