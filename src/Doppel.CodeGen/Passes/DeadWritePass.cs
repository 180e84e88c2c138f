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

    // By place (IrOperand.Place).
    private Unseen[] _unseen = new Unseen[IrOperand.Slots + 256];
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
        if (_unseen.Length < places) Array.Resize(ref _unseen, 2 * places);
        Unseen[] unseen = _unseen;
        unseen.AsSpan(1 + IrOperand.Slots, region.Temps).Fill(new Unseen { In = long.MaxValue, UpperIn = long.MaxValue });
        long epoch = ++_epoch;
        byte[] effectsOf = _effects;
        Span<IrOp> ops = region.Writable;
        int kept = ops.Length;
        Span<GuestStart> starts = region.WritableStarts;
        int start = starts.Length - 1;
        for (int i = ops.Length - 1; i >= 0; i--)
        {
            for (; start >= 0 && starts[start].First > i; start--) starts[start] = starts[start] with { First = kept };
            ref IrOp op = ref ops[i];
            int effects = effectsOf[(int)op.Code];
            ref Unseen result = ref unseen[op.D.Place];
            if ((effects == 0) & (result.In >= epoch)) continue;

            // In this order: an operation that leaves has not written its result.
            int lows = _lows[(int)op.Code];
            if (lows != 0)
            {
                lows = LowsOf(region, ref op, lows, onlyLow: result.UpperIn >= epoch);
                if (lows == Unwanted) continue;
            }

            result.In = result.UpperIn = epoch;
            epoch += effects >> 1;
            ref Unseen a = ref unseen[op.A.Place];
            a.In = Live;
            if ((lows & LowA) == 0) a.UpperIn = Live;
            ref Unseen b = ref unseen[op.B.Place];
            b.In = Live;
            if ((lows & LowB) == 0) b.UpperIn = Live;

            // A third one that is more than a constant or a label is rare.
            if (op.C.HasPlace)
            {
                ref Unseen c = ref unseen[op.C.Place];
                c.In = c.UpperIn = Live;
            }

            if (--kept != i) ops[kept] = op;
        }

        for (; start >= 0; start--) starts[start] = starts[start] with { First = kept };
        _epoch = epoch;
        region.DropFirst(kept);
    }

    /// <summary>In which epochs a value, and its upper half, are overwritten unseen. A new epoch begins where all slots are seen; a temporary is unseen until it is read.</summary>
    private struct Unseen
    {
        public long In;
        public long UpperIn;
    }
}
