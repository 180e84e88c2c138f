using System.Globalization;
using Doppel.CodeGen;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64;
using Doppel.CodeGen.X64.Disassembly;
using Doppel.RiscV.Hart;

namespace Doppel.Machine.Tools;

/// <summary>The code of one region for this host, by guest instructions, with what is known about its operands.</summary>
internal sealed class HostListing
{
    private const int DistanceBits = 24;

    private static readonly string[] PairNames = ["tag", "addend", "addend of the next page", "unused"];

    // FrameSlot has numbers only.
    private static readonly Dictionary<int, string> FrameNames = new()
    {
        [FrameSlot.Attention] = "attention",
        [FrameSlot.ReadTlb] = "read TLB",
        [FrameSlot.WriteTlb] = "write TLB",
        [FrameSlot.JumpCache] = "jump cache",
        [FrameSlot.PresentPages] = "present pages",
        [FrameSlot.HostFloatControl] = "host's MXCSR",
        [FrameSlot.GuestFloatControl] = "guest's MXCSR",
        [FrameSlot.Result] = "result",
    };

    private readonly byte[] _code;
    private readonly ulong _page;
    private readonly Dictionary<int, string> _notes = [];
    private readonly List<(int Offset, int? Distance)> _places = [];

    public HostListing(IFrontEnd frontEnd, IrRegion region, ulong page)
    {
        _page = page;
        var target = new X64Target
        {
            FrontEnd = frontEnd,
            FirstEngineSlot = RiscVSlot.Count,
            Features = X64Host.Features,
            SingleProcessor = true,
            ReservationSlot = RiscVSlot.ReservationAddress,
            HostToPhysical = 0,
        };
        var stubs = new X64Stubs(target);
        var backend = new X64Backend(target, stubs) { Places = _places };
        CompiledRegion compiled = backend.Compile(region, 0);
        _code = compiled.Code.ToArray();
        foreach (StubCall call in compiled.StubCalls) _notes[call.Offset] = stubs.NameOf(call.Stub);
        foreach (LinkSite link in compiled.Links) _notes[link.Jump] = $"link to 0x{page + (ulong)link.Distance:x}";
        Homes = string.Join(", ", Enumerable.Range(0, RiscVSlot.Count).Select(slot => (slot, home: backend.HomeOf(slot))).Where(s => s.home is not null).Select(s => $"{RiscVSlot.Name(s.slot)} {s.home}"));
    }

    /// <summary>Bytes.</summary>
    public int Length => _code.Length;

    /// <summary>The registers that slots live in.</summary>
    public string Homes { get; }

    /// <summary>The distances of the guest instructions, in the order of their code.</summary>
    public IEnumerable<int> Order => _places.Where(p => p.Distance is not null).Select(p => p.Distance!.Value).Distinct();

    /// <summary>The instructions made of a guest instruction, or, for null, what lies behind all of them.</summary>
    public IEnumerable<string> Of(int? distance)
    {
        for (int i = 0; i < _places.Count; i++)
        {
            if (_places[i].Distance != distance) continue;

            // What comes before the first marker belongs to it.
            int start = i == 0 ? 0 : _places[i].Offset;
            int end = i + 1 < _places.Count ? _places[i + 1].Offset : _code.Length;
            foreach (string line in Lines(start, end)) yield return line;
        }
    }

    private IEnumerable<string> Lines(int offset, int end)
    {
        var disassembler = new X64Disassembler();
        string before = "";
        while (offset < end)
        {
            string text = disassembler.Disassemble(_code, offset, out int length);
            string? note = Enumerable.Range(offset, length).Select(_notes.GetValueOrDefault).FirstOrDefault(n => n is not null);
            if (note is not null && disassembler.Target is not null) text = text[..text.IndexOf(' ')];
            if (note == "the engine") note += Asks(before);
            else if (disassembler.FrameDisplacement is { } displacement) note = SlotAt(displacement);
            string line = $"{offset,5:x}: {Convert.ToHexStringLower(_code.AsSpan(offset, length)),-20}  ";
            yield return note is null ? line + text : $"{line}{text,-40}; {note}";
            before = text;
            offset += length;
        }
    }

    /// <summary>What code asks the engine: the instruction before the call says it.</summary>
    private string Asks(string before)
    {
        const string Prefix = "mov ecx, ";
        if (!before.StartsWith(Prefix, StringComparison.Ordinal)) return "";
        string number = before[Prefix.Length..];
        int value = number.StartsWith("0x", StringComparison.Ordinal)
            ? (int)uint.Parse(number.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
            : int.Parse(number, CultureInfo.InvariantCulture);
        var kind = (CallbackKind)(value >>> DistanceBits);
        int distance = value << (32 - DistanceBits) >> (32 - DistanceBits);
        return $": {kind.ToString().ToLowerInvariant()}{(kind is CallbackKind.Link or CallbackKind.Lookup ? "" : $" at 0x{_page + (ulong)distance:x}")}";
    }

    private static string SlotAt(int displacement)
    {
        int slot = (displacement + X64Target.FrameBias) / sizeof(ulong);
        if (slot < RiscVSlot.Count) return RiscVSlot.Name(slot);
        int number = slot - RiscVSlot.Count;
        if (number >= FrameSlot.Pairs) return $"pair {(number - FrameSlot.Pairs) / 4} {PairNames[(number - FrameSlot.Pairs) % 4]}";
        if (number >= FrameSlot.Sites) return $"site {(number - FrameSlot.Sites) / 2} {((number - FrameSlot.Sites) % 2 == 0 ? "tag" : "addend")}";
        return FrameNames.GetValueOrDefault(number) ?? (number >= FrameSlot.Spill ? $"spill {number - FrameSlot.Spill}" : $"engine {number}");
    }
}
