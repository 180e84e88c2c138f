using Doppel.CodeGen.Ir;

namespace Doppel.CodeGen.Passes;

/// <summary>
/// Backward: removes operations whose only effect is a result that nobody sees. A slot's value is not seen if it is overwritten before it is read and before the
/// region may be left; a temporary's if it is not read in its guest instruction. Of what is seen, the upper half may not be: it is not extended then. What only operations of the
/// region see is noted (<see cref="IrOp.IsBrief"/>).
/// </summary>
internal sealed partial class DeadWritePass
{
    // By opcode: what its lower halves are read for (LowsOf), and then whether it is more than its result, and whether all slots are seen where it stands.
    private const int Lows = 31;
    private const int SeenShift = 5;

    /// <summary>More than any epoch: no result is unseen so long that the operation may go.</summary>
    private const int Acts = 1 << 30;
    private const int Never = Acts - 1;
    private const int Opcodes = 256;
    private readonly int[] _traits = new int[Opcodes];

    // By place (IrOperand.Place).
    private Unseen[] _unseen = new Unseen[IrOperand.Slots + 256];
    private int _epoch = 1;

    // Where operations are that nobody wants, from the last to the first.
    private int[] _unwanted = new int[64];

    public DeadWritePass()
    {
        foreach (IrOpcode code in Enum.GetValues<IrOpcode>())
        {
            ref readonly IrSignature signature = ref IrSignature.Of(code);

            // Whoever comes to a label finds the same code behind it, so that it shows nothing; a branch leads to where nothing is known.
            bool showsSlots = signature.Has(IrEffects.Leaves) || code is IrOpcode.Jump or IrOpcode.Branch or IrOpcode.JumpUnlessAttention;
            _traits[(int)code] = LowsOf(code) | (signature.Effects != IrEffects.None ? Acts : 0) | (showsSlots ? 1 << SeenShift : 0);
        }
    }

    public void Run(IrRegion region)
    {
        int places = 1 + IrOperand.Slots + region.Temps;
        if (_unseen.Length < places) Array.Resize(ref _unseen, 2 * places);
        if (_unwanted.Length < region.Count) _unwanted = new int[2 * region.Count];
        if (_epoch > Never / 2)
        {
            // Long before the numbers run out.
            Array.Clear(_unseen);
            _epoch = 0;
        }

        Unseen[] unseen = _unseen;
        unseen.AsSpan(1 + IrOperand.Slots, region.Temps).Fill(new Unseen { In = Never, UpperIn = Never });
        int epoch = ++_epoch;
        ReadOnlySpan<int> traitsOf = _traits.AsSpan(0, Opcodes);
        Span<IrOp> ops = region.Writable;
        int unwanted = 0;
        for (int i = ops.Length - 1; i >= 0; i--)
        {
            ref IrOp op = ref ops[i];
            int traits = traitsOf[(int)op.Code];
            ref Unseen result = ref unseen[op.D.Place];
            if (result.In >= (traits & Acts | epoch))
            {
                _unwanted[unwanted++] = i;
                continue;
            }

            // Mostly all of the result is seen, and all of the operands are read.
            int lows = 0;
            if ((traits & Lows) != 0 && (op.Type != IrType.I64 || (traits & ByConstant) != 0 || result.UpperIn >= epoch))
            {
                lows = LowsOf(region, ref op, traits & Lows, onlyLow: result.UpperIn >= epoch);
                if (lows == Unwanted)
                {
                    _unwanted[unwanted++] = i;
                    continue;
                }
            }

            // In this order: an operation that leaves has not written its result.
            if (result.OverwrittenIn >= epoch && op.Code <= IrOpcode.Load) op.IsBrief = true;
            result.In = result.UpperIn = result.OverwrittenIn = epoch;
            epoch += traits >> SeenShift & 1;
            ref Unseen a = ref unseen[op.A.Place];
            a.In = 0;
            if ((lows & LowA) == 0) a.UpperIn = 0;
            ref Unseen b = ref unseen[op.B.Place];
            b.In = 0;
            if ((lows & LowB) == 0) b.UpperIn = 0;

            // A third one that is more than a constant or a label is rare.
            if (!op.C.HasPlace) continue;
            ref Unseen c = ref unseen[op.C.Place];
            c.In = c.UpperIn = 0;
        }

        _epoch = epoch;
        region.Remove(_unwanted.AsSpan(0, unwanted));
    }

    /// <summary>
    /// In which epochs a value, and its upper half, are overwritten unseen; 0 if they are seen. And in which it is overwritten, be it read before or not. A new epoch begins where all slots
    /// are seen; a temporary is unseen until it is read.
    /// </summary>
    private struct Unseen
    {
        public int In;
        public int UpperIn;
        public int OverwrittenIn;
    }
}
