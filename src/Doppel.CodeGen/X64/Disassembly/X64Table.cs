namespace Doppel.CodeGen.X64.Disassembly;

/// <summary>
/// The instructions that <see cref="Assembler.X64Assembler"/> has, as text: opcode (of registers in the opcode the first one), <c>/</c> and the extension in ModRM if it has one,
/// mandatory prefix if any (66, f3, f2; <c>v</c> before it for VEX, <c>e</c> for EVEX), mnemonic, operands.
/// </summary>
/// <remarks>
/// Operands as in the opcode maps of the manual: E a general register or memory, G the register in ModRM, Z the one in the opcode, B the one in VEX; W, V, H and L the same of vectors
/// (L in the immediate); M memory only; I an immediate, J a jump. Sizes: b, w, d, q, o (16 bytes), x (16 or 32, by VEX.L), v by prefix and REX, y 4 or 8 bytes, z an immediate of at most four bytes.
/// A name in lower case is itself. ! after the mnemonic: memory has no other operand that tells its size.
/// </remarks>
internal static class X64Table
{
    /// <summary>Rows in the form of the summary; the map is before the opcode.</summary>
    public const string Rows = """
        50 push Zq
        58 pop Zq
        63 movsxd Gv Ed
        68 push Iz
        6a push Ib
        69 imul Gv Ev Iz
        6b imul Gv Ev Ib
        80/ alu! Eb Ib
        81/ alu! Ev Iz
        83/ alu! Ev Ib
        84 test Eb Gb
        85 test Ev Gv
        86 xchg Eb Gb
        87 xchg Ev Gv
        88 mov Eb Gb
        89 mov Ev Gv
        8a mov Gb Eb
        8b mov Gv Ev
        8d lea Gv Mx
        90 nop
        99 cdq
        b8 mov Zv Iv
        c0/ shift! Eb Ib
        c1/ shift! Ev Ib
        c2 ret Iw
        c3 ret
        c6/0 mov! Eb Ib
        c7/0 mov! Ev Iz
        d0/ shift! Eb 1
        d1/ shift! Ev 1
        d2/ shift! Eb cl
        d3/ shift! Ev cl
        e8 call Jz
        e9 jmp Jz
        eb jmp Jb
        f6/0 test! Eb Ib
        f7/0 test! Ev Iz
        f6/ unary! Eb
        f7/ unary! Ev
        fe/0 inc! Eb
        fe/1 dec! Eb
        ff/0 inc! Ev
        ff/1 dec! Ev
        ff/2 call! Eq
        ff/4 jmp! Eq
        0f0b ud2
        0f10 movups Vo Wo
        0f10 f3 movss Vd Wd
        0f10 f2 movsd Vq Wq
        0f11 movups Wo Vo
        0f11 f3 movss Wd Vd
        0f11 f2 movsd Wq Vq
        0f1f/0 nop Ev
        0f28 movaps Vo Wo
        0f29 movaps Wo Vo
        0f2a f3 cvtsi2ss! Vd Ey
        0f2a f2 cvtsi2sd! Vq Ey
        0f2c f3 cvttss2si Gy Wd
        0f2c f2 cvttsd2si Gy Wq
        0f2d f3 cvtss2si Gy Wd
        0f2d f2 cvtsd2si Gy Wq
        0f2e ucomiss Vd Wd
        0f2e 66 ucomisd Vq Wq
        0f2f comiss Vd Wd
        0f2f 66 comisd Vq Wq
        0f54 andps Vo Wo
        0f55 andnps Vo Wo
        0f56 orps Vo Wo
        0f57 xorps Vo Wo
        0f5a f3 cvtss2sd Vq Wd
        0f5a f2 cvtsd2ss Vd Wq
        0f62 66 punpckldq Vo Wo
        0f6c 66 punpcklqdq Vo Wo
        0f6e 66 movd Vo Ey
        0f70 66 pshufd Vo Wo Ib
        0f72/2 66 psrld Wo Ib
        0f72/4 66 psrad Wo Ib
        0f72/6 66 pslld Wo Ib
        0f73/2 66 psrlq Wo Ib
        0f73/6 66 psllq Wo Ib
        0f74 66 pcmpeqb Vo Wo
        0f75 66 pcmpeqw Vo Wo
        0f76 66 pcmpeqd Vo Wo
        0f7e 66 movd Ey Vo
        0f7e f3 movq Vq Wq
        0fa3 bt Ev Gv
        0fab bts Ev Gv
        0fae/2 ldmxcsr Md
        0fae/3 stmxcsr Md
        0faf imul Gv Ev
        0fb0 cmpxchg Eb Gb
        0fb1 cmpxchg Ev Gv
        0fb3 btr Ev Gv
        0fb6 movzx! Gv Eb
        0fb7 movzx! Gv Ew
        0fb8 f3 popcnt Gv Ev
        0fba/4 bt! Ev Ib
        0fba/5 bts! Ev Ib
        0fba/6 btr! Ev Ib
        0fba/7 btc! Ev Ib
        0fbb btc Ev Gv
        0fbc bsf Gv Ev
        0fbc f3 tzcnt Gv Ev
        0fbd bsr Gv Ev
        0fbd f3 lzcnt Gv Ev
        0fbe movsx! Gv Eb
        0fbf movsx! Gv Ew
        0fc0 xadd Eb Gb
        0fc1 xadd Ev Gv
        0fc8 bswap Zv
        0fd4 66 paddq Vo Wo
        0fd6 66 movq Wq Vq
        0fdb 66 pand Vo Wo
        0fdf 66 pandn Vo Wo
        0feb 66 por Vo Wo
        0fef 66 pxor Vo Wo
        0ffb 66 psubq Vo Wo
        0f3a0a 66 roundss Vd Wd Ib
        0f3a0b 66 roundsd Vq Wq Ib
        0f3a0c 66 blendps Vo Wo Ib
        0f3a44 66 pclmulqdq Vo Wo Ib
        0f10 vf3 vmovss Vd Hd Wd
        0f10 vf2 vmovsd Vq Hq Wq
        0f11 v vmovups Wx Vx
        0f2a vf3 vcvtsi2ss! Vd Hd Ey
        0f2a vf2 vcvtsi2sd! Vq Hq Ey
        0f54 v vandps Vo Ho Wo
        0f55 v vandnps Vo Ho Wo
        0f56 v vorps Vo Ho Wo
        0f57 v vxorps Vo Ho Wo
        0f5a vf3 vcvtss2sd Vq Hq Wd
        0f5a vf2 vcvtsd2ss Vd Hd Wq
        0f62 v66 vpunpckldq Vo Ho Wo
        0f6c v66 vpunpcklqdq Vo Ho Wo
        0f74 v66 vpcmpeqb Vo Ho Wo
        0f75 v66 vpcmpeqw Vo Ho Wo
        0f76 v66 vpcmpeqd Vo Ho Wo
        0fd4 v66 vpaddq Vo Ho Wo
        0fdb v66 vpand Vo Ho Wo
        0fdf v66 vpandn Vo Ho Wo
        0feb v66 vpor Vo Ho Wo
        0fef v66 vpxor Vo Ho Wo
        0ffb v66 vpsubq Vo Ho Wo
        0f78 ef3 vcvttss2usi Gy Wd
        0f78 ef2 vcvttsd2usi Gy Wq
        0f79 ef3 vcvtss2usi Gy Wd
        0f79 ef2 vcvtsd2usi Gy Wq
        0f7b ef3 vcvtusi2ss! Vd Hd Ey
        0f7b ef2 vcvtusi2sd! Vq Hq Ey
        0f38f2 v andn Gy By Ey
        0f38f6 vf2 mulx Gy By Ey
        0f38f7 v66 shlx Gy Ey By
        0f38f7 vf3 sarx Gy Ey By
        0f38f7 vf2 shrx Gy Ey By
        0f3a4a v66 vblendvps Vo Ho Wo Lo
        0f3af0 vf2 rorx Gy Ey Ib
        """;

    public static readonly string[] Alu = ["add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"];
    public static readonly string[] Shifts = ["rol", "ror", "rcl", "rcr", "shl", "shr", "sal", "sar"];
    public static readonly string[] Unary = ["test", "test", "not", "neg", "mul", "imul", "div", "idiv"];
    public static readonly string[] Conditions = ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"];
    public static readonly string[] Comparisons = ["eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"];

    /// <summary>Arithmetic that exists in a scalar single (f3) and a scalar double (f2) form, with and without VEX.</summary>
    public static readonly (int Opcode, string Name)[] Scalars = [(0x51, "sqrt"), (0x58, "add"), (0x59, "mul"), (0x5c, "sub"), (0x5d, "min"), (0x5e, "div"), (0x5f, "max"), (0xc2, "cmp")];

    /// <summary>By the low bits of the opcode 0F 38 99 and on; the orders are 132, 213, 231.</summary>
    public static readonly string[] Fused = ["vfmadd", "vfmsub", "vfnmadd", "vfnmsub"];
}
