using System.Globalization;

namespace Doppel.RiscV.Isa;

/// <summary>Which bits of the immediate the <c>i</c> bits of a pattern hold, from the most significant one down, as the specification draws them: <c>12 10:5 4:1 11</c>.</summary>
public sealed class ImmediateLayout
{
    /// <summary>No immediate.</summary>
    public static readonly ImmediateLayout None = new("", signed: false);

    private readonly int[] _bits;

    /// <param name="layout">Bit numbers and ranges, most significant instruction bit first.</param>
    /// <param name="signed">The highest bit is the sign.</param>
    public ImmediateLayout(string layout, bool signed)
    {
        var bits = new List<int>();
        foreach (string range in layout.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] ends = range.Split(':');
            int high = int.Parse(ends[0], CultureInfo.InvariantCulture);
            int low = int.Parse(ends[^1], CultureInfo.InvariantCulture);
            for (int bit = high; bit >= low; bit--) bits.Add(bit);
        }

        _bits = [.. bits];
        Signed = signed;
        if (_bits.Length == 0) return;
        HighestBit = _bits.Max();
        LowestBit = _bits.Min();
    }

    /// <summary>The immediate's bit numbers in the order of the instruction's bits, from the most significant one down.</summary>
    public IReadOnlyList<int> Bits => _bits;

    public bool Signed { get; }

    public int HighestBit { get; }

    /// <summary>Bits below this one are zero.</summary>
    public int LowestBit { get; }

    /// <summary>The smallest value that can be encoded.</summary>
    public long Minimum => Signed ? -(1L << HighestBit) : 0;

    /// <summary>The largest value that can be encoded.</summary>
    public long Maximum => _bits.Length == 0 ? 0 : (Signed ? (1L << HighestBit) - 1 : (1L << (HighestBit + 1)) - 1) & ~((1L << LowestBit) - 1);

    /// <summary>Whether the layout can hold the value.</summary>
    public bool Fits(long value)
    {
        if (value < Minimum || value > Maximum) return false;
        long holes = Signed ? value & ((1L << HighestBit) - 1) : value;
        foreach (int bit in _bits) holes &= ~(1L << bit);
        return holes == 0;
    }
}
