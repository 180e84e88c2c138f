namespace Doppel.CodeGen.Ir;

/// <summary>What may stand in one place of an operation.</summary>
internal enum IrRule : byte
{
    Nothing,

    /// <summary>A temporary, slot or constant that is read as an integer.</summary>
    Integer,

    /// <summary>A temporary or slot that is read as a floating-point number.</summary>
    Float,

    /// <summary>A temporary, slot or constant of any kind: moves.</summary>
    Any,

    /// <summary>As <see cref="Float"/> if the type is a floating-point one, else as <see cref="Integer"/>.</summary>
    ByType,

    /// <summary>A constant.</summary>
    Constant,

    /// <summary>A constant from 0 to 3.</summary>
    Scale,

    /// <summary>A constant of 32 bits, signed.</summary>
    Displacement,
    Label,
}

/// <summary>What <see cref="IrOp.Detail"/> says.</summary>
internal enum IrDetailRule : byte
{
    Nothing,
    Condition,
    Integer,
}

/// <summary>The types that an operation comes in.</summary>
[Flags]
internal enum IrTypes : ushort
{
    I64 = 1 << IrType.I64,
    U32 = 1 << IrType.U32,
    S32 = 1 << IrType.S32,
    Arithmetic = I64 | U32 | S32,
    AllIntegers = Arithmetic | 1 << IrType.U16 | 1 << IrType.S16 | 1 << IrType.U8 | 1 << IrType.S8,
    F32 = 1 << IrType.F32,
    F64 = 1 << IrType.F64,
    Floats = F32 | F64,
}

/// <summary>What an operation does beside computing its result.</summary>
[Flags]
internal enum IrEffects : byte
{
    None = 0,

    /// <summary>May leave the region, so that all slots must be exact.</summary>
    Leaves = 1,

    /// <summary>The operation behind it is not reached from it.</summary>
    Ends = 2,

    /// <summary>Is more than its result: it must stay even if nobody reads that.</summary>
    Acts = 4,

    /// <summary>Needs to know the guest instruction that it belongs to.</summary>
    NeedsGuest = 8,

    /// <summary>The only operation of its guest instruction, as the interpreter may execute that instead.</summary>
    Alone = 16,

    /// <summary>May change every slot.</summary>
    ChangesAll = 32,
}

/// <summary>The form of an operation: one row per opcode, for the verifier, the printer, the parser, the passes and the generator of tests.</summary>
internal readonly record struct IrSignature(IrTypes Types, IrRule D, IrRule A, IrRule B, IrRule C, IrDetailRule Detail, IrEffects Effects)
{
    private static readonly IrSignature[] Rows = [.. Enum.GetValues<IrOpcode>().Select(Make)];

    public static int Count => Rows.Length;

    public static ref readonly IrSignature Of(IrOpcode code) => ref Rows[(int)code];

    public static bool IsKnown(IrOpcode code) => (int)code < Rows.Length;

    public bool Has(IrEffects effects) => (Effects & effects) != 0;

    public bool Allows(IrType type) => type <= IrType.F32 && ((int)Types >> (int)type & 1) != 0;

    private static IrSignature Make(IrOpcode code)
    {
        switch (code)
        {
            case IrOpcode.Mov: return new(IrTypes.AllIntegers, IrRule.Any, IrRule.Any, default, default, default, default);
            case >= IrOpcode.MulHighS and <= IrOpcode.MulCarrylessHigh:
            case >= IrOpcode.MinS and <= IrOpcode.MaxU:
            case >= IrOpcode.BitSet and <= IrOpcode.BitTest: return Integer(IrTypes.I64, IrRule.Integer);
            case >= IrOpcode.Add and <= IrOpcode.Ror: return Integer(IrTypes.Arithmetic, IrRule.Integer);
            case IrOpcode.ShlAdd: return Integer(IrTypes.I64 | IrTypes.U32, IrRule.Integer, IrRule.Scale);
            case IrOpcode.Clz or IrOpcode.Ctz or IrOpcode.Popcount: return Integer(IrTypes.I64 | IrTypes.U32);
            case IrOpcode.ByteSwap: return Integer(IrTypes.I64);
            case IrOpcode.Set: return Integer(IrTypes.I64, IrRule.Integer) with { Detail = IrDetailRule.Condition };
            case IrOpcode.Select: return Integer(IrTypes.I64, IrRule.Any, IrRule.Any) with { D = IrRule.Any };
            case IrOpcode.Load: return Memory(IrRule.ByType, IrRule.Nothing);
            case IrOpcode.Store: return Memory(IrRule.Nothing, IrRule.ByType);
            case IrOpcode.LoadReserved: return Atomic(IrRule.Nothing);
            case >= IrOpcode.StoreConditional and <= IrOpcode.AtomicMaxU: return Atomic(IrRule.Integer);
            case IrOpcode.ZeroBlock: return Control(IrEffects.Acts | IrEffects.Leaves | IrEffects.NeedsGuest | IrEffects.Alone, IrRule.Integer);
            case IrOpcode.Fence: return Control(IrEffects.Acts);
            case >= IrOpcode.FAdd and <= IrOpcode.FDiv: return Float(IrRule.Float);
            case IrOpcode.FSqrt: return Float();
            case >= IrOpcode.FMulAdd and <= IrOpcode.FNegMulSub: return Float(IrRule.Float, IrRule.Float);
            case IrOpcode.FMin or IrOpcode.FMax: return Float(IrRule.Float);
            case >= IrOpcode.FSignCopy and <= IrOpcode.FSignXor: return Float(IrRule.Float) with { Effects = IrEffects.None };
            case >= IrOpcode.FEqual and <= IrOpcode.FLessOrEqual: return Float(IrRule.Float) with { D = IrRule.Integer };
            case IrOpcode.FCanon: return Float() with { Effects = IrEffects.None };
            case IrOpcode.FUnbox: return Float() with { Types = IrTypes.F32, Effects = IrEffects.None };
            case IrOpcode.FBox: return Float() with { Types = IrTypes.F32, A = IrRule.Any, Effects = IrEffects.None };
            case IrOpcode.FConvert: return Float();
            case IrOpcode.FFromInt: return Float() with { A = IrRule.Integer, Detail = IrDetailRule.Integer };
            case >= IrOpcode.FToIntZero and <= IrOpcode.FToInt: return Float() with { D = IrRule.Integer, Detail = IrDetailRule.Integer };
            case IrOpcode.FReadFlags: return Control(IrEffects.Acts) with { D = IrRule.Integer };
            case IrOpcode.FWriteFlags: return Control(IrEffects.Acts, IrRule.Integer);
            case IrOpcode.Label: return Control(IrEffects.Acts, c: IrRule.Label);
            case IrOpcode.Jump: return Control(IrEffects.Acts | IrEffects.Ends, c: IrRule.Label);
            case IrOpcode.Branch: return Control(IrEffects.Acts, IrRule.Integer, IrRule.Integer, IrRule.Label) with { Detail = IrDetailRule.Condition };
            case IrOpcode.JumpUnlessAttention: return Control(IrEffects.Acts, c: IrRule.Label);
            case IrOpcode.Goto: return Control(IrEffects.Acts | IrEffects.Leaves | IrEffects.Ends, IrRule.Constant);
            case IrOpcode.GotoIndirect: return Control(IrEffects.Acts | IrEffects.Leaves | IrEffects.Ends, IrRule.Integer);
            case IrOpcode.CheckAttention: return Control(IrEffects.Acts | IrEffects.Leaves, IrRule.Constant);
            case IrOpcode.Count: return Control(IrEffects.Acts | IrEffects.Leaves, IrRule.Constant, IrRule.Constant);
            case IrOpcode.Uncount: return Control(IrEffects.Acts, IrRule.Constant);
            case IrOpcode.SelectContext: return Control(IrEffects.Acts | IrEffects.Leaves, IrRule.Integer);
            case IrOpcode.RequirePage: return Control(IrEffects.Acts | IrEffects.Leaves | IrEffects.NeedsGuest, IrRule.Constant, IrRule.Constant);
            case IrOpcode.Step: return Control(IrEffects.Acts | IrEffects.Leaves | IrEffects.Alone | IrEffects.ChangesAll, IrRule.Constant);
            case IrOpcode.StepLast: return Control(IrEffects.Acts | IrEffects.Leaves | IrEffects.Ends | IrEffects.Alone | IrEffects.ChangesAll, IrRule.Constant);
            default: throw new ArgumentOutOfRangeException(nameof(code), code, "This operation has no row.");
        }
    }

    private static IrSignature Integer(IrTypes types, IrRule b = default, IrRule c = default) => new(types, IrRule.Integer, IrRule.Integer, b, c, default, default);

    private static IrSignature Float(IrRule b = default, IrRule c = default) => new(IrTypes.Floats, IrRule.Float, IrRule.Float, b, c, default, IrEffects.Acts);

    private static IrSignature Memory(IrRule d, IrRule b) =>
        new(IrTypes.AllIntegers | IrTypes.Floats, d, IrRule.Integer, b, IrRule.Displacement, default, IrEffects.Acts | IrEffects.Leaves | IrEffects.NeedsGuest);

    private static IrSignature Atomic(IrRule b) =>
        new(IrTypes.S32 | IrTypes.I64, IrRule.Integer, IrRule.Integer, b, default, default, IrEffects.Acts | IrEffects.Leaves | IrEffects.NeedsGuest | IrEffects.Alone);

    private static IrSignature Control(IrEffects effects, IrRule a = default, IrRule b = default, IrRule c = default) => new(IrTypes.I64, default, a, b, c, default, effects);
}
