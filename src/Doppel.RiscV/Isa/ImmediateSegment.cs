using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Isa;

/// <summary>A run of immediate bits that is contiguous in the instruction and in the value.</summary>
/// <param name="From">Lowest bit in the instruction.</param>
/// <param name="To">Lowest bit in the value.</param>
/// <param name="Mask">As many ones as the run has bits.</param>
internal readonly record struct ImmediateSegment(byte From, byte To, uint Mask)
{
    /// <summary>The run's bits of an instruction, where they belong in the value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Of(uint word) => (word >> From & Mask) << To;

    /// <summary>Joins single bits to runs.</summary>
    /// <param name="instruction">Bit numbers in the instruction, descending.</param>
    /// <param name="value">The bit numbers in the value that belong to them.</param>
    public static ImmediateSegment[] Of(IReadOnlyList<int> instruction, IReadOnlyList<int> value)
    {
        var segments = new List<ImmediateSegment>();
        for (int i = 0; i < instruction.Count; i++)
        {
            if (segments.Count > 0 && segments[^1] is var last && last.From == instruction[i] + 1 && last.To == value[i] + 1)
                segments[^1] = new((byte)instruction[i], (byte)value[i], (last.Mask << 1) | 1);
            else
                segments.Add(new((byte)instruction[i], (byte)value[i], 1));
        }

        return [.. segments];
    }
}
