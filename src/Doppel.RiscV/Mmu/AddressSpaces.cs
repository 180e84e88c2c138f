using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Mmu;

/// <summary>
/// Gives every address space (satp value and MXR) a small number, so that switching back to one finds its translations again.
/// Flushing everything means giving out new numbers; only when these run out are the caches really cleared.
/// </summary>
internal sealed class AddressSpaces
{
    /// <summary>One fewer than there is room for: with number 127 the tag of a misaligned access could be that of an invalid entry, all ones.</summary>
    private const int Numbers = 127;
    private readonly Dictionary<(ulong Satp, bool Mxr), int> _numbers = [];
    private int _next;
    private ulong _lastSatp;
    private bool _lastMxr;
    private int _lastNumber = -1;

    /// <summary>The number of an address space.</summary>
    /// <param name="exhausted">Called when numbers start again: clear every cache.</param>
    public int NumberOf(ulong satp, bool mxr, Action exhausted)
    {
        if (satp == _lastSatp && mxr == _lastMxr && _lastNumber >= 0) return _lastNumber;
        _lastSatp = satp;
        _lastMxr = mxr;
        return _lastNumber = Find(satp, mxr, exhausted);
    }

    /// <summary>Forgets all numbers; none is given out again before the caches are cleared.</summary>
    public void Invalidate()
    {
        _numbers.Clear();
        _lastNumber = -1;
    }

    private int Find(ulong satp, bool mxr, Action exhausted)
    {
        if (_numbers.TryGetValue((satp, mxr), out int number)) return number;
        if (_next == Numbers)
        {
            _numbers.Clear();
            _next = 0;
            exhausted();
        }

        number = _next++;
        _numbers.Add((satp, mxr), number);
        return number;
    }

    /// <summary>The tag bits of a number and a privilege: bits 3–4 privilege, 5–11 number.</summary>
    /// <param name="sum">Whether S-mode may reach user pages.</param>
    public static ulong Key(int number, PrivilegeMode mode, bool sum)
    {
        ulong privilege = mode switch
        {
            PrivilegeMode.User => 0,
            PrivilegeMode.Supervisor => sum ? 2UL : 1UL,
            _ => 3,
        };
        return privilege << 3 | (ulong)number << 5;
    }
}
