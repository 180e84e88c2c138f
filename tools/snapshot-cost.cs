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
// this process for it and nobody else has, once it has idled for two seconds.
using System.Diagnostics;
using System.Globalization;
using Doppel.Backends.Console;
using Doppel.Images.Store;
using Doppel.Machine;

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

List<double> made = [];
List<(VirtualMachine Machine, MemoryConsole Console)> copies = [];
long before = PrivateKibibytes();
for (int i = 0; i < forks; i++)
{
    var own = new MemoryConsole();
    copies.Add((await Time(() => machine.ForkAsync(new VmHost { Console = own }), made), own));
}

await Task.Delay(TimeSpan.FromSeconds(2));
long each = (PrivateKibibytes() - before) / Math.Max(1, forks);
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
Say($"fork, until the copy runs (of {forks})", Median(made), "ms");
Say("memory of an idle fork", each, "KiB");
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

// proc(5), smaps_rollup.
static long PrivateKibibytes()
{
    GC.Collect();
    string line = File.ReadLines("/proc/self/smaps_rollup").First(l => l.StartsWith("Private_Dirty:", StringComparison.Ordinal));
    return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
