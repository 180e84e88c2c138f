using System.Numerics;
using System.Runtime.CompilerServices;
using Doppel.Core.Trace;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Mmu;
using static Doppel.RiscV.Interpreter.IntegerMath;

namespace Doppel.RiscV.Interpreter;

/// <summary>
/// Executes guest code: predecoded instructions and one switch. This is the reference that every other engine is compared with.
/// </summary>
/// <remarks>
/// The loop stays inside one code page as long as it can; <c>offset</c> is the position in it and the program counter is only written to the state when
/// somebody may look. Requests of other threads are noticed at taken branches, page changes and after traps. What is rare is out of line
/// (<see cref="ExecuteRare"/>), because a larger switch makes every case slower.
/// </remarks>
internal sealed partial class Interpreter
{
    /// <summary>Runs until the hart has something else to do.</summary>
    /// <param name="limit">The value of the retired counter at which to stop; an exception counts as if it had retired.</param>
    public void Run(ulong limit)
    {
        // Without checking at every instruction, at most one page of straight code can run past the limit.
        ulong slack = CodePage.EndSlot;
        if (_trace.Enabled(TraceCategory.Exec) || limit - _state.Retired <= slack) Loop<Exact>(limit);
        else Loop<Fast>(limit == ulong.MaxValue ? limit : limit - slack);
    }

    /// <summary>Runs for about so many instructions, to the next taken branch or page; less if the hart has something else to do.</summary>
    public void RunAbout(ulong instructions) => Loop<Fast>(_state.Retired + instructions);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Loop<TMode>(ulong limit)
        where TMode : struct, IMode
    {
        Span<ulong> x = _state.Slots.Direct;
        ulong retired = _state.Retired;
        ulong value;

    NewPage:
        _state.Retired = retired;
        if (_signals.Attention || retired >= limit) return;
        ulong pc = _state.Pc;
        if (_memory.FetchPage(pc) is not { } page)
        {
            TakePendingTrap(pc);
            limit -= limit == ulong.MaxValue ? 0UL : 1UL;
            goto NewPage;
        }

        Instruction[] code = page.Instructions;
        ulong pageAddress = pc & MemoryUnit.PageMask;
        uint offset = (uint)pc & 0xfff;

        while (true)
        {
            if (TMode.IsExact && !BeforeInstruction(page, pageAddress, offset, retired, limit)) return;
            ref readonly Instruction i = ref code[offset >> 1];

        Dispatch:
            // From here on offset is that of the next instruction.
            offset += i.Length;
            retired++;
            switch (i.Op)
            {
                case Op.Lui: x[i.Rd] = Imm(i); continue;
                case Op.Auipc: x[i.Rd] = pageAddress + offset - i.Length + Imm(i); continue;
                case Op.Jal:
                    x[i.Rd] = pageAddress + offset;
                    goto Branch;
                case Op.Jalr:
                {
                    ulong target = (x[i.Rs1] + Imm(i)) & ~1UL;
                    x[i.Rd] = pageAddress + offset;
                    if ((target & MemoryUnit.PageMask) != pageAddress)
                    {
                        _state.Pc = target;
                        goto NewPage;
                    }

                    offset = (uint)target & 0xfff;
                    goto Check;
                }

                case Op.Beq: if (x[i.Rs1] == x[i.Rs2]) goto Branch; continue;
                case Op.Bne: if (x[i.Rs1] != x[i.Rs2]) goto Branch; continue;
                case Op.Blt: if ((long)x[i.Rs1] < (long)x[i.Rs2]) goto Branch; continue;
                case Op.Bge: if ((long)x[i.Rs1] >= (long)x[i.Rs2]) goto Branch; continue;
                case Op.Bltu: if (x[i.Rs1] < x[i.Rs2]) goto Branch; continue;
                case Op.Bgeu: if (x[i.Rs1] >= x[i.Rs2]) goto Branch; continue;

                case Op.Lb: if (!_memory.TryLoad8(x[i.Rs1] + Imm(i), out value)) goto SlowAccess; x[i.Rd] = (ulong)(sbyte)value; continue;
                case Op.Lh: if (!_memory.TryLoad16(x[i.Rs1] + Imm(i), out value)) goto SlowAccess; x[i.Rd] = (ulong)(short)value; continue;
                case Op.Lw: if (!_memory.TryLoad32(x[i.Rs1] + Imm(i), out value)) goto SlowAccess; x[i.Rd] = (ulong)(int)value; continue;
                case Op.Ld: if (!_memory.TryLoad64(x[i.Rs1] + Imm(i), out value)) goto SlowAccess; x[i.Rd] = value; continue;
                case Op.Lbu: if (!_memory.TryLoad8(x[i.Rs1] + Imm(i), out value)) goto SlowAccess; x[i.Rd] = value; continue;
                case Op.Lhu: if (!_memory.TryLoad16(x[i.Rs1] + Imm(i), out value)) goto SlowAccess; x[i.Rd] = value; continue;
                case Op.Lwu: if (!_memory.TryLoad32(x[i.Rs1] + Imm(i), out value)) goto SlowAccess; x[i.Rd] = value; continue;
                case Op.Sb: if (_memory.TryStore8(x[i.Rs1] + Imm(i), x[i.Rs2])) continue; goto SlowAccess;
                case Op.Sh: if (_memory.TryStore16(x[i.Rs1] + Imm(i), x[i.Rs2])) continue; goto SlowAccess;
                case Op.Sw: if (_memory.TryStore32(x[i.Rs1] + Imm(i), x[i.Rs2])) continue; goto SlowAccess;
                case Op.Sd: if (_memory.TryStore64(x[i.Rs1] + Imm(i), x[i.Rs2])) continue; goto SlowAccess;

                case Op.Addi: x[i.Rd] = x[i.Rs1] + Imm(i); continue;
                case Op.Slti: x[i.Rd] = (long)x[i.Rs1] < i.Imm ? 1UL : 0; continue;
                case Op.Sltiu: x[i.Rd] = x[i.Rs1] < Imm(i) ? 1UL : 0; continue;
                case Op.Xori: x[i.Rd] = x[i.Rs1] ^ Imm(i); continue;
                case Op.Ori: x[i.Rd] = x[i.Rs1] | Imm(i); continue;
                case Op.Andi: x[i.Rd] = x[i.Rs1] & Imm(i); continue;
                case Op.Slli: x[i.Rd] = x[i.Rs1] << i.Imm; continue;
                case Op.Srli: x[i.Rd] = x[i.Rs1] >> i.Imm; continue;
                case Op.Srai: x[i.Rd] = (ulong)((long)x[i.Rs1] >> i.Imm); continue;
                case Op.Add: x[i.Rd] = x[i.Rs1] + x[i.Rs2]; continue;
                case Op.Sub: x[i.Rd] = x[i.Rs1] - x[i.Rs2]; continue;
                case Op.Sll: x[i.Rd] = x[i.Rs1] << (int)x[i.Rs2]; continue;
                case Op.Slt: x[i.Rd] = (long)x[i.Rs1] < (long)x[i.Rs2] ? 1UL : 0; continue;
                case Op.Sltu: x[i.Rd] = x[i.Rs1] < x[i.Rs2] ? 1UL : 0; continue;
                case Op.Xor: x[i.Rd] = x[i.Rs1] ^ x[i.Rs2]; continue;
                case Op.Srl: x[i.Rd] = x[i.Rs1] >> (int)x[i.Rs2]; continue;
                case Op.Sra: x[i.Rd] = (ulong)((long)x[i.Rs1] >> (int)x[i.Rs2]); continue;
                case Op.Or: x[i.Rd] = x[i.Rs1] | x[i.Rs2]; continue;
                case Op.And: x[i.Rd] = x[i.Rs1] & x[i.Rs2]; continue;
                case Op.Addiw: x[i.Rd] = Sext((uint)x[i.Rs1] + (uint)i.Imm); continue;
                case Op.Slliw: x[i.Rd] = Sext((uint)x[i.Rs1] << i.Imm); continue;
                case Op.Srliw: x[i.Rd] = Sext((uint)x[i.Rs1] >> i.Imm); continue;
                case Op.Sraiw: x[i.Rd] = (ulong)((int)x[i.Rs1] >> i.Imm); continue;
                case Op.Addw: x[i.Rd] = Sext((uint)x[i.Rs1] + (uint)x[i.Rs2]); continue;
                case Op.Subw: x[i.Rd] = Sext((uint)x[i.Rs1] - (uint)x[i.Rs2]); continue;
                case Op.Sllw: x[i.Rd] = Sext((uint)x[i.Rs1] << (int)x[i.Rs2]); continue;
                case Op.Srlw: x[i.Rd] = Sext((uint)x[i.Rs1] >> (int)x[i.Rs2]); continue;
                case Op.Sraw: x[i.Rd] = (ulong)((int)x[i.Rs1] >> (int)x[i.Rs2]); continue;

                case Op.Mul: x[i.Rd] = x[i.Rs1] * x[i.Rs2]; continue;
                case Op.Mulh: x[i.Rd] = (ulong)Math.BigMul((long)x[i.Rs1], (long)x[i.Rs2], out _); continue;
                case Op.Mulhsu: x[i.Rd] = Mulhsu((long)x[i.Rs1], x[i.Rs2]); continue;
                case Op.Mulhu: x[i.Rd] = Math.BigMul(x[i.Rs1], x[i.Rs2], out _); continue;
                case Op.Div: x[i.Rd] = Div((long)x[i.Rs1], (long)x[i.Rs2]); continue;
                case Op.Divu: x[i.Rd] = Divu(x[i.Rs1], x[i.Rs2]); continue;
                case Op.Rem: x[i.Rd] = Rem((long)x[i.Rs1], (long)x[i.Rs2]); continue;
                case Op.Remu: x[i.Rd] = Remu(x[i.Rs1], x[i.Rs2]); continue;
                case Op.Mulw: x[i.Rd] = Sext((uint)x[i.Rs1] * (uint)x[i.Rs2]); continue;
                case Op.Divw: x[i.Rd] = Divw((int)x[i.Rs1], (int)x[i.Rs2]); continue;
                case Op.Divuw: x[i.Rd] = Divuw((uint)x[i.Rs1], (uint)x[i.Rs2]); continue;
                case Op.Remw: x[i.Rd] = Remw((int)x[i.Rs1], (int)x[i.Rs2]); continue;
                case Op.Remuw: x[i.Rd] = Remuw((uint)x[i.Rs1], (uint)x[i.Rs2]); continue;

                case Op.AddUw: x[i.Rd] = (uint)x[i.Rs1] + x[i.Rs2]; continue;
                case Op.Sh1add: x[i.Rd] = (x[i.Rs1] << 1) + x[i.Rs2]; continue;
                case Op.Sh2add: x[i.Rd] = (x[i.Rs1] << 2) + x[i.Rs2]; continue;
                case Op.Sh3add: x[i.Rd] = (x[i.Rs1] << 3) + x[i.Rs2]; continue;
                case Op.Sh1addUw: x[i.Rd] = ((ulong)(uint)x[i.Rs1] << 1) + x[i.Rs2]; continue;
                case Op.Sh2addUw: x[i.Rd] = ((ulong)(uint)x[i.Rs1] << 2) + x[i.Rs2]; continue;
                case Op.Sh3addUw: x[i.Rd] = ((ulong)(uint)x[i.Rs1] << 3) + x[i.Rs2]; continue;
                case Op.SlliUw: x[i.Rd] = (ulong)(uint)x[i.Rs1] << i.Imm; continue;
                case Op.Andn: x[i.Rd] = x[i.Rs1] & ~x[i.Rs2]; continue;
                case Op.Orn: x[i.Rd] = x[i.Rs1] | ~x[i.Rs2]; continue;
                case Op.Xnor: x[i.Rd] = ~(x[i.Rs1] ^ x[i.Rs2]); continue;
                case Op.Clz: x[i.Rd] = (ulong)BitOperations.LeadingZeroCount(x[i.Rs1]); continue;
                case Op.Ctz: x[i.Rd] = (ulong)BitOperations.TrailingZeroCount(x[i.Rs1]); continue;
                case Op.Cpop: x[i.Rd] = (ulong)BitOperations.PopCount(x[i.Rs1]); continue;
                case Op.SextB: x[i.Rd] = (ulong)(sbyte)x[i.Rs1]; continue;
                case Op.SextH: x[i.Rd] = (ulong)(short)x[i.Rs1]; continue;
                case Op.Clzw: x[i.Rd] = (ulong)BitOperations.LeadingZeroCount((uint)x[i.Rs1]); continue;
                case Op.Ctzw: x[i.Rd] = (ulong)BitOperations.TrailingZeroCount((uint)x[i.Rs1]); continue;
                case Op.Cpopw: x[i.Rd] = (ulong)BitOperations.PopCount((uint)x[i.Rs1]); continue;
                case Op.ZextH: x[i.Rd] = (ushort)x[i.Rs1]; continue;
                case Op.Max: x[i.Rd] = (ulong)Math.Max((long)x[i.Rs1], (long)x[i.Rs2]); continue;
                case Op.Maxu: x[i.Rd] = Math.Max(x[i.Rs1], x[i.Rs2]); continue;
                case Op.Min: x[i.Rd] = (ulong)Math.Min((long)x[i.Rs1], (long)x[i.Rs2]); continue;
                case Op.Minu: x[i.Rd] = Math.Min(x[i.Rs1], x[i.Rs2]); continue;
                case Op.Rol: x[i.Rd] = BitOperations.RotateLeft(x[i.Rs1], (int)x[i.Rs2]); continue;
                case Op.Rolw: x[i.Rd] = Sext(BitOperations.RotateLeft((uint)x[i.Rs1], (int)x[i.Rs2])); continue;
                case Op.Ror: x[i.Rd] = BitOperations.RotateRight(x[i.Rs1], (int)x[i.Rs2]); continue;
                case Op.Rorw: x[i.Rd] = Sext(BitOperations.RotateRight((uint)x[i.Rs1], (int)x[i.Rs2])); continue;
                case Op.Rori: x[i.Rd] = BitOperations.RotateRight(x[i.Rs1], i.Imm); continue;
                case Op.Roriw: x[i.Rd] = Sext(BitOperations.RotateRight((uint)x[i.Rs1], i.Imm)); continue;
                case Op.OrcB: x[i.Rd] = OrCombine(x[i.Rs1]); continue;
                case Op.Rev8: x[i.Rd] = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(x[i.Rs1]); continue;
                case Op.Bclr: x[i.Rd] = x[i.Rs1] & ~(1UL << (int)x[i.Rs2]); continue;
                case Op.Bclri: x[i.Rd] = x[i.Rs1] & ~(1UL << i.Imm); continue;
                case Op.Bext: x[i.Rd] = x[i.Rs1] >> (int)x[i.Rs2] & 1; continue;
                case Op.Bexti: x[i.Rd] = x[i.Rs1] >> i.Imm & 1; continue;
                case Op.Binv: x[i.Rd] = x[i.Rs1] ^ 1UL << (int)x[i.Rs2]; continue;
                case Op.Binvi: x[i.Rd] = x[i.Rs1] ^ 1UL << i.Imm; continue;
                case Op.Bset: x[i.Rd] = x[i.Rs1] | 1UL << (int)x[i.Rs2]; continue;
                case Op.Bseti: x[i.Rd] = x[i.Rs1] | 1UL << i.Imm; continue;
                case Op.CzeroEqz: x[i.Rd] = x[i.Rs2] == 0 ? 0 : x[i.Rs1]; continue;
                case Op.CzeroNez: x[i.Rd] = x[i.Rs2] != 0 ? 0 : x[i.Rs1]; continue;

                case Op.None:
                    // An empty slot has length 0: offset is still that of the instruction.
                    retired--;
                    if (offset >= CodePage.Size)
                    {
                        _state.Pc = pageAddress + offset;
                        goto NewPage;
                    }

                    if (!TryDecode(page, pageAddress, offset, out int slot))
                    {
                        retired++;
                        goto Trap;
                    }

                    i = ref code[slot];
                    goto Dispatch;

                default:
                    _state.Pc = pageAddress + offset - i.Length;
                    _state.Retired = retired - 1;
                    switch (ExecuteRare(i, page, offset - i.Length))
                    {
                        case Outcome.Next:
                            continue;
                        case Outcome.NextAttend:
                            goto Attend;
                        case Outcome.Trap:
                            goto Trap;
                        case Outcome.Redirect:
                            goto NewPage;
                        default:
                            _state.Retired = retired;
                            return;
                    }
            }

        SlowAccess:
            // A device may look at the time, and may want the hart's attention at once.
            _state.Retired = retired - 1;
            if (TryAccess(i)) goto Attend;

        Trap:
            retired--;
            limit -= limit == ulong.MaxValue ? 0UL : 1UL;
            _state.Retired = retired;
            TakePendingTrap(pageAddress + offset - i.Length);
            goto NewPage;

        Branch:
            uint next = offset - i.Length + (uint)i.Imm;
            if (next >= CodePage.Size)
            {
                _state.Pc = pageAddress + offset - i.Length + Imm(i);
                goto NewPage;
            }

            offset = next;

        Check:
            if (!_signals.Attention && retired < limit) continue;
            goto Leave;

        Attend:
            if (!_signals.Attention) continue;

        Leave:
            _state.Pc = pageAddress + offset;
            _state.Retired = retired;
            return;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Imm(in Instruction i) => (ulong)(long)i.Imm;
}
