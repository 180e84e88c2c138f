using Gee.External.Capstone.X86;
using Iced.Intel;

namespace Doppel.Tests.Unit.CodeGen.Assembler;

/// <summary>
/// What an instruction means, as text: mnemonic, operands with their sizes in bytes, e.g. <c>add eax, 4[rbx+rcx*4-128]</c>. Immediates are signed and of the first
/// operand's width; a jump's target is relative to the instruction's first byte.
/// </summary>
internal static class DecodedText
{
    public static string Of(in Iced.Intel.Instruction instruction)
    {
        string text = (instruction.HasLockPrefix ? "lock " : "") + instruction.Mnemonic.ToString().ToLowerInvariant();
        for (int i = 0; i < instruction.OpCount; i++)
        {
            text += (i == 0 ? " " : ", ") + instruction.GetOpKind(i) switch
            {
                OpKind.Register => Name(instruction.GetOpRegister(i)),
                OpKind.Memory => MemoryText(instruction),
                OpKind.NearBranch64 => $"{(long)(instruction.NearBranch64 - instruction.IP)}",
                _ => $"{Narrow((long)instruction.GetImmediate(i), Width(instruction))}",
            };
        }

        return text;
    }

    public static string Of(X86Instruction instruction)
    {
        string text = instruction.Mnemonic == "movabs" ? "mov" : instruction.Mnemonic;
        // Capstone gives memory that is not read a size, and takes these for packed.
        int? size = text switch { "lea" => 0, "comiss" or "ucomiss" => 4, "comisd" or "ucomisd" => 8, _ => null };
        X86Operand[] operands = instruction.Details.Operands;
        for (int i = 0; i < operands.Length; i++)
        {
            text += (i == 0 ? " " : ", ") + operands[i].Type switch
            {
                X86OperandType.Register => operands[i].Register.Name,
                X86OperandType.Memory => MemoryText(operands[i], size),
                _ => $"{Narrow(operands[i].Immediate, operands[0].Size)}",
            };
        }

        return text;
    }

    /// <summary>The text of memory as it is in both.</summary>
    public static string Memory(int size, string @base, string? index, int scale, long displacement) =>
        $"{size}[{@base}{(index == null ? "" : $"+{index}*{scale}")}{(displacement < 0 ? "-" : "+")}{Math.Abs(displacement)}]";

    private static string MemoryText(in Iced.Intel.Instruction instruction)
    {
        bool rip = instruction.IsIPRelativeMemoryOperand;
        return Memory(
            instruction.MemorySize.GetSize(),
            Name(instruction.MemoryBase),
            instruction.MemoryIndex == Register.None ? null : Name(instruction.MemoryIndex),
            instruction.MemoryIndexScale,
            (long)instruction.MemoryDisplacement64 - (rip ? (long)instruction.NextIP : 0));
    }

    private static string MemoryText(X86Operand operand, int? size) =>
        Memory(size ?? operand.Size, operand.Memory.Base.Name, operand.Memory.Index?.Name, operand.Memory.Scale, operand.Memory.Displacement);

    private static string Name(Register register)
    {
        string name = register.ToString().ToLowerInvariant();
        return name.EndsWith('l') && name[0] == 'r' ? name[..^1] + "b" : name;
    }

    private static int Width(in Iced.Intel.Instruction instruction) =>
        instruction.Op0Kind == OpKind.Register ? instruction.Op0Register.GetSize() : instruction.Op0Kind == OpKind.Memory ? instruction.MemorySize.GetSize() : 8;

    private static long Narrow(long value, int size) => size switch { 1 => (sbyte)value, 2 => (short)value, 4 => (int)value, _ => value };
}
