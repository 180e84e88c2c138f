using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Doppel.CodeGen.Ir;

/// <summary>
/// The operations of one region: guest code of one page, entered at its first operation. Reused: <see cref="Reset"/> keeps the memory.
/// </summary>
public sealed class IrRegion
{
    private readonly Dictionary<long, int> _constantNumbers = [];
    private readonly List<long> _constants = [];
    private readonly List<(IrOperand Label, int Distance)> _entries = [];
    private IrOp[] _ops = new IrOp[1024];

    /// <summary>The operations so far.</summary>
    public ReadOnlySpan<IrOp> Ops => _ops.AsSpan(0, Count);

    /// <summary>Labels with the distances of their guest code from the page, where the region may be entered, too.</summary>
    public ReadOnlySpan<(IrOperand Label, int Distance)> Entries => CollectionsMarshal.AsSpan(_entries);

    /// <summary>For passes.</summary>
    internal Span<IrOp> Writable => _ops.AsSpan(0, Count);

    public int Count { get; private set; }

    public int Temps { get; private set; }

    public int Labels { get; private set; }

    /// <summary>Guest instructions in the region.</summary>
    public int Instructions { get; private set; }

    /// <summary>Their length.</summary>
    public int GuestBytes { get; private set; }

    /// <summary>The 64-byte lines of the guest page that the region was made from, bit n for bytes 64·n to 64·n + 63.</summary>
    public ulong Lines { get; private set; }

    /// <summary>
    /// Nothing that the region does changes what its addresses mean, but by leaving it (<see cref="IFrontEnd.KeepsView"/>): each of its accesses may remember the page that it found last.
    /// </summary>
    public bool KeepsView { get; set; }

    public void Reset()
    {
        KeepsView = false;
        Count = Temps = Labels = Instructions = GuestBytes = 0;
        Lines = 0;
        _constants.Clear();
        _constantNumbers.Clear();
        _entries.Clear();
    }

    /// <summary>Notes that the region contains an instruction of <paramref name="length"/> bytes of the page, which are in two lines at most, and depends on them; those beyond its end are another page's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void DependsOn(int offset, int length)
    {
        GuestBytes += length;
        int last = Math.Min(offset + length, 4096) - 1;
        Lines |= 1UL << (offset >> 6) | 1UL << (last >> 6);
    }

    public IrOperand NewTemp() => IrOperand.Temp(Temps++);

    public IrOperand NewLabel() => IrOperand.Label(Labels++);

    /// <summary>Others may come to a label, too: nothing is relied on there that is not so wherever the guest comes to the distance in this mode.</summary>
    public void AddEntry(IrOperand label, int distance) => _entries.Add((label, distance));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public IrOperand Constant(long value) => IrOperand.IsSmall(value) ? IrOperand.Small((int)value) : Pool(value);

    /// <summary>The value of a constant operand.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long ValueOf(IrOperand constant) => constant.Kind == IrOperandKind.Small ? constant.Number : _constants[constant.Number];

    public void Emit(IrOpcode code, IrType type = IrType.I64, IrOperand d = default, IrOperand a = default, IrOperand b = default, IrOperand c = default, byte detail = 0)
    {
        if (Count == _ops.Length) Array.Resize(ref _ops, 2 * Count);
        _ops[Count++] = new IrOp(code, type, detail, d, a, b, c);
        if (code == IrOpcode.Guest) Instructions++;
    }

    private IrOperand Pool(long value)
    {
        if (!_constantNumbers.TryGetValue(value, out int number))
        {
            number = _constants.Count;
            _constants.Add(value);
            _constantNumbers.Add(value, number);
        }

        return IrOperand.Pooled(number);
    }

    /// <summary>For passes: the first operations go, the others move up.</summary>
    internal void DropFirst(int count)
    {
        if (count == 0) return;
        _ops.AsSpan(count, Count - count).CopyTo(_ops);
        Count -= count;
    }
}
