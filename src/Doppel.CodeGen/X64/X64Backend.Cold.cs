using System.Numerics;
using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>What lies behind a region's code: the ways to the engine.</summary>
public sealed partial class X64Backend
{
    private ColdCode[] _cold = new ColdCode[64];
    private int _coldCount;
    private StubCall[] _stubCalls = new StubCall[64];
    private int _stubCallCount;

    /// <summary>The next place for cold code, where the caller writes what its kind needs; counting it keeps it.</summary>
    /// <remarks>In its place and field by field: for an access, to clear and to copy it all would take longer than the rest.</remarks>
    private ref ColdCode NextCold(CallbackKind kind)
    {
        if (_coldCount == _cold.Length) Array.Resize(ref _cold, 2 * _coldCount);
        ref ColdCode cold = ref _cold[_coldCount];
        cold.Kind = kind;
        cold.IsInPage = false;
        cold.Unexecuted = 0;
        return ref cold;
    }

    private ref ColdCode AddCold(CallbackKind kind, int jump)
    {
        ref ColdCode cold = ref NextCold(kind);
        cold.Jump = jump;
        _coldCount++;
        return ref cold;
    }

    /// <summary>Of a kind that does not come back.</summary>
    private void AddCold(CallbackKind kind, int jump, int distance, int unexecuted)
    {
        ref ColdCode cold = ref AddCold(kind, jump);
        cold.Distance = distance;
        cold.Unexecuted = unexecuted;
    }

    /// <summary>The temporaries in scratch registers that later operations read; see <see cref="ColdCode.Saved"/>.</summary>
    private ulong SavedTemps()
    {
        ulong saved = 0;
        for (uint rest = _busy; rest != 0; rest &= rest - 1)
        {
            int register = BitOperations.TrailingZeroCount(rest);
            int temp = _occupants[register];
            if (_lastUses[temp] > _index) saved |= (ulong)(SpillOf(temp) + 1) << SavedShift(register);
        }

        return saved;
    }

    private static int SavedShift(int register) => 8 * (IsXmm(register) ? 3 + (int)XmmOf(register) : register);

    private void WriteCold()
    {
        for (int i = 0; i < _coldCount; i++)
        {
            ref readonly ColdCode cold = ref _cold[i];
            if (cold.Kind == CallbackKind.Link) _asm.Bind(cold.Entry);
            else _asm.Lead(cold.Jump, _asm.Position);
            switch (cold.Kind)
            {
                case CallbackKind.Link:
                    _links[cold.Offset] = _links[cold.Offset] with { Cold = _asm.Position };
                    _asm.MovConstant(Gpr.Rax, (uint)(_firstLink + cold.Offset));
                    AddStubCall(_asm.JmpLong(), _stubs.FollowLink);
                    break;
                case CallbackKind.Lookup when cold.IsInPage:
                    Fetch(Gpr.Rax, PcSlot);
                    _asm.Alu(AluOp.Add, OperandSize.Qword, Gpr.Rax, cold.Offset);
                    AddStubCall(_asm.JmpLong(), _stubs.FollowLookup);
                    break;
                case CallbackKind.Lookup:
                    if (cold.Base != Gpr.Rax) _asm.Mov(OperandSize.Qword, Gpr.Rax, cold.Base);
                    AddStubCall(_asm.JmpLong(), _stubs.FollowLookup);
                    break;
                case CallbackKind.Context:
                    if (cold.Base != Gpr.Rax) _asm.Mov(OperandSize.Qword, Gpr.Rax, cold.Base);
                    Call(CallbackKind.Context, 0);
                    _asm.JmpBack(cold.Back);
                    break;
                case CallbackKind.Attention or CallbackKind.StepLast or CallbackKind.Budget:
                    ChangeBudget(AluOp.Add, cold.Unexecuted);
                    Follow(cold.Kind, cold.Distance);
                    break;
                default:
                    WriteSite(cold);
                    WriteAccess(cold, _stubs.Call);
                    LoadCopies(cold.Copies);
                    _asm.JmpBack(cold.Back);
                    break;
            }
        }
    }

    /// <summary>Goes back if all that is missing is in the site.</summary>
    private void WriteSite(in ColdCode cold)
    {
        if (!cold.Site.Exists) return;
        WriteAddressTo(cold.Site.Tag, cold.Base, cold.Offset);
        FillSite(cold.Site, cold.Distance);
    }

    /// <summary>An access by a call of a stub; scratch registers change, but for those that are to be saved.</summary>
    private void WriteAccess(in ColdCode cold, int stub)
    {
        if (cold.Saved != 0) SaveTemps(cold.Saved);
        ChangeBudget(AluOp.Add, cold.Unexecuted);
        WriteArguments(cold);
        AddStubCall(_asm.CallWith(Request(cold.Kind, cold.Distance)), stub);
        if (cold.Unexecuted > 0) ChangeBudget(AluOp.Sub, cold.Kind == CallbackKind.StepAtomic ? cold.Unexecuted - 1 : cold.Unexecuted);
        if (cold.Result != ColdCode.NoResult) WriteResult(cold.Result, cold.Type);
        if (cold.Saved != 0) LoadTemps(cold.Saved);
    }

    private void SaveTemps(ulong saved)
    {
        for (int register = 0; saved != 0; saved >>= 8, register++)
        {
            if ((saved & 0xff) == 0) continue;
            Mem memory = _homes.Frame(FrameSlot.Spill + (int)(saved & 0xff) - 1);
            if (register >= 3) _asm.Movq(memory, (Xmm)(register - 3));
            else _asm.Mov(OperandSize.Qword, (Rm)memory, (Gpr)register);
        }
    }

    private void LoadTemps(ulong saved)
    {
        for (int register = 0; saved != 0; saved >>= 8, register++)
        {
            if ((saved & 0xff) == 0) continue;
            Mem memory = _homes.Frame(FrameSlot.Spill + (int)(saved & 0xff) - 1);
            if (register >= 3) _asm.Movq((Xmm)(register - 3), memory);
            else _asm.Mov(OperandSize.Qword, (Gpr)register, memory);
        }
    }

    /// <summary>rax = the address, rdx = the value to be stored. Both may be in scratch registers now.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteArguments(in ColdCode cold)
    {
        Gpr address = cold.Base;
        if (!cold.Value.IsNone && cold.ValueRegister == (int)Gpr.Rax)
        {
            if (address == Gpr.Rdx)
            {
                _asm.Xchg(OperandSize.Qword, Gpr.Rax, Gpr.Rdx);
                address = Gpr.Rax;
            }
            else
            {
                _asm.Mov(OperandSize.Qword, Gpr.Rdx, Gpr.Rax);
            }

            WriteAddress(address, cold.Offset);
            return;
        }

        WriteAddress(address, cold.Offset);
        if (cold.Value.IsNone) return;
        if (cold.Value.IsConstant) LoadConstant(Gpr.Rdx, _region.ValueOf(cold.Value));
        else if (IsXmm(cold.ValueRegister)) _asm.MovFromXmm(OperandSize.Qword, Gpr.Rdx, XmmOf(cold.ValueRegister));
        else if (!IsGpr(cold.ValueRegister)) _asm.Mov(OperandSize.Qword, Gpr.Rdx, cold.ValueMemory);
        else if (cold.ValueRegister != (int)Gpr.Rdx) _asm.Mov(OperandSize.Qword, Gpr.Rdx, (Gpr)cold.ValueRegister);
    }

    private void WriteAddress(Gpr address, int offset)
    {
        if (offset != 0 || address != Gpr.Rax) WriteAddressTo(Gpr.Rax, address, offset);
    }

    private void WriteAddressTo(Gpr d, Gpr address, int offset)
    {
        if (offset != 0) _asm.Lea(d, address, offset);
        else _asm.Mov(OperandSize.Qword, d, address);
    }

    /// <summary>From rax, zero-extended, to where the access would have left it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteResult(int result, IrType type)
    {
        if (type == IrType.F32) _asm.MovToXmm(OperandSize.Dword, XmmOf(result), Gpr.Rax);
        else if (type == IrType.F64) _asm.MovToXmm(OperandSize.Qword, XmmOf(result), Gpr.Rax);
        else if (type is IrType.S32 or IrType.S16 or IrType.S8) LoadExtended((Gpr)result, Gpr.Rax, type);
        else if (result != (int)Gpr.Rax) _asm.Mov(OperandSize.Qword, (Gpr)result, Gpr.Rax);
    }

    /// <summary>Asks the engine and goes on here if it lets us; all scratch registers change.</summary>
    private void Call(CallbackKind kind, int distance)
    {
        AddStubCall(_asm.CallWith(Request(kind, distance)), _stubs.Call);
    }

    /// <summary>Asks the engine and goes on where it says.</summary>
    private void Follow(CallbackKind kind, int distance)
    {
        _asm.MovConstant(Gpr.Rcx, Request(kind, distance));
        AddStubCall(_asm.JmpLong(), _stubs.Follow);
    }

    /// <summary>What stubs want in ecx.</summary>
    private static uint Request(CallbackKind kind, int distance) => (uint)kind << X64Stubs.KindShift | (uint)distance & ((1u << X64Stubs.KindShift) - 1);

    private void AddStubCall(int offset, int stub)
    {
        if (_stubCallCount == _stubCalls.Length) Array.Resize(ref _stubCalls, 2 * _stubCallCount);
        _stubCalls[_stubCallCount++] = new StubCall(offset, stub);
    }
}
