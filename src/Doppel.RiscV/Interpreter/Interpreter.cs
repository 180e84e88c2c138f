using System.Numerics;
using System.Runtime.CompilerServices;
using Doppel.Core.Trace;
using Doppel.RiscV.Hart;
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Loop<TMode>(ulong limit)
        where TMode : struct, IMode
    {
        MemoryUnit memory = _memory;
        PendingTrap trap = _trap;
        HartSignals signals = _signals;
        Span<ulong> x = _state.Slots.AsSpan();
        ulong retired = _state.Retired;

    NewPage:
        _state.Retired = retired;
        if (signals.Attention || retired >= limit) return;
        ulong pc = _state.Pc;
        if (memory.FetchPage(pc) is not { } page)
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
            if (TMode.IsExact && !BeforeInstruction(pageAddress + offset, retired, limit)) return;
            ref readonly Instruction i = ref code[offset >> 1];

        Dispatch:
            switch (i.Op)
            {
                case Op.Lui: x[i.Rd] = Imm(i); break;
                case Op.Auipc: x[i.Rd] = pageAddress + offset + Imm(i); break;
                case Op.Jal:
                    x[i.Rd] = pageAddress + offset + i.Length;
                    goto Branch;
                case Op.Jalr:
                {
                    ulong target = (x[i.Rs1] + Imm(i)) & ~1UL;
                    x[i.Rd] = pageAddress + offset + i.Length;
                    retired++;
                    if ((target & MemoryUnit.PageMask) != pageAddress)
                    {
                        _state.Pc = target;
                        goto NewPage;
                    }

                    offset = (uint)target & 0xfff;
                    goto Check;
                }

                case Op.Beq: if (x[i.Rs1] == x[i.Rs2]) goto Branch; break;
                case Op.Bne: if (x[i.Rs1] != x[i.Rs2]) goto Branch; break;
                case Op.Blt: if ((long)x[i.Rs1] < (long)x[i.Rs2]) goto Branch; break;
                case Op.Bge: if ((long)x[i.Rs1] >= (long)x[i.Rs2]) goto Branch; break;
                case Op.Bltu: if (x[i.Rs1] < x[i.Rs2]) goto Branch; break;
                case Op.Bgeu: if (x[i.Rs1] >= x[i.Rs2]) goto Branch; break;

                case Op.Lb: { ulong v = memory.Load8(x[i.Rs1] + Imm(i)); if (trap.Raised) goto Trap; x[i.Rd] = (ulong)(sbyte)v; break; }
                case Op.Lh: { ulong v = memory.Load16(x[i.Rs1] + Imm(i)); if (trap.Raised) goto Trap; x[i.Rd] = (ulong)(short)v; break; }
                case Op.Lw: { ulong v = memory.Load32(x[i.Rs1] + Imm(i)); if (trap.Raised) goto Trap; x[i.Rd] = (ulong)(int)v; break; }
                case Op.Ld: { ulong v = memory.Load64(x[i.Rs1] + Imm(i)); if (trap.Raised) goto Trap; x[i.Rd] = v; break; }
                case Op.Lbu: { ulong v = memory.Load8(x[i.Rs1] + Imm(i)); if (trap.Raised) goto Trap; x[i.Rd] = v; break; }
                case Op.Lhu: { ulong v = memory.Load16(x[i.Rs1] + Imm(i)); if (trap.Raised) goto Trap; x[i.Rd] = v; break; }
                case Op.Lwu: { ulong v = memory.Load32(x[i.Rs1] + Imm(i)); if (trap.Raised) goto Trap; x[i.Rd] = v; break; }
                case Op.Sb: memory.Store8(x[i.Rs1] + Imm(i), x[i.Rs2]); if (trap.Raised) goto Trap; break;
                case Op.Sh: memory.Store16(x[i.Rs1] + Imm(i), x[i.Rs2]); if (trap.Raised) goto Trap; break;
                case Op.Sw: memory.Store32(x[i.Rs1] + Imm(i), x[i.Rs2]); if (trap.Raised) goto Trap; break;
                case Op.Sd: memory.Store64(x[i.Rs1] + Imm(i), x[i.Rs2]); if (trap.Raised) goto Trap; break;

                case Op.Addi: x[i.Rd] = x[i.Rs1] + Imm(i); break;
                case Op.Slti: x[i.Rd] = (long)x[i.Rs1] < i.Imm ? 1UL : 0; break;
                case Op.Sltiu: x[i.Rd] = x[i.Rs1] < Imm(i) ? 1UL : 0; break;
                case Op.Xori: x[i.Rd] = x[i.Rs1] ^ Imm(i); break;
                case Op.Ori: x[i.Rd] = x[i.Rs1] | Imm(i); break;
                case Op.Andi: x[i.Rd] = x[i.Rs1] & Imm(i); break;
                case Op.Slli: x[i.Rd] = x[i.Rs1] << i.Imm; break;
                case Op.Srli: x[i.Rd] = x[i.Rs1] >> i.Imm; break;
                case Op.Srai: x[i.Rd] = (ulong)((long)x[i.Rs1] >> i.Imm); break;
                case Op.Add: x[i.Rd] = x[i.Rs1] + x[i.Rs2]; break;
                case Op.Sub: x[i.Rd] = x[i.Rs1] - x[i.Rs2]; break;
                case Op.Sll: x[i.Rd] = x[i.Rs1] << (int)x[i.Rs2]; break;
                case Op.Slt: x[i.Rd] = (long)x[i.Rs1] < (long)x[i.Rs2] ? 1UL : 0; break;
                case Op.Sltu: x[i.Rd] = x[i.Rs1] < x[i.Rs2] ? 1UL : 0; break;
                case Op.Xor: x[i.Rd] = x[i.Rs1] ^ x[i.Rs2]; break;
                case Op.Srl: x[i.Rd] = x[i.Rs1] >> (int)x[i.Rs2]; break;
                case Op.Sra: x[i.Rd] = (ulong)((long)x[i.Rs1] >> (int)x[i.Rs2]); break;
                case Op.Or: x[i.Rd] = x[i.Rs1] | x[i.Rs2]; break;
                case Op.And: x[i.Rd] = x[i.Rs1] & x[i.Rs2]; break;
                case Op.Addiw: x[i.Rd] = Sext((uint)x[i.Rs1] + (uint)i.Imm); break;
                case Op.Slliw: x[i.Rd] = Sext((uint)x[i.Rs1] << i.Imm); break;
                case Op.Srliw: x[i.Rd] = Sext((uint)x[i.Rs1] >> i.Imm); break;
                case Op.Sraiw: x[i.Rd] = (ulong)((int)x[i.Rs1] >> i.Imm); break;
                case Op.Addw: x[i.Rd] = Sext((uint)x[i.Rs1] + (uint)x[i.Rs2]); break;
                case Op.Subw: x[i.Rd] = Sext((uint)x[i.Rs1] - (uint)x[i.Rs2]); break;
                case Op.Sllw: x[i.Rd] = Sext((uint)x[i.Rs1] << (int)x[i.Rs2]); break;
                case Op.Srlw: x[i.Rd] = Sext((uint)x[i.Rs1] >> (int)x[i.Rs2]); break;
                case Op.Sraw: x[i.Rd] = (ulong)((int)x[i.Rs1] >> (int)x[i.Rs2]); break;

                case Op.Mul: x[i.Rd] = x[i.Rs1] * x[i.Rs2]; break;
                case Op.Mulh: x[i.Rd] = (ulong)Math.BigMul((long)x[i.Rs1], (long)x[i.Rs2], out _); break;
                case Op.Mulhsu: x[i.Rd] = Mulhsu((long)x[i.Rs1], x[i.Rs2]); break;
                case Op.Mulhu: x[i.Rd] = Math.BigMul(x[i.Rs1], x[i.Rs2], out _); break;
                case Op.Div: x[i.Rd] = Div((long)x[i.Rs1], (long)x[i.Rs2]); break;
                case Op.Divu: x[i.Rd] = Divu(x[i.Rs1], x[i.Rs2]); break;
                case Op.Rem: x[i.Rd] = Rem((long)x[i.Rs1], (long)x[i.Rs2]); break;
                case Op.Remu: x[i.Rd] = Remu(x[i.Rs1], x[i.Rs2]); break;
                case Op.Mulw: x[i.Rd] = Sext((uint)x[i.Rs1] * (uint)x[i.Rs2]); break;
                case Op.Divw: x[i.Rd] = Divw((int)x[i.Rs1], (int)x[i.Rs2]); break;
                case Op.Divuw: x[i.Rd] = Divuw((uint)x[i.Rs1], (uint)x[i.Rs2]); break;
                case Op.Remw: x[i.Rd] = Remw((int)x[i.Rs1], (int)x[i.Rs2]); break;
                case Op.Remuw: x[i.Rd] = Remuw((uint)x[i.Rs1], (uint)x[i.Rs2]); break;

                case Op.AddUw: x[i.Rd] = (uint)x[i.Rs1] + x[i.Rs2]; break;
                case Op.Sh1add: x[i.Rd] = (x[i.Rs1] << 1) + x[i.Rs2]; break;
                case Op.Sh2add: x[i.Rd] = (x[i.Rs1] << 2) + x[i.Rs2]; break;
                case Op.Sh3add: x[i.Rd] = (x[i.Rs1] << 3) + x[i.Rs2]; break;
                case Op.Sh1addUw: x[i.Rd] = ((ulong)(uint)x[i.Rs1] << 1) + x[i.Rs2]; break;
                case Op.Sh2addUw: x[i.Rd] = ((ulong)(uint)x[i.Rs1] << 2) + x[i.Rs2]; break;
                case Op.Sh3addUw: x[i.Rd] = ((ulong)(uint)x[i.Rs1] << 3) + x[i.Rs2]; break;
                case Op.SlliUw: x[i.Rd] = (ulong)(uint)x[i.Rs1] << i.Imm; break;
                case Op.Andn: x[i.Rd] = x[i.Rs1] & ~x[i.Rs2]; break;
                case Op.Orn: x[i.Rd] = x[i.Rs1] | ~x[i.Rs2]; break;
                case Op.Xnor: x[i.Rd] = ~(x[i.Rs1] ^ x[i.Rs2]); break;
                case Op.Clz: x[i.Rd] = (ulong)BitOperations.LeadingZeroCount(x[i.Rs1]); break;
                case Op.Ctz: x[i.Rd] = (ulong)BitOperations.TrailingZeroCount(x[i.Rs1]); break;
                case Op.Cpop: x[i.Rd] = (ulong)BitOperations.PopCount(x[i.Rs1]); break;
                case Op.SextB: x[i.Rd] = (ulong)(sbyte)x[i.Rs1]; break;
                case Op.SextH: x[i.Rd] = (ulong)(short)x[i.Rs1]; break;
                case Op.Clzw: x[i.Rd] = (ulong)BitOperations.LeadingZeroCount((uint)x[i.Rs1]); break;
                case Op.Ctzw: x[i.Rd] = (ulong)BitOperations.TrailingZeroCount((uint)x[i.Rs1]); break;
                case Op.Cpopw: x[i.Rd] = (ulong)BitOperations.PopCount((uint)x[i.Rs1]); break;
                case Op.ZextH: x[i.Rd] = (ushort)x[i.Rs1]; break;
                case Op.Max: x[i.Rd] = (ulong)Math.Max((long)x[i.Rs1], (long)x[i.Rs2]); break;
                case Op.Maxu: x[i.Rd] = Math.Max(x[i.Rs1], x[i.Rs2]); break;
                case Op.Min: x[i.Rd] = (ulong)Math.Min((long)x[i.Rs1], (long)x[i.Rs2]); break;
                case Op.Minu: x[i.Rd] = Math.Min(x[i.Rs1], x[i.Rs2]); break;
                case Op.Rol: x[i.Rd] = BitOperations.RotateLeft(x[i.Rs1], (int)x[i.Rs2]); break;
                case Op.Rolw: x[i.Rd] = Sext(BitOperations.RotateLeft((uint)x[i.Rs1], (int)x[i.Rs2])); break;
                case Op.Ror: x[i.Rd] = BitOperations.RotateRight(x[i.Rs1], (int)x[i.Rs2]); break;
                case Op.Rorw: x[i.Rd] = Sext(BitOperations.RotateRight((uint)x[i.Rs1], (int)x[i.Rs2])); break;
                case Op.Rori: x[i.Rd] = BitOperations.RotateRight(x[i.Rs1], i.Imm); break;
                case Op.Roriw: x[i.Rd] = Sext(BitOperations.RotateRight((uint)x[i.Rs1], i.Imm)); break;
                case Op.OrcB: x[i.Rd] = OrCombine(x[i.Rs1]); break;
                case Op.Rev8: x[i.Rd] = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(x[i.Rs1]); break;
                case Op.Bclr: x[i.Rd] = x[i.Rs1] & ~(1UL << (int)x[i.Rs2]); break;
                case Op.Bclri: x[i.Rd] = x[i.Rs1] & ~(1UL << i.Imm); break;
                case Op.Bext: x[i.Rd] = x[i.Rs1] >> (int)x[i.Rs2] & 1; break;
                case Op.Bexti: x[i.Rd] = x[i.Rs1] >> i.Imm & 1; break;
                case Op.Binv: x[i.Rd] = x[i.Rs1] ^ 1UL << (int)x[i.Rs2]; break;
                case Op.Binvi: x[i.Rd] = x[i.Rs1] ^ 1UL << i.Imm; break;
                case Op.Bset: x[i.Rd] = x[i.Rs1] | 1UL << (int)x[i.Rs2]; break;
                case Op.Bseti: x[i.Rd] = x[i.Rs1] | 1UL << i.Imm; break;
                case Op.CzeroEqz: x[i.Rd] = x[i.Rs2] == 0 ? 0 : x[i.Rs1]; break;
                case Op.CzeroNez: x[i.Rd] = x[i.Rs2] != 0 ? 0 : x[i.Rs1]; break;

                case Op.None:
                    if (offset >= CodePage.Size)
                    {
                        _state.Pc = pageAddress + offset;
                        goto NewPage;
                    }

                    if (!TryDecode(page, pageAddress, offset, out int slot)) goto Trap;
                    i = ref code[slot];
                    goto Dispatch;

                default:
                    _state.Pc = pageAddress + offset;
                    _state.Retired = retired;
                    switch (ExecuteRare(i, page, offset))
                    {
                        case Outcome.Next:
                            break;
                        case Outcome.Trap:
                            goto Trap;
                        case Outcome.Redirect:
                            retired++;
                            goto NewPage;
                        default:
                            _state.Retired = retired + 1;
                            return;
                    }

                    break;
            }

            offset += i.Length;
            retired++;
            continue;

        Branch:
            retired++;
            uint next = offset + (uint)i.Imm;
            if (next >= CodePage.Size)
            {
                _state.Pc = pageAddress + offset + Imm(i);
                goto NewPage;
            }

            offset = next;

        Check:
            if (!signals.Attention && retired < limit) continue;
            _state.Pc = pageAddress + offset;
            _state.Retired = retired;
            return;

        Trap:
            TakePendingTrap(pageAddress + offset);
            limit -= limit == ulong.MaxValue ? 0UL : 1UL;
            goto NewPage;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Imm(in Instruction i) => (ulong)(long)i.Imm;
}
