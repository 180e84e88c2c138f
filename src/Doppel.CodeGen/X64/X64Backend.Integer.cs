using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>Addition, subtraction and logic.</summary>
public sealed partial class X64Backend
{
    private void Add(in IrOp op)
    {
        if (op.B.IsInline && TryAddInRegisters(op, op.B.Payload)) return;
        IrOperand a = op.A, b = op.B;
        if (a.IsConstant || b == op.D) (a, b) = (b, a);
        OperandSize size = SizeOf(op.Type);
        if (Immediate(b, size, out int value))
        {
            AddImmediate(op, a, value);
            return;
        }

        int ra = RegisterOf(a), rb = RegisterOf(b);
        if (IsGpr(ra) && IsGpr(rb) && a != op.D)
        {
            Gpr sum = Target(op.D, a);
            if (ra != (int)sum)
            {
                _asm.Lea(size, sum, new Mem((Gpr)ra, (Gpr)rb));
                Finish(op.D, sum, op.Type);
                return;
            }
        }

        Binary(AluOp.Add, op, commutative: true);
    }

    /// <summary>Mostly a constant is added, and both slots have homes: no more questions then.</summary>
    private bool TryAddInRegisters(in IrOp op, int value)
    {
        int a = PlaceOf(op.A), d = PlaceOf(op.D);
        if (!IsGpr(a) || !IsGpr(d) || !op.A.IsSlot || !op.D.IsSlot || op.Type != IrType.I64 || value == 0) return false;
        if (a != d)
        {
            _asm.Lea((Gpr)d, (Gpr)a, value);
            return true;
        }

        _asm.Alu(AluOp.Add, OperandSize.Qword, (Gpr)d, value);
        NoteZero((Gpr)d);
        return true;
    }

    private void Subtract(in IrOp op)
    {
        if (Immediate(op.B, SizeOf(op.Type), out int value) && value != int.MinValue)
        {
            AddImmediate(op, op.A, -value);
        }
        else if (IsZero(op.A))
        {
            Gpr t = Target(op.D, op.B);
            Fetch(t, op.B, SizeOf(op.Type));
            _asm.Neg(SizeOf(op.Type), t);
            Finish(op.D, t, op.Type);
        }
        else
        {
            Binary(AluOp.Sub, op, commutative: false);
        }
    }

    private void AddImmediate(in IrOp op, IrOperand a, int value)
    {
        OperandSize size = SizeOf(op.Type);
        if (a.IsConstant)
        {
            Extend(op.D, _region.Constant(_region.ValueOf(a) + value), op.Type);
            return;
        }

        if (size == OperandSize.Qword && a == op.D && IsMemorySlot(a))
        {
            if (value != 0) _asm.Alu(AluOp.Add, size, MemoryOf(a), value);
            return;
        }

        Gpr t = Target(op.D, a);
        int ra = RegisterOf(a);
        if (IsGpr(ra) && ra != (int)t)
        {
            if (value != 0)
            {
                if (size == OperandSize.Qword) _asm.Lea(t, (Gpr)ra, value);
                else _asm.Lea(size, t, new Mem((Gpr)ra, value));
                Finish(op.D, t, op.Type);
            }
            else
            {
                Extend(op.D, a, op.Type);
            }

            return;
        }

        Fetch(t, a, size);
        if (value != 0)
        {
            _asm.Alu(AluOp.Add, size, t, value);
            NoteZero(t);
        }
        else if (size == OperandSize.Dword && ra == (int)t)
        {
            _asm.Mov(size, t, t);
        }

        Finish(op.D, t, op.Type);
    }

    private void And(in IrOp op)
    {
        IrOperand a = op.A, b = op.B;
        if (a.IsConstant) (a, b) = (b, a);
        if (op.Type == IrType.I64 && b.IsConstant && !a.IsConstant)
        {
            long mask = _region.ValueOf(b);
            IrType type = mask switch { 0xff => IrType.U8, 0xffff => IrType.U16, 0xffff_ffff => IrType.U32, _ => IrType.I64 };
            if (type != IrType.I64)
            {
                Extend(op.D, a, type);
                return;
            }

            // The upper half comes to nothing in any case: an instruction of 32 bits does.
            if (mask == (uint)mask)
            {
                Gpr t = Target(op.D, a);
                Fetch(t, a, OperandSize.Dword);
                _asm.Alu(AluOp.And, OperandSize.Dword, t, (int)mask);
                NoteZero(t);
                Finish(op.D, t);
                return;
            }
        }

        Binary(AluOp.And, op, commutative: true);
    }

    private void Xor(in IrOp op)
    {
        if (op.B.IsConstant && _region.ValueOf(op.B) == -1 && !op.A.IsConstant) Complement(op, op.A);
        else Binary(AluOp.Xor, op, commutative: true);
    }

    private void Complement(in IrOp op, IrOperand a)
    {
        OperandSize size = SizeOf(op.Type);
        if (size == OperandSize.Qword && a == op.D && IsMemorySlot(a))
        {
            _asm.Not(size, MemoryOf(a));
            return;
        }

        Gpr t = Target(op.D, a);
        Fetch(t, a, size);
        _asm.Not(size, t);
        Finish(op.D, t, op.Type);
    }

    private void AndNot(in IrOp op)
    {
        OperandSize size = SizeOf(op.Type);
        if (op.B.IsConstant)
        {
            And(op with { B = _region.Constant(~_region.ValueOf(op.B)) });
        }
        else if (_hasBmi1)
        {
            Gpr b = Use(op.B);
            Rm a = UseRm(op.A);
            Gpr t = Target(op.D, op.A);
            _asm.Andn(size, t, b, a);
            Finish(op.D, t, op.Type);
        }
        else
        {
            WithComplement(AluOp.And, op);
        }
    }

    /// <summary>d = a op ~b.</summary>
    private void WithComplement(AluOp alu, in IrOp op)
    {
        OperandSize size = SizeOf(op.Type);
        if (op.B.IsConstant)
        {
            Binary(alu, op with { B = _region.Constant(~_region.ValueOf(op.B)) }, commutative: true);
            return;
        }

        Gpr t = Target(op.D, op.B);
        if (IsIn(op.A, t) && op.A != op.B) t = TakeGpr();
        if (op.A == op.B)
        {
            // The complement must not overwrite the other operand.
            Gpr a = TakeGpr();
            Fetch(a, op.A, size);
            Fetch(t, op.B, size);
            _asm.Not(size, t);
            _asm.Alu(alu, size, t, a);
        }
        else
        {
            Fetch(t, op.B, size);
            _asm.Not(size, t);
            Apply(alu, size, t, op.A);
        }

        Finish(op.D, t, op.Type);
    }

    private void Binary(AluOp alu, in IrOp op, bool commutative)
    {
        IrOperand d = op.D, a = op.A, b = op.B;
        if (commutative && (a.IsConstant || b == d)) (a, b) = (b, a);
        OperandSize size = SizeOf(op.Type);
        if (a == d && size == OperandSize.Qword && IsMemorySlot(d))
        {
            if (Immediate(b, size, out int value)) _asm.Alu(alu, size, MemoryOf(d), value);
            else _asm.Alu(alu, size, MemoryOf(d), Use(b));
            return;
        }

        Gpr t = Target(d, a);
        if (IsIn(b, t) && !IsIn(a, t))
        {
            if (commutative) (a, b) = (b, a);
            else t = TakeGpr();
        }

        Fetch(t, a, size);
        Apply(alu, size, t, b);
        NoteZero(t);
        Finish(d, t, op.Type);
    }

    /// <summary>t = t op b.</summary>
    private void Apply(AluOp alu, OperandSize size, Gpr t, IrOperand b)
    {
        if (Immediate(b, size, out int value)) _asm.Alu(alu, size, t, value);
        else _asm.Alu(alu, size, t, UseRm(b));
    }

    /// <summary>d = (a &lt;&lt; c) + b.</summary>
    private void ShiftAndAdd(in IrOp op)
    {
        int shift = (int)_region.ValueOf(op.C);
        Gpr a;
        if (op.Type == IrType.U32)
        {
            Rm low = UseRm(op.A);
            a = TakeGpr();
            _asm.Mov(OperandSize.Dword, a, low);
            _locked &= ~(ScratchGprs & ~(1u << (int)a));
        }
        else
        {
            a = Use(op.A);
        }

        if (Immediate(op.B, OperandSize.Qword, out int value))
        {
            Gpr product = Target(op.D);
            if (product != a) _asm.Mov(OperandSize.Qword, product, a);
            if (shift > 0) _asm.Shift(ShiftOp.Shl, OperandSize.Qword, product, shift);
            if (value != 0) _asm.Alu(AluOp.Add, OperandSize.Qword, product, value);
            Finish(op.D, product);
            return;
        }

        Gpr b = Use(op.B);
        Gpr t = Target(op.D);
        _asm.Lea(OperandSize.Qword, t, new Mem(b, a, 1 << shift));
        Finish(op.D, t);
    }
}
