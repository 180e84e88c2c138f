using System.Buffers.Binary;
using System.Numerics;
using Doppel.CodeGen.Ir;
using Doppel.RiscV.Csr;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Interpreter;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>
/// Finds the instructions of a region: all that direct branches within the page reach from its entry, breadth first, up to a limit. The result is a list in the
/// order in which the region will be laid out: runs of instructions that follow each other, each run closed by one that never goes on or by a
/// <see cref="WalkedInstruction.IsLink">link</see>.
/// </summary>
internal sealed class RegionWalk(Predecoder predecoder)
{
    public const int PageSize = 4096;

    /// <summary>Most instructions of a region. More would translate too much that never runs, fewer would cut loops.</summary>
    public const int Limit = 256;

    private const byte Visited = 1;
    private const byte Head = 2;
    private const byte LoopHead = 4;

    /// <summary>What is there belongs to another region, or to another page.</summary>
    private const byte Elsewhere = 8;

    // By operation. Most are straight, and one look spares them all the questions.
    private readonly bool[] _isStraight = [.. Enumerable.Range(0, (int)Enum.GetValues<Op>().Max() + 1).Select(op => GoesStraightOn((Op)op))];

    // By halfword of the page, and of what an instruction at its end may reach into.
    private readonly byte[] _marks = new byte[PageSize / 2 + 2];

    // Runs cannot outnumber instructions, so that links at most double the list. Every branch adds one target.
    private readonly WalkedInstruction[] _list = new WalkedInstruction[2 * Limit + 2];
    private readonly ushort[] _targets = new ushort[Limit + 2];

    /// <summary>Entries of the list.</summary>
    public int Count { get; private set; }

    public ReadOnlySpan<WalkedInstruction> List => _list.AsSpan(0, Count);

    /// <summary>Whether an instruction has a single-precision operand.</summary>
    public bool HasSingles { get; private set; }

    /// <summary>Whether the instruction at an offset is in the list.</summary>
    public bool Contains(int offset) => (uint)offset < PageSize && (_marks[offset >> 1] & Visited) != 0;

    /// <summary>Whether a label or a look for attention may have to be in front of the instruction: whether <see cref="IsHead"/> or <see cref="IsLoopHead"/>.</summary>
    public bool IsMarked(int offset) => (_marks[offset >> 1] & (Head | LoopHead)) != 0;

    /// <summary>Whether the instruction can be reached by other ways than from the one before it.</summary>
    public bool IsHead(int offset) => (_marks[offset >> 1] & Head) != 0;

    /// <summary>Whether a branch leads backwards to the offset. Every loop has at least one such place.</summary>
    public bool IsLoopHead(int offset) => (_marks[offset >> 1] & LoopHead) != 0;

    /// <summary>Whether what follows a branch in the list is its target, not what is behind it.</summary>
    public bool IsTurned(int index) => _list[index].Instruction.Imm < 0 && _list[index + 1].Offset == _list[index].Offset + _list[index].Instruction.Imm;

    /// <summary>Whether the instruction is reached by other ways than from the one before it in the list, or that is a branch.</summary>
    public bool BeginsBlock(int index) =>
        index == 0 || IsMarked(_list[index].Offset) || EndsBlock(_list[index - 1].Instruction);

    /// <summary>How many instructions there are from one that begins a block to the last that is always executed if none of them traps.</summary>
    public int BlockLength(int index)
    {
        int end = index;
        while (!EndsBlock(_list[end++].Instruction) && end < Count && !_list[end].IsLink && !BeginsBlock(end))
        {
        }

        return end - index;
    }

    /// <summary>Whether a long instruction begins in the page's last halfword.</summary>
    public static bool CrossesPage(int offset, in Instruction instruction) => offset + instruction.Length > PageSize;

    /// <summary>Whether the instruction at an offset of a page ends in the next page. It is a region of its own then, which depends on both pages.</summary>
    public static bool CrossesPage(ReadOnlySpan<byte> page, int offset) => offset == PageSize - 2 && (page[offset] & 3) == 3;

    /// <param name="region">Learns what code it depends on.</param>
    public void Walk(in GuestCode code, IrRegion region)
    {
        ReadOnlySpan<byte> page = code.Page[..PageSize];
        WalkedInstruction[] list = _list;
        bool[] isStraight = _isStraight;
        ClearMarks(code);
        Count = 0;
        HasSingles = false;
        int instructions = 0, first = 0, last = 0;
        _targets[last++] = (ushort)code.Entry;
        while (first < last)
        {
            int offset = _targets[first++];
            if (instructions == Limit || (_marks[offset >> 1] & (Visited | Elsewhere)) != 0) continue;

            // Where those that follow each other in the page begin.
            int start = offset;
            while (true)
            {
                ref byte marks = ref _marks[offset >> 1];
                if (instructions == Limit || (marks & (Visited | Elsewhere)) != 0)
                {
                    region.DependsOn(start, offset - start);
                    AddLink(offset);
                    break;
                }

                ref WalkedInstruction entry = ref list[Count++];
                ref Instruction i = ref entry.Instruction;
                if (offset <= PageSize - sizeof(uint)) predecoder.Decode(BinaryPrimitives.ReadUInt32LittleEndian(page.Slice(offset, sizeof(uint))), out i);
                else FetchLast(code, out i);
                entry.Offset = (ushort)offset;
                marks |= Visited;
                instructions++;
                bool goesOn = isStraight[(int)i.Op];
                entry.IsStraight = goesOn;
                if (goesOn)
                {
                    offset += i.Length;
                    continue;
                }

                if (i.Op is >= Op.Beq and <= Op.Bgeu)
                {
                    int target = offset + i.Imm, next = offset + i.Length;
                    if ((uint)target < PageSize)
                    {
                        if (target < offset && next < PageSize && (_marks[target >> 1] & (Visited | Elsewhere)) == 0)
                        {
                            // Entered in the middle of a loop: its head is likelier than what is behind it.
                            _marks[target >> 1] |= LoopHead;
                            _marks[next >> 1] |= Head;
                            _targets[last++] = (ushort)next;
                            region.DependsOn(start, next - start);
                            start = offset = target;
                            continue;
                        }

                        _marks[target >> 1] |= target <= offset ? (byte)(Head | LoopHead) : Head;
                        _targets[last++] = (ushort)target;
                    }
                }
                else if (i.Op == Op.Jal)
                {
                    // A call comes back to an entry of its own: what is behind it, and what it calls, are regions of their own.
                    int target = offset + i.Imm;
                    region.DependsOn(start, offset + i.Length - start);
                    if (i.Rd != RiscVSlot.Sink || (uint)target >= PageSize) break;
                    if (target <= offset) _marks[target >> 1] |= LoopHead;
                    start = offset = target;
                    continue;
                }
                else if (NeverGoesOn(i))
                {
                    region.DependsOn(start, offset + i.Length - start);
                    break;
                }
                else if (i.Op is Op.Csrrs or Op.Csrrc && i.Imm == CsrNumber.Sstatus && i.Rs1 != 0)
                {
                    // What follows is also reached from where another view of data is selected (StatusTranslator).
                    if (offset + i.Length < PageSize) _marks[offset + i.Length >> 1] |= Head;
                }
                else if (i.Op is >= Op.FaddS and <= Op.FclassS or Op.FcvtDS)
                {
                    HasSingles = true;
                }

                offset += i.Length;
            }
        }
    }

    /// <summary>
    /// Instructions behind which nothing is reached directly. Fences and another satp may change what is where, and what replaces all of sstatus leads to another mode of code as a rule.
    /// </summary>
    public static bool NeverGoesOn(in Instruction i) =>
        i.Op is Op.Jalr or Op.Illegal or Op.Ecall or Op.Ebreak or Op.Mret or Op.Sret or Op.Wfi or Op.FenceI or Op.SfenceVma or Op.SinvalVma
        || (i.Op is Op.Csrrw or Op.Csrrwi && i.Imm is CsrNumber.Sstatus or CsrNumber.Satp);

    private static bool GoesStraightOn(Op op) =>
        op is not (Op.None or (>= Op.Beq and <= Op.Bgeu) or Op.Jal or Op.Csrrs or Op.Csrrc or (>= Op.FaddS and <= Op.FclassS) or Op.FcvtDS)
        && !NeverGoesOn(default(Instruction) with { Op = op, Imm = CsrNumber.Sstatus });

    private static bool EndsBlock(in Instruction i) => i.Op is (>= Op.Beq and <= Op.Bgeu) or Op.None || (i.Op == Op.Jal && i.Rd != RiscVSlot.Sink) || NeverGoesOn(i);

    private void ClearMarks(in GuestCode code)
    {
        Array.Clear(_marks);
        ReadOnlySpan<ulong> regions = code.Regions;
        for (int word = 0; word < regions.Length; word++)
        {
            for (ulong rest = regions[word]; rest != 0; rest &= rest - 1) _marks[64 * word + BitOperations.TrailingZeroCount(rest)] = Elsewhere;
        }

        if (CrossesPage(code.Page, PageSize - 2)) _marks[^3] = Elsewhere;
        _marks[^1] = _marks[^2] = Elsewhere;
        _marks[code.Entry >> 1] = 0;
    }

    private void AddLink(int offset)
    {
        if (offset < PageSize) _marks[offset >> 1] |= Head;
        ref WalkedInstruction link = ref _list[Count++];
        link.Instruction = default;
        link.Offset = (ushort)offset;
    }

    /// <summary>Decodes what begins in the page's last halfword.</summary>
    private void FetchLast(in GuestCode code, out Instruction instruction)
    {
        uint bits = BinaryPrimitives.ReadUInt16LittleEndian(code.Page[(PageSize - 2)..]);
        if ((bits & 3) == 3)
        {
            if (code.NextPage.IsEmpty)
            {
                // Its other half is not known.
                instruction = new Instruction(Op.Illegal, 0, 0, 0, 0, 0, 4, 0);
                return;
            }

            bits |= (uint)BinaryPrimitives.ReadUInt16LittleEndian(code.NextPage) << 16;
        }

        predecoder.Decode(bits, out instruction);
    }
}
