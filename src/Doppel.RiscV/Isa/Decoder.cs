using System.Numerics;
using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Isa;

/// <summary>Instruction words to <see cref="Instruction"/>, by tables built from the rows. Immutable: threads may share one.</summary>
public sealed class Decoder
{
    // Compressed words: row number + 1 by word. Others: chains of candidates by major opcode and funct3, and, where they say more, the highest seven bits; for the
    // other instructions these are of an immediate, and many places would be used for nothing.
    private readonly ushort[] _compressed = new ushort[0x10000];
    private readonly Group[] _groups = new Group[1 << KeyBits];
    private readonly ushort[] _chains;
    private readonly Candidate[] _candidates;
    private readonly InstructionRow[] _rows;

    /// <param name="extensions">What the hart has; instructions of other extensions are illegal.</param>
    public Decoder(ExtensionSet extensions)
    {
        _rows = [.. InstructionTable.Rows.Where(r => r.IsIn(extensions)).OrderByDescending(r => BitOperations.PopCount(r.Mask))];
        FillCompressed();
        (_chains, _candidates) = FillCandidates();
    }

    /// <summary>The rows that the hart has, in order of precedence.</summary>
    internal IReadOnlyList<InstructionRow> Rows => _rows;

    /// <summary>A decoder of every extension that the rows know.</summary>
    public static Decoder Full { get; } = new(ExtensionSet.All);

    /// <summary>
    /// Decodes one instruction. The lowest two bits decide the length; the upper half of a word that starts with a compressed instruction is ignored.
    /// An illegal instruction has its bits in <see cref="Instruction.Imm"/>, as <c>mtval</c> wants them.
    /// </summary>
    public Instruction Decode(uint word) => Find(word) is { Op: not Op.Illegal } row ? Extract(row, word) : Illegal(word);

    /// <summary>The row that a word is an encoding of; null if there is none.</summary>
    public InstructionRow? Find(uint word) => FindNumber(word) is >= 0 and var number ? _rows[number] : null;

    /// <summary>The number in <see cref="Rows"/> of the row that a word is an encoding of; −1 if there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal int FindNumber(uint word)
    {
        if ((word & 3) != 3) return _compressed[word & 0xffff] - 1;
        if ((word & 0x1c) == 0x1c) return -1; // longer than 32 bits: none of these exist

        // One table leads to the next without a branch, as nobody can predict which instruction comes.
        ref readonly Group group = ref _groups[Choice(word)];
        int next = _chains[group.First + (int)(word >> 25 & group.HighMask)];
        while (true)
        {
            ref readonly Candidate candidate = ref _candidates[next++];
            if ((word & candidate.Mask) == candidate.Match) return candidate.Number;
        }
    }

    internal static Instruction Extract(InstructionRow row, uint word)
    {
        int immediate = row.ImpliedImmediate;
        if (row.Immediate.Length > 0)
        {
            uint value = 0;
            foreach (ImmediateSegment segment in row.Immediate) value |= segment.Of(word);
            int unused = 31 - row.Format.Immediate.HighestBit;
            immediate = row.Format.Immediate.Signed ? (int)(value << unused) >> unused : (int)value;
        }

        return new(
            row.Op,
            row.Rd.Exists ? row.Rd.Extract(word) : row.ImpliedRd,
            row.Rs1.Exists ? row.Rs1.Extract(word) : row.ImpliedRs1,
            row.Rs2.Extract(word),
            row.Rs3.Extract(word),
            row.Rm.Extract(word),
            (byte)row.Length,
            immediate);
    }

    internal static Instruction Illegal(uint word) =>
        (word & 3) != 3 ? new(Op.Illegal, 0, 0, 0, 0, 0, 2, (int)(word & 0xffff)) : new(Op.Illegal, 0, 0, 0, 0, 0, 4, (int)word);

    /// <summary>Of a key, those that choose among the lists.</summary>
    private const int KeyBits = 8;
    private const int KeyMask = (1 << KeyBits) - 1;

    private static int Choice(uint word) => (int)((word >> 2 & 0x1f) | (word >> 7 & 0xe0));

    private static int Key(uint word) => Choice(word) | (int)(word >> 17 & 0x7f00);

    private void FillCompressed()
    {
        for (int i = 0; i < _rows.Length; i++)
        {
            InstructionRow row = _rows[i];
            if (!row.IsCompressed) continue;
            uint free = ~row.Mask & 0xffff;
            uint bits = free;
            while (true)
            {
                // All subsets of the free bits; rows come in order of precedence, so the first one keeps the word.
                ref ushort entry = ref _compressed[row.Match | bits];
                if (entry == 0) entry = (ushort)(i + 1);
                if (bits == 0) break;
                bits = (bits - 1) & free;
            }
        }
    }

    private (ushort[] Chains, Candidate[] Candidates) FillCandidates()
    {
        var all = new Candidate[1 << 15][];
        Array.Fill(all, []);
        for (int i = 0; i < _rows.Length; i++)
        {
            InstructionRow row = _rows[i];
            if (row.IsCompressed) continue;
            int mask = Key(row.Mask), match = Key(row.Match), free = ~mask & 0x7fff, bits = free;
            while (true)
            {
                ref Candidate[] list = ref all[match | bits];
                list = [.. list, new Candidate(row.Mask, row.Match, i)];
                if (bits == 0) break;
                bits = (bits - 1) & free;
            }
        }

        // The chain of keys that no row has comes first.
        List<Candidate> candidates = [Candidate.None];
        List<ushort> chains = [];
        for (int key = 0; key < _groups.Length; key++)
        {
            Candidate[][] lists = [.. Enumerable.Range(0, all.Length >> KeyBits).Select(high => all[high << KeyBits | key])];
            bool isOne = lists.All(l => l.AsSpan().SequenceEqual(lists[0]));
            _groups[key] = new Group(chains.Count, isOne ? 0 : (uint)lists.Length - 1);
            foreach (Candidate[] list in isOne ? lists[..1] : lists)
            {
                chains.Add(list.Length == 0 ? (ushort)0 : checked((ushort)candidates.Count));
                if (list.Length > 0) candidates.AddRange([.. list, Candidate.None]);
            }
        }

        return ([.. chains], [.. candidates]);
    }

    /// <summary>Where in the table of chains those of a key are, and which of the highest seven bits choose among them: none or all.</summary>
    private readonly record struct Group(int First, uint HighMask);

    private readonly record struct Candidate(uint Mask, uint Match, int Number)
    {
        /// <summary>Ends a chain: matches everything.</summary>
        public static Candidate None => new(0, 0, -1);
    }
}
