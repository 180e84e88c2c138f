using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>
/// The code that all regions of one code cache share: the way in and out, and to the engine's function. Position-independent; its first byte belongs at a multiple of 64,
/// within 2 GiB of all regions.
/// </summary>
/// <remarks>
/// System V calling convention. The way in saves six registers, so that within regions rsp is 8 modulo 16, and at the first instruction behind a call 0: the engine's function
/// is called without further ado.
/// </remarks>
public sealed partial class X64Stubs
{
    /// <summary>In the register that holds kind and distance: the kind is in the bits from here on, the distance, signed, in those below.</summary>
    internal const int KindShift = 24;

    private static readonly Gpr[] Saved = [Gpr.Rbx, Gpr.Rbp, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15];

    /// <summary>Sizes of accesses.</summary>
    private const int Sizes = 4;

    private readonly X64Assembler _asm = new();
    private readonly X64Homes _homes;
    private readonly int[] _fills = new int[3 * 2 * Sizes];
    private readonly int[] _pairFills = new int[3 * Sizes];
    private readonly int[] _accesses = new int[2 * Sizes];
    private readonly int _constants;
    private readonly Label _call;

    /// <exception cref="PlatformNotSupportedException">The host is Windows, whose calling convention is another one.</exception>
    public X64Stubs(X64Target target)
    {
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException("Generated code keeps to the System V calling convention; it does not know that of Windows yet.");
        _homes = new X64Homes(target);
        _constants = WriteConstants();
        _call = _asm.NewLabel();
        Enter = Begin();
        WriteEnter();
        Leave = Begin();
        Label exit = WriteLeave();
        Call = Begin();
        _asm.Bind(_call);
        WriteCall(exit);
        Follow = Begin();
        Label follow = _asm.NewLabel();
        _asm.Bind(follow);
        WriteFollow(exit);
        FollowLink = Begin();
        WriteFollow(CallbackKind.Link, follow);
        FollowLookup = Begin();
        WriteFollow(CallbackKind.Lookup, follow);
        for (int number = 0; number < _fills.Length; number++)
        {
            _fills[number] = Begin();
            WriteFill(writes: (number & Sizes) != 0, number % Sizes, (Gpr)(number / (2 * Sizes)));
        }

        for (int number = 0; number < _pairFills.Length; number++)
        {
            _pairFills[number] = Begin();
            WriteFillPair(number % Sizes, (Gpr)(number / Sizes));
        }

        for (CallbackKind kind = CallbackKind.Load8; kind <= CallbackKind.Store64; kind++)
        {
            _accesses[(int)kind] = Begin();
            WriteAccess(kind);
        }

        _asm.ResolveLabels();
        Code = _asm.Code.ToArray();
    }

    public byte[] Code { get; }

    /// <summary>Offset of <c>int Enter(void* slot0, void* code)</c>: runs generated code until it leaves, and returns why.</summary>
    public int Enter { get; }

    /// <summary>Offset of the way out for code that jumps here with the reason in eax.</summary>
    public int Leave { get; }

    /// <summary>
    /// Offset of what cold code calls: rax = a, rdx = b, ecx = kind and distance. Returns with <see cref="FrameSlot.Result"/> in rax and all other scratch registers changed, or leaves.
    /// </summary>
    internal int Call { get; }

    /// <summary>Offset of what cold code jumps to, with the same registers, to go on at the host address that the engine says.</summary>
    internal int Follow { get; }

    /// <summary>As <see cref="Follow"/>, to follow link number rax.</summary>
    internal int FollowLink { get; }

    /// <summary>As <see cref="Follow"/>, to go to the guest's address rax.</summary>
    internal int FollowLookup { get; }

    /// <summary>
    /// Offset of what the cold code of a site calls, with the address in one of the scratch registers, rax, rcx and rdx, and the site's distance from rbp on the stack, from where it is removed.
    /// If the page is in the TLB, sets the zero flag and the register to the addend, and fills the site. Changes nothing else.
    /// </summary>
    internal int Fill(bool writes, int sizeLog, Gpr register) => _fills[(int)register * 2 * Sizes + (writes ? Sizes : 0) + sizeLog];

    /// <summary>The same for a pair.</summary>
    internal int FillPair(int sizeLog, Gpr register) => _pairFills[(int)register * Sizes + sizeLog];

    /// <summary>As <see cref="Call"/>, for a load or a store of code that is executed rarely: the engine is asked only if the page is not in the TLB.</summary>
    internal int Access(CallbackKind kind) => _accesses[(int)kind];

    /// <summary>What is set in the tag of a site: the bits of an address within its page, but for those that alignment leaves zero.</summary>
    internal static int TagBits(int sizeLog) => PageBits & ~((1 << sizeLog) - 1);

    /// <summary>What is at an offset that code of regions calls or reads, for listings.</summary>
    public string NameOf(int offset)
    {
        if (offset == Call || offset == Follow || offset == FollowLink || offset == FollowLookup) return "the engine";
        if (_fills.Contains(offset)) return "TLB to site";
        if (_pairFills.Contains(offset)) return "TLB to pair";
        if (Array.IndexOf(_accesses, offset) is >= 0 and int kind) return ((CallbackKind)kind).ToString();
        foreach (X64Constant constant in Enum.GetValues<X64Constant>())
        {
            if (offset == OffsetOf(constant)) return constant.ToString();
        }

        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"stubs+0x{offset:x}");
    }

    /// <summary>Offset of a constant.</summary>
    internal int OffsetOf(X64Constant constant) => _constants + X64Constants.Size * (int)constant;

    private int Begin()
    {
        _asm.Align(16);
        return _asm.Position;
    }

    private int WriteConstants()
    {
        int start = _asm.Position;
        foreach (ulong value in X64Constants.Values)
        {
            _asm.Data(value);
            _asm.Data(0);
        }

        // Code on lines of its own.
        while (_asm.Position % 64 != 0) _asm.Data(0);
        return start;
    }

    private void WriteEnter()
    {
        foreach (Gpr register in Saved) _asm.Push(register);
        _asm.Lea(OperandSize.Qword, Gpr.Rbp, new Mem(Gpr.Rdi, X64Target.FrameBias));
        _asm.Mov(OperandSize.Qword, Gpr.Rax, Gpr.Rsi);
        _asm.Stmxcsr(_homes.Frame(FrameSlot.HostFloatControl));
        LoadHomes();
        _asm.Jmp(Gpr.Rax);
    }

    /// <summary>Returns the place behind the stores: the slots are in memory, and the host's floating-point control word is loaded.</summary>
    private Label WriteLeave()
    {
        StoreHomes();
        Label exit = _asm.NewLabel();
        _asm.Bind(exit);
        for (int i = Saved.Length - 1; i >= 0; i--) _asm.Pop(Saved[i]);
        _asm.Ret();
        return exit;
    }

    private void WriteCall(Label exit)
    {
        Label leave = _asm.NewLabel();
        CallEngine();
        _asm.JccLong(Cc.NotEqual, leave);
        LoadHomes();
        _asm.Mov(OperandSize.Qword, Gpr.Rax, _homes.Frame(FrameSlot.Result));
        _asm.Ret();
        _asm.Bind(leave);
        _asm.Alu(AluOp.Add, OperandSize.Qword, Gpr.Rsp, 8);
        _asm.Jmp(exit);
    }

    private void WriteFollow(Label exit)
    {
        Label leave = _asm.NewLabel();
        _asm.Alu(AluOp.Sub, OperandSize.Qword, Gpr.Rsp, 8);
        CallEngine();
        _asm.Lea(OperandSize.Qword, Gpr.Rsp, new Mem(Gpr.Rsp, 8));
        _asm.JccLong(Cc.NotEqual, leave);
        LoadHomes();
        _asm.Jmp(_homes.Frame(FrameSlot.Result));
        _asm.Bind(leave);
        _asm.Jmp(exit);
    }

    /// <summary>For a kind that needs no distance.</summary>
    private void WriteFollow(CallbackKind kind, Label follow)
    {
        _asm.MovConstant(Gpr.Rcx, (uint)kind << KindShift);
        _asm.Jmp(follow);
    }

    /// <summary>Stores the homes and calls the engine's function; the flags tell whether eax is zero.</summary>
    private void CallEngine()
    {
        StoreHomes();
        _asm.Mov(OperandSize.Qword, Gpr.Rdi, _homes.Frame(FrameSlot.Engine));
        _asm.Mov(OperandSize.Dword, Gpr.Rsi, Gpr.Rcx);
        _asm.Shift(ShiftOp.Shr, OperandSize.Dword, Gpr.Rsi, KindShift);
        _asm.Shift(ShiftOp.Shl, OperandSize.Dword, Gpr.Rcx, 32 - KindShift);
        _asm.Movsxd(Gpr.R8, Gpr.Rcx);
        _asm.Shift(ShiftOp.Sar, OperandSize.Qword, Gpr.R8, 32 - KindShift);
        _asm.Mov(OperandSize.Qword, Gpr.Rcx, Gpr.Rdx);
        _asm.Mov(OperandSize.Qword, Gpr.Rdx, Gpr.Rax);
        _asm.Call(_homes.Frame(FrameSlot.Callback));
        _asm.Test(OperandSize.Dword, Gpr.Rax, Gpr.Rax);
    }

    /// <summary>Changes no flags and no scratch registers.</summary>
    private void LoadHomes()
    {
        _asm.Ldmxcsr(_homes.Frame(FrameSlot.GuestFloatControl));
        for (int slot = 0; slot < _homes.Count; slot++)
        {
            int home = _homes.Of(slot);
            if (home >= X64Homes.FirstXmm) _asm.Movq((Xmm)(home - X64Homes.FirstXmm), X64Homes.Memory(slot));
            else if (home != X64Homes.InMemory) _asm.Mov(OperandSize.Qword, (Gpr)home, X64Homes.Memory(slot));
        }
    }

    /// <summary>Changes no flags and no scratch registers.</summary>
    private void StoreHomes()
    {
        _asm.Stmxcsr(_homes.Frame(FrameSlot.GuestFloatControl));
        _asm.Ldmxcsr(_homes.Frame(FrameSlot.HostFloatControl));
        for (int slot = 0; slot < _homes.Count; slot++)
        {
            int home = _homes.Of(slot);
            if (home >= X64Homes.FirstXmm) _asm.Movq(X64Homes.Memory(slot), (Xmm)(home - X64Homes.FirstXmm));
            else if (home != X64Homes.InMemory) _asm.Mov(OperandSize.Qword, (Rm)X64Homes.Memory(slot), (Gpr)home);
        }
    }
}
