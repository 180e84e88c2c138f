#!/usr/bin/env dotnet
#:project ../src/Doppel.Machine/Doppel.Machine.csproj
#:project ../src/Doppel.Core/Doppel.Core.csproj
#:project ../src/Doppel.Backends/Doppel.Backends.csproj
#:project ../src/Doppel.Images/Doppel.Images.csproj
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false
#:property RestoreLockedMode=false

// What snapshots cost: boots the default guest, then takes snapshots of it while it runs, sets it back, and makes forks that live at the same time.
//   dotnet run -c Release tools/snapshot-cost.cs -- [FORKS [MEBIBYTES]]      20 forks and 512 MiB if not said
// Medians in milliseconds. A snapshot is timed from the call to the moment at which the guest goes on; between two, and before the restore, the guest writes 40 MiB. A fork's memory is what the host gave to
// this process for it (its share of what others have too), once it has idled for two seconds: pages of its RAM, generated code, and the rest, which is the heap, stacks and the engine's tables.
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Doppel.Backends.Console;
using Doppel.Images.Store;
using Doppel.Machine;
using Doppel.Machine.Snapshots;

const int Rounds = 15;
const string Write40 = "dd if=/dev/zero of=/tmp/x bs=1M count=40 2> /dev/null";
if (args.Length > 2)
{
    Console.Error.WriteLine("usage: dotnet run -c Release tools/snapshot-cost.cs -- [FORKS [MEBIBYTES]]");
    return 2;
}

int forks = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 20;
ulong memory = args.Length > 1 ? ulong.Parse(args[1], CultureInfo.InvariantCulture) : 512;
TimeSpan patience = TimeSpan.FromMinutes(2);
int commands = 0;
using var store = new ImageStore();
GuestImage image = await store.GetAsync(new GuestImageRequest());
var console = new MemoryConsole();
var config = new VmConfig { Kernel = image.KernelPath, Initrd = image.InitrdPath, Append = "console=ttyS0 loglevel=4", MemoryBytes = memory << 20 };
await using VirtualMachine machine = VirtualMachine.Create(config, new VmHost { Console = console });
machine.Start();
await console.WaitForAsync("~ # ", patience);

List<double> snapshots = [], restores = [], busySnapshots = [];
for (int i = 0; i < Rounds; i++)
{
    using VmSnapshot idle = await Time(machine.SnapshotAsync, snapshots);
    await RunAsync(console, Write40);
    using VmSnapshot busy = await Time(machine.SnapshotAsync, busySnapshots);
    await RunAsync(console, Write40);
    await Time(async () =>
    {
        await machine.RestoreAsync(idle);
        return true;
    }, restores);
    await RunAsync(console, ":");
}

// A snapshot in files, and machines that are made of it, up to the first code that the guest executes.
List<double> stored = [];
string folder = Directory.CreateTempSubdirectory("doppel-cost-").FullName;
var snapshotStore = new SnapshotStore(folder);
using (VmSnapshot kept = await machine.SnapshotAsync()) await snapshotStore.SaveAsync(kept, "kept");
for (int i = 0; i < Rounds; i++)
{
    await using VirtualMachine copy = await Time(async () =>
    {
        using VmSnapshot loaded = snapshotStore.Load("kept");
        VirtualMachine made = VirtualMachine.Create(loaded, new VmHost { Console = new MemoryConsole() });
        await made.ResumeAsync();
        while (made.Statistics.All(s => s.Name is not ("translator.entries" or "translator.interpreted") || s.Value == 0)) Thread.Yield();
        return made;
    }, stored);
    await Task.Delay(300);
}

Directory.Delete(folder, recursive: true);

// Each fork has work of its own for a moment (its guest learns that it is a copy), which the next one must not wait for.
List<double> alone = [], made = [];
for (int i = 0; i < Rounds; i++)
{
    await using VirtualMachine copy = await Time(() => machine.ForkAsync(new VmHost { Console = new MemoryConsole() }), alone);
    await Task.Delay(300);
}

List<(VirtualMachine Machine, MemoryConsole Console)> copies = [];
Memory before = Memory.Now();
for (int i = 0; i < forks; i++)
{
    var own = new MemoryConsole();
    copies.Add((await Time(() => machine.ForkAsync(new VmHost { Console = own }), made), own));
}

await Task.Delay(TimeSpan.FromSeconds(2));
Memory each = Memory.Now().Since(before, Math.Max(1, forks));
TimeSpan used = Process.GetCurrentProcess().TotalProcessorTime;
await Task.Delay(TimeSpan.FromSeconds(2));
double share = (Process.GetCurrentProcess().TotalProcessorTime - used).TotalSeconds / 2;
long start = Stopwatch.GetTimestamp();
foreach ((_, MemoryConsole own) in copies) await RunAsync(own, ":");
double answered = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
foreach ((VirtualMachine copy, _) in copies) await copy.DisposeAsync();

Say("snapshot of the idle guest", Median(snapshots), "ms");
Say("snapshot after 40 MiB were written", Median(busySnapshots), "ms");
Say("restore in place", Median(restores), "ms");
Say("stored snapshot, until the guest goes on", Median(stored), "ms");
Say("fork, until the copy runs", Median(alone), "ms");
Say($"fork, one after the other ({forks})", Median(made), "ms");
Say("memory of an idle fork", each.Ram + each.Code + each.Rest, "KiB");
Say("  its own pages of RAM", each.Ram, "KiB");
Say("  generated code", each.Code, "KiB");
Say("  the rest", each.Rest, "KiB");
Say("  of that, objects", each.Objects, "KiB");
Say("processor share of all that idle", share * 100, "%");
Say("all forks have answered a command after", answered, "ms");
return 0;

async Task RunAsync(MemoryConsole on, string command)
{
    // The shell computes the mark, so that the echo of what is typed does not contain it.
    int number = 1000 + commands++;
    on.Send($"{command}; echo end$(({number}))\r");
    await on.WaitForAsync($"end{number}\r\n", patience);
}

static async Task<T> Time<T>(Func<Task<T>> work, List<double> milliseconds)
{
    long started = Stopwatch.GetTimestamp();
    T result = await work();
    milliseconds.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    return result;
}

static double Median(List<double> values) => values.Count == 0 ? 0 : values.Order().ElementAt(values.Count / 2);

static void Say(string what, double value, string unit) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-45} {value,9:0.00} {unit}"));

/// <summary>What this process has, in KiB: proc(5), smaps, "Pss".</summary>
internal sealed record Memory(double Ram, double Code, double Rest, double Objects)
{
    private static readonly byte[] Text = Filled();

    public static Memory Now()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);

        // All that it takes to read is there before, so that it is not counted.
        int length = 0;
        using (FileStream file = File.OpenRead("/proc/self/smaps"))
        {
            for (int count; (count = file.Read(Text, length, Text.Length - length)) > 0;) length += count;
        }

        long objects = GC.GetTotalMemory(forceFullCollection: false);
        double ram = 0, code = 0, rest = 0;
        string name = "";
        foreach (string line in Encoding.ASCII.GetString(Text, 0, length).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // A mapping begins with its range of addresses, which no field does.
            if (line.Split(' ')[0].Contains('-')) name = line;
            if (!line.StartsWith("Pss:", StringComparison.Ordinal)) continue;
            long size = long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
            if (name.Contains("doppel-ram", StringComparison.Ordinal)) ram += size;
            else if (name.Contains("doppel-code", StringComparison.Ordinal)) code += size;
            else rest += size;
        }

        return new Memory(ram, code, rest, objects / 1024.0);
    }

    private static byte[] Filled()
    {
        byte[] text = new byte[64 << 20];
        text.AsSpan().Fill(1);
        return text;
    }

    public Memory Since(Memory before, int count) =>
        new((Ram - before.Ram) / count, (Code - before.Code) / count, (Rest - before.Rest) / count, (Objects - before.Objects) / count);
}
