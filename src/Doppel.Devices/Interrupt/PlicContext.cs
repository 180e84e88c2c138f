using System.Numerics;
using Doppel.Core.Interrupts;

namespace Doppel.Devices.Interrupt;

/// <summary>One target of the PLIC: a privilege mode of a hart, with its enable bits and its threshold.</summary>
internal sealed class PlicContext(IInterruptLine line, int words)
{
    private bool _asserted;

    /// <summary>One bit per source.</summary>
    public uint[] Enable { get; } = new uint[words];

    public uint Threshold { get; set; }

    /// <summary>The source to claim: pending, enabled, of the highest priority above 0, and of these the lowest number; 0 if there is none.</summary>
    public int Best(uint[] pending, uint[] priority)
    {
        int best = 0;
        uint bestPriority = 0;
        for (int word = 0; word < Enable.Length; word++)
        {
            for (uint bits = pending[word] & Enable[word]; bits != 0; bits &= bits - 1)
            {
                int source = word * 32 + BitOperations.TrailingZeroCount(bits);
                if (priority[source] <= bestPriority) continue;
                best = source;
                bestPriority = priority[source];
            }
        }

        return best;
    }

    public bool IsEnabled(uint source) => source / 32 < (uint)Enable.Length && (Enable[source / 32] >> (int)(source % 32) & 1) != 0;

    /// <summary>Drives the wire to the hart: high while something pending is above the threshold.</summary>
    /// <param name="always">Drives it even if the level is the one driven last, because the other end may have been reset or loaded.</param>
    public void Drive(uint[] pending, uint[] priority, bool always)
    {
        bool level = priority[Best(pending, priority)] > Threshold;
        if (level == _asserted && !always) return;
        _asserted = level;
        line.Set(level);
    }

    public void Clear()
    {
        Array.Clear(Enable);
        Threshold = 0;
    }
}
