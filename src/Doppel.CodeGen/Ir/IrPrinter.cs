using System.Globalization;
using System.Text;

namespace Doppel.CodeGen.Ir;

/// <summary>Shows regions as text that <see cref="IrParser"/> reads. Malformed operations are shown too, though not readably.</summary>
/// <param name="slotName">The name of a slot, or null to show its number.</param>
public sealed class IrPrinter(Func<int, string?>? slotName = null)
{
    public string Print(IrRegion region)
    {
        var text = new StringBuilder();
        ReadOnlySpan<GuestStart> starts = region.Starts;
        for (int i = 0; i <= region.Count; i++)
        {
            for (; starts.Length > 0 && starts[0].First == i; starts = starts[1..]) text.Append(IrNames.GuestStart).Append(' ').Append(Text(starts[0].Distance)).Append('\n');
            if (i == region.Count) break;
            ref readonly IrOp op = ref region.Ops[i];
            text.Append(op.Code is IrOpcode.Label or IrOpcode.CheckAttention or IrOpcode.Count ? "" : "    ");
            Append(text, region, op);
            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>One operation, without an end of line.</summary>
    public string Print(IrRegion region, in IrOp op)
    {
        var text = new StringBuilder();
        Append(text, region, op);
        return text.ToString();
    }

    private void Append(StringBuilder text, IrRegion region, in IrOp op)
    {
        IrSignature signature = IrSignature.IsKnown(op.Code) ? IrSignature.Of(op.Code) : default;
        if (op.Code == IrOpcode.Label)
        {
            text.Append(Text(region, op.C)).Append(':');
            return;
        }

        if (!op.D.IsNone) text.Append(Text(region, op.D)).Append(op.IsBrief && op.D.IsSlot ? IrNames.IsBriefly : IrNames.Is);
        text.Append(IrNames.Of(op.Code));
        if (op.Type != IrType.I64) text.Append('.').Append(IrNames.Of(op.Type));
        if (signature.Detail == IrDetailRule.Condition) text.Append('.').Append(IrNames.Of(op.Condition));
        else if (signature.Detail == IrDetailRule.Integer) text.Append('.').Append(IrNames.OfInteger(op.Detail));
        else if (op.Detail != 0) text.Append(CultureInfo.InvariantCulture, $".detail{op.Detail}");

        string separator = " ";
        Append(signature.A, op.A);
        Append(signature.B, op.B);
        Append(signature.C, op.C);

        void Append(IrRule rule, IrOperand operand)
        {
            if (rule == IrRule.Nothing && operand.IsNone) return;
            text.Append(separator).Append(rule == IrRule.Nothing ? "superfluous " : "").Append(Text(region, operand));
            separator = ", ";
        }
    }

    private string Text(IrRegion region, IrOperand operand) => operand.Kind switch
    {
        IrOperandKind.None => "-",
        IrOperandKind.Temp => $"%{operand.Number}",
        IrOperandKind.Slot => slotName?.Invoke(operand.Number) ?? $"${operand.Number}",
        IrOperandKind.Label => $"@{operand.Number}",
        IrOperandKind.Small or IrOperandKind.Pooled => Text(region.ValueOf(operand)),
        _ => $"kind{(int)operand.Kind}",
    };

    private static string Text(long value)
    {
        if (value is > -1024 and < 1024) return value.ToString(CultureInfo.InvariantCulture);
        return value is < 0 and > -0x1_0000_0000 ? $"-0x{-value:x}" : $"0x{value:x}";
    }
}
