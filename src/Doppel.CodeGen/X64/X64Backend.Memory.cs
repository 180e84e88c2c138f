using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>Loads and stores: a look into the TLB, whose tag also fails for what is misaligned, and the access itself.</summary>
public sealed partial class X64Backend
{
    private const int PageMask = ~4095;

    /// <summary>Entries have 16 bytes: bits 12 and up of an address, moved to bit 4.</summary>
    internal const int IndexShift = 8;
    internal const int IndexMask = (X64Target.TlbEntries - 1) << 4;

    private void Load(in IrOp op)
    {
        TryBeginGroup(op);
        int temp = GroupTemp(op);
        if (temp >= 0)
        {
            Mem member = MemberOf(op, temp);
            int register = LoadTarget(op, NoPlace);
            LoadFrom(member, op.Type, register);
            FinishLoad(op, register);
            return;
        }

        (Gpr @base, int offset) = Address(op);
        var access = new ColdCode
        {
            Kind = CallbackKind.Load8 + BytesLog(op.Type),
            Distance = _distance,
            Unexecuted = Unexecuted,
            Base = @base,
            Offset = offset,
            Type = op.Type,
        };
        if (!_grouping)
        {
            access.Result = (sbyte)LoadTarget(op, NoPlace);
            CallAccess(access);
            FinishLoad(op, access.Result);
            return;
        }

        (Mem host, Gpr free, SiteAccess site) = Find(@base, offset, BytesLog(op.Type), writes: false, out Label cold);
        int result = LoadTarget(op, (int)free);
        LoadFrom(host, op.Type, result);
        access.Entry = cold;
        access.Back = Here();
        access.Site = site;
        access.Result = (sbyte)result;
        access.Saved = SavedTemps();
        access.Copies = SavedCopies();
        AddCold(access);
        FinishLoad(op, result);
    }

    /// <summary>In code that is executed rarely: by a call that looks into the TLB and, if need be, asks the engine.</summary>
    private void CallAccess(ColdCode access)
    {
        access.Saved = SavedTemps();
        WriteAccess(access, _stubs.Access(access.Kind));
        _copies = 0;
    }

    /// <summary>The register to load into: the destination's, or a scratch register.</summary>
    private int LoadTarget(in IrOp op, int free)
    {
        int home = RegisterOfTarget(op.D);
        if (op.Type >= IrType.F64) return IsXmm(home) ? home : X64Homes.FirstXmm + (int)TakeXmm();
        if (IsGpr(home)) return home;
        return free != NoPlace ? free : (int)TakeGpr();
    }

    private void LoadFrom(Mem host, IrType type, int result)
    {
        if (type == IrType.F64) _asm.Movq(XmmOf(result), host);
        else if (type == IrType.F32) _asm.MovScalar(FloatSize.Single, XmmOf(result), host);
        else LoadExtended((Gpr)result, host, type);
    }

    private void FinishLoad(in IrOp op, int result)
    {
        if (op.Type == IrType.F32) Logic(SseLogic.Or, XmmOf(result), X64Constant.Box);
        if (op.Type >= IrType.F64) FinishXmm(op.D, XmmOf(result));
        else Finish(op.D, (Gpr)result);
    }

    private void Store(in IrOp op)
    {
        TryBeginGroup(op);
        int temp = GroupTemp(op);
        if (temp >= 0)
        {
            StoreTo(MemberOf(op, temp), op, NoPlace);
            return;
        }

        (Gpr @base, int offset) = Address(op);

        var access = new ColdCode
        {
            Kind = CallbackKind.Store8 + BytesLog(op.Type),
            Distance = _distance,
            Unexecuted = Unexecuted,
            Base = @base,
            Offset = offset,
            Result = ColdCode.NoResult,
            Type = op.Type,
            Value = op.B,
        };
        if (!_grouping)
        {
            SetValue(ref access, op, RegisterOf(op.B));
            CallAccess(access);
            return;
        }

        // A look into a site leaves no register for the value: it comes first then.
        int held = HasSites && NeedsGpr(op) ? (int)Use(op.B) : NoPlace;
        (Mem host, Gpr free, SiteAccess site) = Find(@base, offset, BytesLog(op.Type), writes: true, out Label cold);
        if (held != NoPlace) _asm.Mov(StoredSize(op.Type), (Rm)host, (Gpr)held);
        else StoreTo(host, op, (int)free);
        SetValue(ref access, op, held != NoPlace ? held : RegisterOf(op.B));
        access.Entry = cold;
        access.Back = Here();
        access.Site = site;
        access.Saved = SavedTemps();
        access.Copies = SavedCopies();
        AddCold(access);
    }

    private void SetValue(ref ColdCode access, in IrOp op, int register)
    {
        access.ValueRegister = (sbyte)register;
        access.ValueMemory = register == NoPlace && !op.B.IsConstant ? MemoryOf(op.B) : default;
    }

    private static OperandSize StoredSize(IrType type) => BytesLog(type) switch { 0 => OperandSize.Byte, 1 => OperandSize.Word, 2 => OperandSize.Dword, _ => OperandSize.Qword };

    /// <summary>Whether what is stored has to be in a general-purpose register.</summary>
    private bool NeedsGpr(in IrOp op)
    {
        OperandSize size = StoredSize(op.Type);
        return !Immediate(op.B, size, out _) && !(IsXmm(RegisterOf(op.B)) && size >= OperandSize.Dword);
    }

    private void StoreTo(Mem host, in IrOp op, int free)
    {
        OperandSize size = StoredSize(op.Type);
        int value = RegisterOf(op.B);
        if (Immediate(op.B, size, out int constant)) _asm.MovImm(size, host, constant);
        else if (IsXmm(value) && size == OperandSize.Qword) _asm.Movq(host, XmmOf(value));
        else if (IsXmm(value) && size == OperandSize.Dword) _asm.MovScalar(FloatSize.Single, host, XmmOf(value));
        else if (IsGpr(value)) _asm.Mov(size, (Rm)host, (Gpr)value);
        else StoreLow(op.B, free != NoPlace ? (Gpr)free : TakeGpr(), size, host);
    }

    private void StoreLow(IrOperand value, Gpr scratch, OperandSize size, Mem host)
    {
        Fetch(scratch, value, size == OperandSize.Qword ? size : OperandSize.Dword);
        _asm.Mov(size, (Rm)host, scratch);
    }

    /// <summary>The address of an access in a register, which is not changed, and what is to be added to it.</summary>
    private (Gpr Base, int Offset) Address(in IrOp op)
    {
        int offset = op.C.IsNone ? 0 : (int)_region.ValueOf(op.C);
        if (!op.A.IsConstant) return (Use(op.A), offset);
        Gpr constant = TakeGpr();
        LoadConstant(constant, _region.ValueOf(op.A) + offset);
        return (constant, 0);
    }

    /// <summary>As <see cref="Probe"/>; in a site if there are any, and the register returned is part of the address then.</summary>
    private (Mem Host, Gpr Free, SiteAccess Site) Find(Gpr @base, int offset, int sizeLog, bool writes, out Label cold)
    {
        if (HasSites) return LookIntoSite(@base, offset, sizeLog, writes, out cold);
        (Mem host, Gpr free) = Probe(@base, offset, 1 << sizeLog, writes ? FrameSlot.WriteTlb : FrameSlot.ReadTlb, out cold);
        return (host, free, default);
    }

    /// <summary>
    /// Finds the host's memory behind base + offset, or goes to the cold label. Of the registers, which nobody else has, the one returned may be used up once the host's
    /// address is not needed, or even for the loaded value itself; it is not part of the address if another one was to be had.
    /// </summary>
    private (Mem Host, Gpr Free) Probe(Gpr @base, int offset, int size, int tlb, out Label cold)
    {
        cold = _asm.NewLabel();
        Gpr tag = TakeGpr(), index = TakeGpr();
        if (offset != 0) _asm.Lea(OperandSize.Qword, tag, new Mem(@base, offset));
        LoadIndex(index, offset != 0 ? tag : @base);
        if (offset == 0) _asm.Mov(OperandSize.Qword, tag, @base);
        _asm.Alu(AluOp.And, OperandSize.Qword, tag, PageMask | (size - 1));
        Mem entry = Entry(index, tlb);
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, tag, entry);
        _asm.JccLong(Cc.NotEqual, cold);
        _asm.Mov(OperandSize.Qword, index, entry.Plus(8));
        return (new Mem(@base, index, 1, offset), tag);
    }

    /// <summary>index = the offset of the address's entry in a TLB.</summary>
    private void LoadIndex(Gpr index, Gpr address)
    {
        if (_hasBmi2)
        {
            _asm.Rorx(OperandSize.Dword, index, address, IndexShift);
        }
        else
        {
            _asm.Mov(OperandSize.Dword, index, address);
            _asm.Shift(ShiftOp.Shr, OperandSize.Dword, index, IndexShift);
        }

        _asm.Alu(AluOp.And, OperandSize.Dword, index, IndexMask);
    }

    /// <summary>The entry at the offset, with another scratch register if there is one.</summary>
    private Mem Entry(Gpr index, int tlb)
    {
        if (HasFreeGpr)
        {
            Gpr table = TakeGpr();
            _asm.Mov(OperandSize.Qword, table, _homes.Frame(tlb));
            return new Mem(table, index);
        }

        _asm.Alu(AluOp.Add, OperandSize.Qword, index, _homes.Frame(tlb));
        return new Mem(index);
    }

    private static int Bytes(IrType type) => 1 << BytesLog(type);

    // In the order of the types.
    private static ReadOnlySpan<byte> BytesLogs => [3, 2, 2, 1, 1, 0, 0, 3, 2];

    private static int BytesLog(IrType type) => BytesLogs[(int)type];

    /// <summary>A label at this place.</summary>
    private Label Here()
    {
        Label label = _asm.NewLabel();
        _asm.Bind(label);
        return label;
    }
}
