using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Passes;
using Doppel.CodeGen.X64;
using Doppel.Host.Memory;
using Doppel.Tests.Unit.CodeGen.Ir.Generation;
using Doppel.Tests.Unit.CodeGen.X64;

namespace Doppel.Fuzz.Generated;

/// <summary>
/// Random and mutated regions of operations, compiled for several hosts and guests, with a few pages of RAM at several places of the address space. RAM, state and tables lie
/// between guards.
/// </summary>
internal sealed class RegionInput : IDisposable
{
    private static readonly ulong[] Everywhere = [.. Enumerable.Repeat(ulong.MaxValue, 32)];
    private const int MemoryBytes = 8 * 4096;
    private const int Runs = 4;
    private readonly List<Surroundings> _surroundings = [];
    private readonly IrRegion _region = new();
    private readonly IrPrinter _printer = new();

    public RegionInput()
    {
        ulong[] places = [0x8000_0000, 0, unchecked((ulong)-MemoryBytes), (1UL << 63) - (MemoryBytes / 2), 0x40_0000_0000 - (MemoryBytes / 2)];
        X64Features[] features = [.. new[] { X64Host.Features, X64Features.None, X64Host.Features & ~X64Features.Bmi2 }.Distinct()];
        for (int i = 0; i < places.Length * features.Length; i++)
        {
            X64Features has = features[i % features.Length];
            var plan = new RegionPlan
            {
                Hostile = true,
                MemoryStart = places[i % places.Length],
                MemorySize = MemoryBytes,
                Length = 10 << (i % 4),
                Allows = code => X64Backend.Supports(has, code),
            };
            HostMemory ram = HostMemory.Allocate(MemoryBytes, "guest");
            _surroundings.Add(new(plan, ram, new RegionTwin(plan, has, singleProcessor: i % 2 == 0, ram), new PassPipeline(plan.PcSlot), new IrVerifier(plan.Floats.Contains), new RegionMutator(plan)));
        }
    }

    /// <summary>What is wrong with the region that a number makes, or null.</summary>
    public string? Try(int number)
    {
        Surroundings place = _surroundings[(int)((uint)number % _surroundings.Count)];
        var random = new Random(number);
        _region.Reset();
        new RandomRegion(number, place.Plan).Fill(_region);
        if (random.Next(2) == 0) place.Mutator.Mutate(_region, random);
        if (random.Next(2) == 0) place.Passes.Run(_region);
        string text = _printer.Print(_region);
        if (place.Verifier.Verify(_region) is [{ } malformed, ..]) return $"{malformed}\n{text}";
        _region.KeepsView = random.Next(2) == 0;
        _region.WithPairs = random.Next(2) == 0 ? Everywhere : default;
        place.Twin.Compile(_region);
        for (int run = 0; run < Runs; run++)
        {
            if (place.Twin.Difference(unchecked(number + run)) is { } difference) return $"run {run}: {difference}{(_region.KeepsView ? " (keeps its view)" : "")}\n{text}";
        }

        return null;
    }

    public void Dispose()
    {
        foreach (Surroundings place in _surroundings)
        {
            place.Twin.Dispose();
            place.Ram.Dispose();
        }
    }

    private sealed record Surroundings(RegionPlan Plan, HostMemory Ram, RegionTwin Twin, PassPipeline Passes, IrVerifier Verifier, RegionMutator Mutator);
}
