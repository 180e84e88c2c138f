using Doppel.CodeGen;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64;
using Doppel.CodeGen.X64.Assembler;
using Iced.Intel;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>Compiled regions as text: one instruction a line, jumps with the line number that they lead to.</summary>
internal static class CodeText
{
    public static string Of(X64Target target, IrRegion region)
    {
        var stubs = new X64Stubs(target);
        CompiledRegion compiled = new X64Backend(target, stubs).Compile(region, 0);
        byte[] code = compiled.Code.ToArray();
        Dictionary<int, int> calls = [];
        foreach (StubCall call in compiled.StubCalls) calls[call.Offset] = call.Stub;
        var decoder = Decoder.Create(64, code, 0);
        List<Instruction> instructions = [];
        while (decoder.IP < (ulong)code.Length) instructions.Add(decoder.Decode());
        Dictionary<ulong, int> lines = [];
        for (int i = 0; i < instructions.Count; i++) lines[instructions[i].IP] = i;
        var formatter = new IntelFormatter(new FormatterOptions { HexPrefix = "0x", HexSuffix = null, SpaceAfterOperandSeparator = true, RipRelativeAddresses = true, ShowBranchSize = false });
        var output = new StringOutput();
        string text = "";
        for (int i = 0; i < instructions.Count; i++)
        {
            Instruction instruction = instructions[i];
            int end = (int)instruction.NextIP;
            text += $"{i,3}  ";
            if (calls.TryGetValue(end - 4, out int stub) && instruction.FlowControl != FlowControl.Next)
            {
                text += $"{instruction.Mnemonic.ToString().ToLowerInvariant()} {NameOf(stubs, stub)}\n";
                continue;
            }

            if (instruction.Op0Kind == OpKind.NearBranch64)
            {
                text += $"{instruction.Mnemonic.ToString().ToLowerInvariant()} {lines[instruction.NearBranch64]}\n";
                continue;
            }

            formatter.Format(instruction, output);
            string plain = output.ToStringAndReset();
            if (calls.TryGetValue(end - 4, out stub)) plain = plain[..plain.IndexOf('[')] + $"[{NameOf(stubs, stub)}]";
            text += plain + "\n";
        }

        return text;
    }

    private static string NameOf(X64Stubs stubs, int offset)
    {
        if (offset == stubs.Call) return "Call";
        if (offset == stubs.Follow) return "Follow";
        if (offset == stubs.FollowLink) return "FollowLink";
        if (offset == stubs.FollowLookup) return "FollowLookup";
        for (CallbackKind kind = CallbackKind.Load8; kind <= CallbackKind.Store64; kind++)
        {
            if (offset == stubs.Access(kind)) return kind.ToString();
        }

        for (int size = 0; size < 4; size++)
        {
            for (Gpr register = Gpr.Rax; register <= Gpr.Rdx; register++)
            {
                if (offset == stubs.Fill(writes: false, size, register)) return $"FillRead{8 << size}/{register}";
                if (offset == stubs.Fill(writes: true, size, register)) return $"FillWrite{8 << size}/{register}";
            }
        }

        foreach (X64Constant constant in Enum.GetValues<X64Constant>())
        {
            if (offset == stubs.OffsetOf(constant)) return constant.ToString();
        }

        return $"stubs+{offset}";
    }
}
