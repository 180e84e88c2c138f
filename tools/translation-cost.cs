#!/usr/bin/env dotnet
#:project ../src/Doppel.RiscV/Doppel.RiscV.csproj
#:project ../src/Doppel.CodeGen/Doppel.CodeGen.csproj
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false
#:property RestoreLockedMode=false

// What translating costs, warm: processor time and bytes per guest instruction, stage by stage, for the code of a RISC-V kernel image or any other file.
//   dotnet run -c Release tools/translation-cost.cs -- KERNEL [ROUNDS]
// Every place behind a return is taken for a function; each is translated as the engine does it, but for the copying into the code memory. Of each region the fastest round counts, stage by
// stage, less what asking for the time takes, so that a busy host matters little.
using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Passes;
using Doppel.CodeGen.X64;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Translation;

const int PageSize = 4096;
const int MostRegions = 4000;
const int Repeats = 4;
if (args.Length is 0 or > 2)
{
    Console.Error.WriteLine("usage: dotnet run -c Release tools/translation-cost.cs -- KERNEL [ROUNDS]");
    return 2;
}

byte[] image = File.ReadAllBytes(args[0]);
int rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 20;
List<(int Page, int Entry)> places = [];
for (int at = 0; at < image.Length - PageSize && places.Count < MostRegions; at += 2)
{
    // ret, compressed; what follows must be code too, or nothing.
    if (BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(at)) != 0x8082) continue;
    int next = at + 2;
    if (BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(next)) != 0) places.Add((next & -PageSize, next & (PageSize - 1)));
}

var target = new X64Target
{
    FrontEnd = new RiscVFrontEnd(ExtensionSet.All, X64Host.Supports),
    FirstEngineSlot = RiscVSlot.Count,
    Features = X64Host.Features,
    SingleProcessor = true,
    ReservationSlot = RiscVSlot.ReservationAddress,
    HostToPhysical = 0,
};
var backend = new X64Backend(target, new X64Stubs(target));
var passes = new PassPipeline(target.FrontEnd.PcSlot);
var region = new IrRegion();
long instructions = 0, operations = 0, bytes = 0;

long asking = CostOfAsking();
long[,] best = new long[places.Count, 3];
for (int round = 0; round < rounds; round++)
{
    instructions = operations = bytes = 0;

    // Each region several times in a row: what the caches of a busy host have lost is not what translating costs.
    for (int n = 0; n < places.Count * Repeats; n++)
    {
        int i = n / Repeats;
        (int page, int entry) = places[i];
        region.Reset();
        // Supervisor mode, floating point not in use.
        var code = new GuestCode { Page = image.AsSpan(page, PageSize), Entry = entry, Mode = 1 };
        long start = Stopwatch.GetTimestamp();
        target.FrontEnd.Translate(code, region);
        long middle = Stopwatch.GetTimestamp();
        passes.Run(region);
        long end = Stopwatch.GetTimestamp();
        CompiledRegion compiled = backend.Compile(region, 0);
        long last = Stopwatch.GetTimestamp();
        Note(i, 0, middle - start);
        Note(i, 1, end - middle);
        Note(i, 2, last - end);
        if (n % Repeats != 0) continue;
        instructions += region.Instructions;
        operations += region.Ops.Length;
        bytes += compiled.Code.Length;
    }
}

double[] sums = [.. Enumerable.Range(0, 3).Select(stage => Enumerable.Range(0, places.Count).Sum(i => (double)best[i, stage]) * 1e9 / Stopwatch.Frequency / instructions)];
Console.WriteLine($"regions {places.Count}, guest instructions {instructions}, operations {operations}, bytes of code {bytes} ({(double)bytes / instructions:0.0} each)");
Console.WriteLine($"ns per guest instruction: front end {sums[0]:0.0}, passes {sums[1]:0.0}, backend {sums[2]:0.0}, together {sums.Sum():0.0}");
return 0;

// What it takes to ask for the time, which is no part of what translating does.
static long CostOfAsking()
{
    long least = long.MaxValue;
    for (int i = 0; i < 10_000; i++)
    {
        long start = Stopwatch.GetTimestamp();
        least = Math.Min(least, Stopwatch.GetTimestamp() - start);
    }

    return least;
}

void Note(int region, int stage, long ticks)
{
    ticks = Math.Max(1, ticks - asking);
    if (best[region, stage] == 0 || ticks < best[region, stage]) best[region, stage] = ticks;
}
