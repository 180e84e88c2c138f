using System.Diagnostics;
using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>Loads and stores: a look into the TLB, whose tag also fails for what is misaligned, and the access itself.</summary>
public sealed partial class X64Backend
{
    private void Load(in IrOp op)
    {
        if (MayBeginGroup(op)) TryBeginGroup(op);
        int temp = GroupTemp(op);
        if (temp >= 0)
        {
            LoadMember(op, temp);
            return;
        }

        if (!_grouping)
        {
            LoadByCall(op);
            return;
        }

        ref ColdCode access = ref NextAccess(CallbackKind.Load8, op);
        Mem host = Find(ref access, writes: false, out Gpr free);
        int result = LoadTarget(op, (int)free);
        LoadFrom(host, op.Type, result);
        access.Result = (sbyte)result;
        KeepAccess(ref access);
        FinishLoad(op, result);
    }

    /// <summary>An access of a group.</summary>
    private void LoadMember(in IrOp op, int temp)
    {
        int @base = _places[FirstTemp + temp], home = RegisterOfTarget(op.D);
        if (@base != NoPlace && IsGpr(home) && op.Type < IrType.F64)
        {
            // Mostly all is where it has to be.
            LoadExtended((Gpr)home, new Mem((Gpr)@base, OffsetOf(op)), op.Type);
            return;
        }

        Mem member = MemberOf(op, temp);
        int register = LoadTarget(op, NoPlace);
        LoadFrom(member, op.Type, register);
        FinishLoad(op, register);
    }

    /// <summary>In code that is executed rarely; see <see cref="CallAccess"/>.</summary>
    private void LoadByCall(in IrOp op)
    {
        int home = RegisterOfTarget(op.D);
        if (_busy == 0 && !_counts && IsGpr(home) && op.Type < IrType.F64)
        {
            // Mostly there is nothing to be kept, and a home for the result.
            CallbackKind kind = CallbackKind.Load8 + BytesLog(op.Type);
            Gpr address = Address(op, out int offset);
            WriteAddress(address, offset);
            AddStubCall(_asm.CallWith(Request(kind, _distance)), _stubs.Access(kind));
            WriteResult(home, op.Type);
            _copies = 0;
            return;
        }

        ref ColdCode access = ref NextAccess(CallbackKind.Load8, op);
        int result = LoadTarget(op, NoPlace);
        access.Result = (sbyte)result;
        CallAccess(ref access);
        FinishLoad(op, result);
    }

    /// <summary><see cref="NextCold"/> with what all accesses need.</summary>
    /// <param name="first">The kind for one byte.</param>
    private ref ColdCode NextAccess(CallbackKind first, in IrOp op)
    {
        ref ColdCode access = ref NextCold(first + BytesLog(op.Type));
        access.Distance = _distance;
        access.Unexecuted = Unexecuted;
        access.Base = Address(op, out access.Offset);
        access.Type = op.Type;
        access.Result = ColdCode.NoResult;
        access.Value = IrOperand.None;
        return ref access;
    }

    /// <summary>The access has been written: this is where the code behind the region comes back to.</summary>
    private void KeepAccess(ref ColdCode access)
    {
        Debug.Assert(_unstored == 0, "An access may fault, and nothing is brief across it.");
        access.Back = _asm.Position;
        access.Saved = _busy == 0 ? 0 : SavedTemps();
        access.Copies = _copies == 0 ? 0 : SavedCopies();
        _coldCount++;
    }

    /// <summary>In code that is executed rarely: by a call that looks into the TLB and, if need be, asks the engine.</summary>
    private void CallAccess(ref ColdCode access)
    {
        access.Saved = _busy == 0 ? 0 : SavedTemps();
        WriteAccess(access, _stubs.Access(access.Kind));
        _copies = 0;
    }

    /// <summary>The register to load into: the destination's, or a scratch register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int LoadTarget(in IrOp op, int free)
    {
        int home = RegisterOfTarget(op.D);
        if (op.Type >= IrType.F64) return IsXmm(home) ? home : X64Homes.FirstXmm + (int)TakeXmm();
        if (IsGpr(home)) return home;
        return free != NoPlace ? free : (int)TakeGpr();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void LoadFrom(Mem host, IrType type, int result)
    {
        if (type == IrType.F64) _asm.Movq(XmmOf(result), host);
        else if (type == IrType.F32) _asm.MovScalar(FloatSize.Single, XmmOf(result), host);
        else LoadExtended((Gpr)result, host, type);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void FinishLoad(in IrOp op, int result)
    {
        if (op.Type == IrType.F32) Logic(SseLogic.Or, XmmOf(result), X64Constant.Box);
        if (op.Type >= IrType.F64) FinishXmm(op.D, XmmOf(result));
        else Finish(op.D, (Gpr)result);
    }

    private void Store(in IrOp op)
    {
        if (MayBeginGroup(op)) TryBeginGroup(op);
        int temp = GroupTemp(op);
        if (temp >= 0)
        {
            StoreTo(MemberOf(op, temp), op, NoPlace);
            return;
        }

        ref ColdCode access = ref NextAccess(CallbackKind.Store8, op);
        if (!_grouping)
        {
            SetValue(ref access, op, RegisterOf(op.B));
            CallAccess(ref access);
            return;
        }

        // A look into a site leaves no register for the value: it comes first then.
        int held = HasSites && NeedsGpr(op) ? (int)Use(op.B) : NoPlace;
        Mem host = Find(ref access, writes: true, out Gpr free);
        if (held != NoPlace) _asm.Mov(StoredSize(op.Type), (Rm)host, (Gpr)held);
        else StoreTo(host, op, (int)free);
        SetValue(ref access, op, held != NoPlace ? held : RegisterOf(op.B));
        KeepAccess(ref access);
    }

    private void SetValue(ref ColdCode access, in IrOp op, int register)
    {
        access.Value = op.B;
        access.ValueRegister = (sbyte)register;
        if (register == NoPlace && !op.B.IsConstant) access.ValueMemory = MemoryOf(op.B);
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
        if (IsGpr(value)) _asm.Mov(size, (Rm)host, (Gpr)value);
        else if (Immediate(op.B, size, out int constant)) _asm.MovImm(size, host, constant);
        else if (IsXmm(value) && size == OperandSize.Qword) _asm.Movq(host, XmmOf(value));
        else if (IsXmm(value) && size == OperandSize.Dword) _asm.MovScalar(FloatSize.Single, host, XmmOf(value));
        else StoreLow(op.B, free != NoPlace ? (Gpr)free : TakeGpr(), size, host);
    }

    private void StoreLow(IrOperand value, Gpr scratch, OperandSize size, Mem host)
    {
        Fetch(scratch, value, size == OperandSize.Qword ? size : OperandSize.Dword);
        _asm.Mov(size, (Rm)host, scratch);
    }

    /// <summary>The address of an access in a register, which is not changed, and what is to be added to it.</summary>
    private Gpr Address(in IrOp op, out int offset)
    {
        offset = OffsetOf(op);
        if (!op.A.IsConstant) return Use(op.A);
        Gpr constant = TakeGpr();
        LoadConstant(constant, _region.ValueOf(op.A) + offset);
        offset = 0;
        return constant;
    }

    /// <summary>As <see cref="Probe"/>; in a site or a pair if there are any, and the free register is part of the address then.</summary>
    private Mem Find(ref ColdCode access, bool writes, out Gpr free)
    {
        int sizeLog = BytesLog(access.Type);
        if (HasSites) return LookIntoSite(ref access, sizeLog, writes, out free);
        if (!writes && HasPair) return LookIntoPair(ref access, sizeLog, out free);
        access.Site = default;
        return Probe(access.Base, access.Offset, sizeLog, writes, out free, out access.Jump);
    }

    private int OffsetOf(in IrOp op) => op.C.IsInline ? op.C.Payload : op.C.IsNone ? 0 : (int)_region.ValueOf(op.C);

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
