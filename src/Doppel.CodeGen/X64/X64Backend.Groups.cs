using System.Numerics;
using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>
/// Groups of accesses: those at constant offsets from the same slot, which nobody changes between them, are looked up once if they lie in one page. The host's address of
/// what the slot points to is a temporary then that lives across guest instructions. If the look-up fails, all operations from the first to the last access are executed
/// by a second version of them, behind the region, in which every access is for itself; so that a fault comes where it belongs.
/// </summary>
/// <remarks>A page that is in the write TLB may be read: no instruction set has pages that can be written only.</remarks>
public sealed partial class X64Backend
{
    /// <summary>How far a group may reach: operations and beginnings of guest instructions, and bytes.</summary>
    private const int MaxGroupLength = 64;
    private const int MaxGroupBytes = 1024;

    /// <summary>Slots beyond do not begin a group's second row of accesses.</summary>
    private const int WatchedSlots = 64;

    private static GroupRole RoleOf(IrOpcode code) => code switch
    {
        IrOpcode.Load or IrOpcode.Store => GroupRole.Member,
        IrOpcode.Branch => GroupRole.Leaves,
        IrOpcode.Label or IrOpcode.Jump or IrOpcode.JumpUnlessAttention or IrOpcode.Goto => GroupRole.Ends,
        (> IrOpcode.Store and <= IrOpcode.Fence) or > IrOpcode.Branch => GroupRole.Breaks,
        _ => GroupRole.None,
    };

    private const int Opcodes = 256;

    // By operation.
    private readonly GroupRole[] _roles = [.. Enumerable.Range(0, Opcodes).Select(code => RoleOf((IrOpcode)code))];

    private AccessGroup[] _groups = new AccessGroup[16];
    private int _groupCount;
    private bool _grouping;

    /// <summary>Of the group that is being compiled, the last one; −1 if there is none. The temporary of its base number n is n behind the region's own.</summary>
    private int _groupEnd;

    /// <summary>Its slots, and the last access through each; −1 if there is none.</summary>
    private IrOperand _firstSlot;
    private IrOperand _secondSlot;
    private int _firstLast;
    private int _secondLast;

    /// <summary>The accesses that a group is looked for among.</summary>
    private readonly GroupMember[] _members = new GroupMember[MaxGroupLength];

    /// <summary>The temporary with the host's address of what the access's slot points to, or −1.</summary>
    private int GroupTemp(in IrOp op)
    {
        if (op.A == _firstSlot && _index <= _firstLast) return _region.Temps;
        return op.A == _secondSlot && _index <= _secondLast ? _region.Temps + 1 : -1;
    }

    /// <summary>Whether a group may begin with this access: it is the first operation of its guest instruction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MayBeginGroup(in IrOp op) => _grouping && _index > _groupEnd && _index == _begin && op.A.IsSlot && op.D != op.A;

    /// <summary>If one does, looks it up.</summary>
    private void TryBeginGroup(in IrOp op)
    {
        if (!HasSecond(op.A)) return;
        if (_groupCount == _groups.Length) Array.Resize(ref _groups, 2 * _groupCount);
        ref AccessGroup group = ref _groups[_groupCount];
        if (!TryFindGroup(ref group)) return;
        group.Slow = _asm.NewLabel();
        group.Back = _asm.NewLabel();
        for (int i = 0; i < group.BaseCount; i++) LookUp(ref group.Bases[i], _region.Temps + i, group.Slow);
        _groupCount++;
        _groupEnd = group.End;
        (_firstSlot, _firstLast) = (group.Bases[0].Slot, group.Bases[0].Last);
        if (group.BaseCount > 1) (_secondSlot, _secondLast) = (group.Bases[1].Slot, group.Bases[1].Last);
    }

    /// <summary>Whether there may be another access through the slot: most have none, and a look is cheap.</summary>
    private bool HasSecond(IrOperand slot)
    {
        ReadOnlySpan<GroupRole> roles = _roles.AsSpan(0, Opcodes);
        ReadOnlySpan<IrOp> ops = _region.Ops;
        for (int i = _index + 1, end = Math.Min(ops.Length, _index + MaxGroupLength); i < end; i++)
        {
            ref readonly IrOp op = ref ops[i];
            GroupRole role = roles[(int)op.Code];
            if (role >= GroupRole.Member && (role != GroupRole.Member || op.A == slot)) return role == GroupRole.Member;
            if (op.D == slot) return false;
        }

        return false;
    }

    private bool TryFindGroup(ref AccessGroup group)
    {
        int count = FindMembers();
        if (count < 2) return false;
        group.Bases[0].Begin(_members[0]);
        IrOperand first = _members[0].Slot, second = IrOperand.None;
        foreach (ref readonly GroupMember member in _members.AsSpan(0, count))
        {
            if (member.Slot == first)
            {
                group.Bases[0].TryAdd(member, MaxGroupBytes);
                continue;
            }

            if (second.IsNone)
            {
                // If control mostly leaves before it, its page may never get into the TLB, and all would go the slow way.
                if (member.MayBeLeftOut) continue;
                second = member.Slot;
                group.Bases[1].Begin(member);
            }

            if (member.Slot == second) group.Bases[1].TryAdd(member, MaxGroupBytes);
        }

        if (group.Bases[0].Count < 2) return false;

        // A second base is one only if it has two accesses, too.
        bool isPair = !second.IsNone && group.Bases[1].Count >= 2;
        (group.First, group.Distance, group.Next, group.Ahead) = (_index, _distance, _next, _ahead);
        group.BaseCount = isPair ? 2 : 1;
        group.End = isPair ? Math.Max(group.Bases[0].End, group.Bases[1].End) : group.Bases[0].End;
        return true;
    }

    /// <summary>Accesses through slots that nobody changes before them, in whole guest instructions, as long as control comes to each only from the one before it.</summary>
    private int FindMembers()
    {
        ReadOnlySpan<IrOp> ops = _region.Ops;
        ReadOnlySpan<GuestStart> starts = _region.Starts;
        ReadOnlySpan<GroupRole> roles = _roles.AsSpan(0, Opcodes);
        Span<GroupMember> members = _members;
        IrOperand first = IrOperand.None;
        int found = 0, complete = 0, next = _next, nextBegin = _nextBegin;
        bool isAlone = false, mayBeLeftOut = false;
        ulong written = 0;
        for (int i = _index, end = i + MaxGroupLength; i < ops.Length; i++)
        {
            ref readonly IrOp op = ref ops[i];
            GroupRole role = roles[(int)op.Code];
            if (role == GroupRole.Ends || (i == nextBegin && i < end))
            {
                // What was found so far counts, since no temporary lives on.
                for (; complete < found; complete++) members[complete].InstructionEnd = i - 1;
                for (; i == nextBegin && i < end; end--) nextBegin = FirstOf(starts, ++next);
            }

            if (i >= end || role > GroupRole.Member) break;
            mayBeLeftOut |= role == GroupRole.Leaves;
            uint slot;
            if (role == GroupRole.Member && (slot = (uint)op.A.Place - 1) < WatchedSlots && (written >> (int)slot & 1) == 0 && !IsXmm(_places[op.A.Place]))
            {
                ref GroupMember member = ref members[found];
                if (found++ == 0) (first, isAlone) = (op.A, true);
                else isAlone &= op.A != first;
                member.Index = i;
                member.Slot = op.A;
                member.Low = OffsetOf(op);
                member.High = member.Low + Bytes(op.Type);
                member.Writes = op.Code == IrOpcode.Store;
                member.MayBeLeftOut = mayBeLeftOut;
            }

            slot = (uint)op.D.Place - 1;
            if (slot < WatchedSlots) written |= 1UL << (int)slot;
            if (isAlone & op.D == first) return 0;
        }

        return complete;
    }

    private void LookUp(ref GroupBase b, int temp, Label slow)
    {
        Gpr tag = TakeGpr(), index = TakeGpr();
        bool isOnePlace = b.IsOnePlace;
        int sizeLog = isOnePlace ? BitOperations.Log2((uint)b.Widest) : 0;
        b.Site = default;
        if (HasSites)
        {
            b.Fill = _asm.NewLabel();
            b.Site = new SiteAccess(NextSite(b.Writes), sizeLog, tag, Found: _asm.Position);
            Address(tag, b.Slot, b.Low);
            _asm.Lead(CompareTag(tag, b.Site.Slot, sizeLog), b.Fill);
            if (!isOnePlace)
            {
                Address(tag, b.Slot, b.High - 1);
                _asm.Lead(CompareTag(tag, b.Site.Slot, sizeLog), slow);
            }

            _asm.Mov(OperandSize.Qword, index, _homes.Frame(b.Site.Slot + 1));
        }
        else
        {
            Address(tag, b.Slot, b.Low);
            LookParts table = TakeTable(out Mem entry, index) ? LookParts.Table : 0;
            LookParts parts = LookParts.Index | table | (b.Writes ? LookParts.Writes : 0) | (isOnePlace ? LookParts.Addend : 0);
            _asm.Lead(Look(tag, index, entry, parts, sizeLog), slow);
            if (!isOnePlace)
            {
                Address(tag, b.Slot, b.High - 1);
                _asm.Lead(Look(tag, index, entry, LookParts.Again | LookParts.Addend | table, sizeLog), slow);
            }
        }

        _asm.Alu(AluOp.Add, OperandSize.Qword, index, RegisterOf(b.Slot) == -1 ? MemoryOf(b.Slot) : Use(b.Slot));
        _locked = 0;
        _lastUses[temp] = b.Last;
        _places[FirstTemp + temp] = NoPlace;
        _spills[temp] = 0;
        Place(temp, (int)index);
    }

    private void Address(Gpr d, IrOperand slot, int offset)
    {
        int register = RegisterOf(slot);
        if (IsGpr(register) && offset != 0)
        {
            _asm.Lea(d, (Gpr)register, offset);
            return;
        }

        Fetch(d, slot);
        if (offset != 0) _asm.Alu(AluOp.Add, OperandSize.Qword, d, offset);
    }

    /// <summary>The host's memory of an access, by the temporary of its group.</summary>
    private Mem MemberOf(in IrOp op, int temp)
    {
        if (_places[FirstTemp + temp] == NoPlace)
        {
            // It had to go to memory. It comes back, for those that follow.
            Gpr register = TakeGpr();
            _asm.Mov(OperandSize.Qword, register, MemoryOf(IrOperand.Temp(temp)));
            Place(temp, (int)register);
        }

        return new Mem(Use(IrOperand.Temp(temp)), OffsetOf(op));
    }

    /// <summary>After the last operation of a group's last instruction: the second version comes back here.</summary>
    private void EndGroup()
    {
        ReleaseCopies();
        if (_grouping) _asm.Bind(_groups[_groupCount - 1].Back);
        ForgetFlags();
        LeaveGroup();
    }

    private void LeaveGroup() => _groupEnd = _firstLast = _secondLast = -1;

    /// <summary>Before the second version, for a site that has another page.</summary>
    private void FillSites(in AccessGroup group)
    {
        for (int i = 0; i < group.BaseCount; i++)
        {
            ref readonly GroupBase b = ref group.Bases[i];
            if (!b.Site.Exists) return;
            _asm.Bind(b.Fill);
            _copies = 0;
            Address(b.Site.Tag, b.Slot, b.Low);
            FillSite(b.Site, group.Distance);
            if (i < group.BaseCount - 1) _asm.Jmp(group.Slow);
        }
    }

    /// <summary>The second versions.</summary>
    private void WriteGroups()
    {
        _grouping = false;
        LeaveGroup();
        ReadOnlySpan<IrOp> ops = _region.Ops;
        for (int i = 0; i < _groupCount; i++)
        {
            ref readonly AccessGroup group = ref _groups[i];
            FillSites(group);
            _asm.Bind(group.Slow);
            ForgetFlags();
            _distance = group.Distance;
            _ahead = group.Ahead;
            _next = group.Next;
            _nextBegin = FirstOf(_region.Starts, _next);
            ForgetTemps();
            _copies = 0;
            LowerAll(ops, group.First, group.End);
            ReleaseCopies();
            _asm.Jmp(group.Back);
        }
    }
}
