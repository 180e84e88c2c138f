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
    private GuestStart[] _starts = new GuestStart[512];
    private int _startCount;

    /// <summary>The operations so far.</summary>
    public ReadOnlySpan<IrOp> Ops => _ops.AsSpan(0, Count);

    /// <summary>Where guest instructions begin, in the order of the operations. They stand beside these, so that nobody has to step over them who does not want to know.</summary>
    public ReadOnlySpan<GuestStart> Starts => _starts.AsSpan(0, _startCount);

    /// <summary>Labels with the distances of their guest code from the page, where the region may be entered, too.</summary>
    public ReadOnlySpan<(IrOperand Label, int Distance)> Entries => CollectionsMarshal.AsSpan(_entries);

    /// <summary>For passes.</summary>
    internal Span<IrOp> Writable => _ops.AsSpan(0, Count);

    /// <summary>For passes.</summary>
    internal Span<GuestStart> WritableStarts => _starts.AsSpan(0, _startCount);

    public int Count { get; private set; }

    public int Temps { get; private set; }

    public int Labels { get; private set; }

    /// <summary>Guest instructions that the region was made from.</summary>
    public int Instructions { get; private set; }

    /// <summary>Their length.</summary>
    public int GuestBytes { get; private set; }

    /// <summary>The 64-byte lines of the guest page that the region was made from, bit n for bytes 64·n to 64·n + 63.</summary>
    public ulong Lines { get; private set; }

    /// <summary>
    /// Nothing that the region does changes what its addresses mean, but by leaving it (<see cref="IFrontEnd.KeepsView"/>): each of its accesses may remember the page that it found last,
    /// but for those of <see cref="WithoutSites"/>, or two (<see cref="WithPairs"/>).
    /// </summary>
    public bool KeepsView { get; set; }

    /// <summary>Guest instructions whose accesses are better off if they remember no page: bit n for that at 2·n of the guest page. Empty if there are none.</summary>
    public ReadOnlyMemory<ulong> WithoutSites { get; set; }

    /// <summary>
    /// In the same form: guest instructions whose accesses go to and fro between pages, which may be two that follow each other. A load by itself remembers both then; other accesses none.
    /// </summary>
    public ReadOnlyMemory<ulong> WithPairs { get; set; }

    public void Reset()
    {
        KeepsView = false;
        WithoutSites = WithPairs = default;
        Count = Temps = Labels = Instructions = GuestBytes = _startCount = 0;
        Lines = 0;
        _constants.Clear();
        _constantNumbers.Clear();
        _entries.Clear();
    }

    /// <summary>Notes that the region contains instructions of <paramref name="length"/> bytes of the page in all and depends on them; those beyond its end are another page's.</summary>
    public void DependsOn(int offset, int length)
    {
        if (length == 0) return;
        GuestBytes += length;
        int last = Math.Min(offset + length, 4096) - 1;
        Lines |= ulong.MaxValue << (offset >> 6) & ulong.MaxValue >> (63 - (last >> 6));
    }

    public IrOperand NewTemp() => IrOperand.Temp(Temps++);

    public IrOperand NewLabel() => IrOperand.Label(Labels++);

    /// <summary>Others may come to a label, too: nothing is relied on there that is not so wherever the guest comes to the distance in this mode.</summary>
    public void AddEntry(IrOperand label, int distance) => _entries.Add((label, distance));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public IrOperand Constant(long value) => IrOperand.IsSmall(value) ? IrOperand.Small((int)value) : Pool(value);

    /// <summary>The value of a constant operand.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long ValueOf(IrOperand constant) => constant.IsInline ? constant.Payload : _constants[constant.Payload];

    public void Emit(IrOpcode code, IrType type = IrType.I64, IrOperand d = default, IrOperand a = default, IrOperand b = default, IrOperand c = default, byte detail = 0)
    {
        IrOp[] ops = _ops;
        int count = Count;
        if ((uint)count < (uint)ops.Length)
        {
            ops[count] = new IrOp(code, type, detail, d, a, b, c);
            Count = count + 1;
        }
        else
        {
            Array.Resize(ref _ops, 2 * count);
            Emit(code, type, d, a, b, c, detail);
        }
    }

    /// <summary>The operations that follow are those of the guest instruction at a distance from the page.</summary>
    public void BeginInstruction(int distance)
    {
        GuestStart[] starts = _starts;
        int count = _startCount;
        if ((uint)count < (uint)starts.Length)
        {
            starts[count] = new GuestStart(Count, distance);
            _startCount = count + 1;
            Instructions++;
        }
        else
        {
            Array.Resize(ref _starts, 2 * count);
            BeginInstruction(distance);
        }
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

    /// <summary>For passes: operations go, the others move up.</summary>
    /// <param name="positions">Where they are, from the last to the first.</param>
    internal void Remove(ReadOnlySpan<int> positions)
    {
        if (positions.IsEmpty) return;
        int end = positions[^1];
        for (int n = positions.Length - 1; n >= 0; n--)
        {
            Span<IrOp> between = _ops.AsSpan((positions[n] + 1)..(n > 0 ? positions[n - 1] : Count));
            between.CopyTo(_ops.AsSpan(end));
            end += between.Length;
        }

        Count = end;
        int behind = 0;
        Span<GuestStart> starts = WritableStarts;
        for (int n = starts.Length - 1; n >= 0; n--)
        {
            ref GuestStart start = ref starts[n];
            while (behind < positions.Length && positions[behind] >= start.First) behind++;
            if (behind == positions.Length) break;
            start = start with { First = start.First - (positions.Length - behind) };
        }
    }

    /// <summary>For passes: room for operations before one, which moves down, with the guest instruction that begins with it.</summary>
    internal Span<IrOp> Insert(int position, int count)
    {
        if (_ops.Length < Count + count) Array.Resize(ref _ops, 2 * (Count + count));
        _ops.AsSpan(position, Count - position).CopyTo(_ops.AsSpan(position + count));
        Count += count;
        Span<GuestStart> starts = WritableStarts;
        for (int n = starts.Length - 1; n >= 0 && starts[n].First >= position; n--) starts[n] = starts[n] with { First = starts[n].First + count };
        return _ops.AsSpan(position, count);
    }

    /// <summary>
    /// For passes: guest instructions that begin behind one operation and not behind another, the last of a row, become part of the one before; behind the last there is
    /// room for more operations then.
    /// </summary>
    internal void Join(int first, int last, int room)
    {
        if (_ops.Length < Count + room) Array.Resize(ref _ops, 2 * (Count + room));
        _ops.AsSpan(last + 1, Count - last - 1).CopyTo(_ops.AsSpan(last + 1 + room));
        Count += room;

        // Passes do this from the last branch to the first: only what is behind is looked at.
        Span<GuestStart> starts = WritableStarts;
        int behind = starts.Length;
        while (behind > 0 && starts[behind - 1].First > last) behind--;
        int kept = behind;
        while (kept > 0 && starts[kept - 1].First > first) kept--;
        starts[behind..].CopyTo(starts[kept..]);
        _startCount -= behind - kept;
        if (room == 0) return;
        foreach (ref GuestStart start in WritableStarts[kept..]) start = start with { First = start.First + room };
    }
}
