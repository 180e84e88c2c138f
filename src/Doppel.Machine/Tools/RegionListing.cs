using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Passes;
using Doppel.CodeGen.X64;
using Doppel.Core.Errors;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Translation;

namespace Doppel.Machine.Tools;

/// <summary>The privilege for which code is translated.</summary>
public enum ListingMode
{
    User,
    Supervisor,
    Machine,
}

/// <summary>What of a translated region is listed.</summary>
/// <param name="Ir">The translator's operations.</param>
/// <param name="Host">The host's instructions.</param>
/// <param name="Passes">Whether the operations are as the passes leave them, or as the front end makes them.</param>
public sealed record RegionListingOptions(bool Ir, bool Host, bool Passes = true, ListingMode Mode = ListingMode.User);

/// <summary>What the translator makes of the guest code at one place of a file, instruction by instruction, as text.</summary>
public static class RegionListing
{
    private const ulong PageMask = ~0xfffUL;

    /// <param name="path">An ELF file, or raw code.</param>
    /// <param name="start">Where the first byte of a raw file is; 0 if null.</param>
    /// <param name="symbol">The region begins there.</param>
    /// <param name="address">The region begins there. Without it and a symbol, where the file begins.</param>
    /// <exception cref="DoppelException">The file cannot be read, is damaged, for another machine, or has no code there.</exception>
    public static IEnumerable<string> Of(string path, ulong? start, string? symbol, ulong? address, RegionListingOptions options)
    {
        var file = new CodeFile(path, start);
        ulong entry = address ?? file.AddressOf(symbol);
        if (!file.Contains(entry)) throw new DoppelException(ErrorKind.NotFound, $"{path}: there is no code at 0x{entry:x}", $"doppel disasm {path}");
        if (entry % 2 != 0) throw new DoppelException(ErrorKind.Usage, $"0x{entry:x}: instructions are at even addresses", $"0x{entry - 1:x}");
        return Of(file, entry, options);
    }

    private static IEnumerable<string> Of(CodeFile file, ulong entry, RegionListingOptions options)
    {
        ulong page = entry & PageMask;
        byte[] code = file.Page(page)!;
        byte[]? behind = file.Page(page + 4096);
        var frontEnd = new RiscVFrontEnd(new HartConfig().Extensions, X64Host.Supports);
        uint mode = RiscVFrontEnd.ModeOf(options.Mode switch { ListingMode.User => PrivilegeMode.User, ListingMode.Supervisor => PrivilegeMode.Supervisor, _ => PrivilegeMode.Machine });
        var region = new IrRegion();
        int offset = (int)(entry - page);
        frontEnd.Translate(new GuestCode { Page = code, NextPage = frontEnd.NeedsNextPage(code, offset) ? behind : default, NextPageNumber = 1, Entry = offset, Mode = mode }, region);
        region.KeepsView = frontEnd.KeepsView(mode);
        var passes = new PassPipeline(frontEnd.PcSlot);
        if (options.Passes) passes.Run(region);
        Dictionary<int, List<string>> operations = options.Ir ? Operations(region) : [];
        if (!options.Passes) passes.Run(region);
        var host = new HostListing(frontEnd, region, page);
        yield return $"region at 0x{entry:x}, mode {frontEnd.NameOfMode(mode)}: {region.Instructions} instructions, {region.GuestBytes} guest bytes, {host.Length} host bytes";
        if (options.Host) yield return $"in registers: {host.Homes}";
        byte[] both = [.. code, .. behind ?? []];
        foreach (int distance in host.Order)
        {
            yield return "";
            DisassembledLine line = Disassembler.List(both.AsMemory(distance, Math.Min(4, both.Length - distance)), page + (ulong)distance).First();
            yield return $"0x{line.Address:x}: {line.Text}";
            foreach (string operation in operations.GetValueOrDefault(distance) ?? []) yield return $"        {operation}";
            if (!options.Host) continue;
            foreach (string instruction in host.Of(distance)) yield return $"    {instruction}";
        }

        if (!options.Host) yield break;
        yield return "";
        yield return "out of line:";
        foreach (string instruction in host.Of(null)) yield return $"    {instruction}";
    }

    /// <summary>By the distance of their guest instruction; what stands before its beginning belongs to it.</summary>
    private static Dictionary<int, List<string>> Operations(IrRegion region)
    {
        var printer = new IrPrinter(RiscVSlot.Name);
        var all = new Dictionary<int, List<string>>();
        List<string> before = [];
        List<string> current = before;
        ReadOnlySpan<GuestStart> starts = region.Starts;
        for (int i = 0; i < region.Count; i++)
        {
            for (; starts.Length > 0 && starts[0].First == i; starts = starts[1..])
            {
                int distance = starts[0].Distance;
                if (!all.TryGetValue(distance, out List<string>? known)) all.Add(distance, known = []);
                known.AddRange(before);
                before = [];
                current = known;
            }

            IrOp op = region.Ops[i];
            if (op.Code is IrOpcode.Label or IrOpcode.CheckAttention) current = before;
            current.Add(printer.Print(region, op));
        }

        if (all.Count > 0) all.Values.Last().AddRange(before);
        return all;
    }
}
