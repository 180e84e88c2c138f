using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;

namespace Doppel.Tests.Unit.RiscV.Translation;

/// <summary>One instruction at a time, with random operands: translated it must do what the interpreter does.</summary>
public class InstructionTests
{
    private const ulong Code = TwoHarts.Base + 0x1000, Data = TwoHarts.Base + 0x8000, Handler = TwoHarts.Base + 0x4000;
    private const int CasesEach = 60;

    /// <summary>Those that are translated, in part or in whole, and some that are not.</summary>
    private static readonly int[] Csrs =
        [0x001, 0x002, 0x003, 0x100, 0x104, 0x105, 0x106, 0x10a, 0x140, 0x141, 0x142, 0x143, 0x144, 0x300, 0x302, 0x303, 0x304, 0x305, 0x306, 0x30a, 0x340, 0x341, 0x342, 0x343, 0x344];


    public static TheoryData<Extension> Extensions => [.. Enum.GetValues<Extension>()];

    [Theory]
    [MemberData(nameof(Extensions))]
    public void Instruction_with_random_operands_does_what_the_interpreter_does(Extension extension)
    {
        using var harts = new TwoHarts();
        harts.Engine.SingleStep = true;
        var random = new Random((int)extension);
        foreach (InstructionRow row in InstructionTable.Rows.Where(r => r.Extension == extension && r.Op != Op.Illegal))
        {
            for (int n = 0; n < (extension == Extension.Zicsr ? 10 * CasesEach : CasesEach); n++) Compare(harts, row, random);
        }
    }

    [Fact]
    public void Illegal_instruction_traps_with_its_bits()
    {
        using var harts = new TwoHarts();
        harts.Engine.SingleStep = true;
        foreach (uint word in (uint[])[0, 0xffffffff, 0x0000707f, 0x12345677]) Run(harts, word, new Random(1), "illegal");
    }

    private static void Compare(TwoHarts harts, InstructionRow row, Random random)
    {
        uint word = RandomEncoding(row, random);
        Run(harts, word, random, $"{Disassembler.Format(word, Code)} (0x{word:x8})");
    }

    private static void Run(TwoHarts harts, uint word, Random random, string text)
    {
        ulong[] slots = harts.Initial;
        for (int slot = 1; slot < 32; slot++) slots[slot] = RandomOperand.Integer(random);
        for (int slot = 32; slot < 64; slot++) slots[slot] = RandomOperand.Float(random);
        slots[RiscVSlot.Pc] = Code;
        slots[RiscVSlot.Mstatus] |= random.Next(5) switch { 0 => 0UL, 1 => 1UL << 13, 2 => 2UL << 13, _ => TwoHarts.FloatOn };
        slots[RiscVSlot.Fcsr] = (ulong)(random.Next(3) == 0 ? random.Next(256) : random.Next(32));
        slots[RiscVSlot.Mtvec] = slots[RiscVSlot.Stvec] = Handler;
        slots[RiscVSlot.Mode] = (ulong)(random.Next(4) switch { 0 => PrivilegeMode.User, 1 => PrivilegeMode.Supervisor, _ => PrivilegeMode.Machine });
        foreach (byte slot in (byte[])[RiscVSlot.Sscratch, RiscVSlot.Sepc, RiscVSlot.Scause, RiscVSlot.Stval, RiscVSlot.Mscratch, RiscVSlot.Mepc, RiscVSlot.Mcause, RiscVSlot.Mtval])
            slots[slot] = RandomOperand.Integer(random) & ~1UL;

        // An address in rs1, so that memory accesses hit RAM, mostly aligned, around the displacement.
        Instruction i = Decoder.Full.Decode(word);
        int displacement = i.Op is >= Op.LrW and <= Op.AmomaxuD or Op.CboZero ? 0 : i.Imm;
        if (UsesMemory(i.Op) && i.Rs1 != 0) slots[i.Rs1] = Data + (ulong)random.Next(0x200) * 8 + (random.Next(4) == 0 ? (ulong)random.Next(8) : 0) - (ulong)displacement;
        byte[] data = new byte[0x1100];
        random.NextBytes(data);
        harts.Write(Data, data);
        if (UsesMemory(i.Op) && random.Next(2) == 0)
        {
            slots[RiscVSlot.ReservationAddress] = slots[i.Rs1];
            if (harts.Reference.Memory.TryReadUInt64(slots[i.Rs1], out ulong value)) slots[RiscVSlot.ReservationValue] = i.Op == Op.ScW ? (ulong)(int)value : value;
        }

        harts.SetState(slots);
        harts.Write(Code, BitConverter.GetBytes(word));
        foreach (RiscVHart hart in (RiscVHart[])[harts.Reference.Hart, harts.Translated.Hart]) hart.Post(RemoteFence.Code);
        harts.Reference.Hart.Run(1);
        harts.Translated.Hart.Run(long.MaxValue);
        harts.Compare($"{text} in mode {(PrivilegeMode)slots[RiscVSlot.Mode]}, mstatus 0x{slots[RiscVSlot.Mstatus]:x}, fcsr 0x{slots[RiscVSlot.Fcsr]:x}");
        harts.CompareMemory(text, Data, data.Length);
    }

    private static bool UsesMemory(Op op) =>
        op is >= Op.Lb and <= Op.Sd or >= Op.Flw and <= Op.Fsd or >= Op.LrW and <= Op.AmomaxuD or Op.Flh or Op.Fsh or Op.CboZero;

    private static uint RandomEncoding(InstructionRow row, Random random)
    {
        while (true)
        {
            uint word = (uint)random.NextInt64(1L << 32);

            // Often with equal and with special registers.
            if (random.Next(3) == 0) word = (word & ~0xf8000u) | (word & 0xf80) << 8;
            if (random.Next(3) == 0) word = (word & ~0x1f00000u) | (word & 0xf8000) << 5;
            if (random.Next(8) == 0) word &= ~0xf80u;
            if (random.Next(8) == 0) word &= ~0xf8000u;
            if (random.Next(8) == 0) word &= ~0x1f00000u;
            if (row.Extension == Extension.Zicsr && random.Next(4) != 0) word = (word & 0xfffff) | (uint)Csrs[random.Next(Csrs.Length)] << 20;
            word = (word & ~row.Mask) | row.Match;
            if (row.IsCompressed) word &= 0xffff;
            if (Decoder.Full.Find(word) == row) return word;
        }
    }
}
