using Doppel.CodeGen.Ir;

namespace Doppel.CodeGen.Passes;

/// <summary>
/// Backward: removes operations whose only effect is a result that nobody sees. A slot's value is not seen if it is overwritten before it is read and before the
/// region may be left; a temporary's if it is not read in its guest instruction. Of what is seen, the upper half may not be: it is not extended then.
/// </summary>
internal sealed partial class DeadWritePass
{
    private const byte Acts = 1;
    private const byte ShowsSlots = 2;
    private const long Live = 0;

    // By opcode: whether it is more than its result, and whether all slots are seen where it stands.
    private readonly byte[] _effects = new byte[256];

    // By place (IrOperand.Place): in which epoch the value is overwritten unseen. A new epoch begins where all slots are seen; a temporary is unseen until it is read.
    private long[] _unseenIn = new long[IrOperand.Slots + 256];
    private long[] _upperUnseenIn = new long[IrOperand.Slots + 256];
    private long _epoch = 1;

    public DeadWritePass()
    {
        foreach (IrOpcode code in Enum.GetValues<IrOpcode>())
        {
            ref readonly IrSignature signature = ref IrSignature.Of(code);
            _effects[(int)code] |= signature.Effects != IrEffects.None ? Acts : (byte)0;

            _lows[(int)code] = LowsOf(code);

            // Whoever comes to a label finds the same code behind it, so that it shows nothing; a branch leads to where nothing is known.
            _effects[(int)code] |= signature.Has(IrEffects.Leaves) || code is IrOpcode.Jump or IrOpcode.Branch ? ShowsSlots : (byte)0;
        }
    }

    public void Run(IrRegion region)
    {
        int places = 1 + IrOperand.Slots + region.Temps;
        if (_unseenIn.Length < places)
        {
            Array.Resize(ref _unseenIn, 2 * places);
            Array.Resize(ref _upperUnseenIn, 2 * places);
        }

        long[] unseenIn = _unseenIn, upperUnseenIn = _upperUnseenIn;
        unseenIn.AsSpan(1 + IrOperand.Slots, region.Temps).Fill(long.MaxValue);
        upperUnseenIn.AsSpan(1 + IrOperand.Slots, region.Temps).Fill(long.MaxValue);
        long epoch = ++_epoch;
        byte[] effectsOf = _effects;
        Span<IrOp> ops = region.Writable;
        int kept = ops.Length;
        for (int i = ops.Length - 1; i >= 0; i--)
        {
            ref IrOp op = ref ops[i];
            if (op.Code == IrOpcode.Guest)
            {
                // Half of all operations: it reads and writes nothing.
                if (--kept != i) ops[kept] = op;
                continue;
            }

            int effects = effectsOf[(int)op.Code];
            ref long result = ref unseenIn[op.D.Place];
            if ((effects == 0) & (result >= epoch)) continue;

            // In this order: an operation that leaves has not written its result.
            ref long upper = ref upperUnseenIn[op.D.Place];
            int lows = _lows[(int)op.Code];
            if (lows != 0)
            {
                lows = LowsOf(region, ref op, lows, onlyLow: upper >= epoch);
                if (lows == Unwanted) continue;
            }

            result = upper = epoch;
            epoch += effects >> 1;
            unseenIn[op.A.Place] = Live;
            unseenIn[op.B.Place] = Live;
            unseenIn[op.C.Place] = Live;
            if ((lows & LowA) == 0) upperUnseenIn[op.A.Place] = Live;
            if ((lows & LowB) == 0) upperUnseenIn[op.B.Place] = Live;
            upperUnseenIn[op.C.Place] = Live;
            if (--kept != i) ops[kept] = op;
        }

        _epoch = epoch;
        region.DropFirst(kept);
    }
}
