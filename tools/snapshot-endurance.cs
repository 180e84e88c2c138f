#!/usr/bin/env dotnet
#:project ../src/Doppel.Machine/Doppel.Machine.csproj
#:project ../src/Doppel.Core/Doppel.Core.csproj
#:project ../src/Doppel.Backends/Doppel.Backends.csproj
#:project ../src/Doppel.Images/Doppel.Images.csproj
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false
#:property RestoreLockedMode=false

// Do snapshots and forks keep a working machine whole? A Debian guest that inserts rows with sqlite3 and compiles is kept every second, then set back to random snapshots, then forked, then killed at random
// moments. Each time the guest has to go on, the database and the file system to be whole.
//   dotnet run -c Release tools/snapshot-endurance.cs -- [SECONDS [RESTORES [KILLS [SEED [FORKS]]]]]      120, 10, 10, 1 and 10 if not said
// It takes the command of the last release build. What it makes is in a temporary folder, which stays if something is wrong.
using System.Diagnostics;
using System.Globalization;
using Doppel.Backends.Console;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Images.Store;
using Doppel.Machine;
using Doppel.Machine.Named;

const string Load = """
    cat > /mnt/prepare.sh <<'END'
    i=0; while [ $i -lt 60 ]; do echo "int f$i(int a, const int *b) { int s = 0; for (int i = 0; i < a; i++) s += b[i] * $i + (s >> 3); return s; }"; i=$((i+1)); done > p.c
    echo 'int main(void) { return 0; }' >> p.c
    sqlite3 db 'create table t(a integer primary key, b text);'
    END
    cat > /mnt/load.sh <<'END'
    (n=0; while [ ! -e /tmp/stop ]; do sqlite3 db "insert into t(b) values(hex(randomblob(400)));" && n=$((n+1)) && echo $n > /tmp/rows; done; touch /tmp/done1) &
    (n=0; while [ ! -e /tmp/stop ]; do gcc -O1 p.c -o p && ./p && n=$((n+1)) && echo $n > /tmp/built; done; touch /tmp/done2) &
    END
    cd /mnt; sh prepare.sh; sh load.sh > /dev/null 2>&1
    """;
int seconds = Argument(0, 120), restores = Argument(1, 10), kills = Argument(2, 10), seed = Argument(3, 1), forks = Argument(4, 10);
if (args.Length > 5)
{
    Console.Error.WriteLine("usage: dotnet run -c Release tools/snapshot-endurance.cs -- [SECONDS [RESTORES [KILLS [SEED [FORKS]]]]]");
    return 2;
}

TimeSpan patience = TimeSpan.FromMinutes(3);
string command = Path.Combine(Root(), "artifacts", "bin", "Doppel.Cli", "release", "doppel");
if (!File.Exists(command))
{
    Console.Error.WriteLine($"snapshot-endurance: {command} is not there\ntry: dotnet build src/Doppel.Cli -c Release");
    return 1;
}

string folder = Directory.CreateTempSubdirectory("doppel-endurance-").FullName;
Environment.SetEnvironmentVariable("DOPPEL_STATE", folder);
var random = new Random(seed);
int commands = 1000, wrong = 0;
string disk = Path.Combine(folder, "disk.qcow2");
DiskImage.CreateQcow2(disk, 1L << 30, new Qcow2Options());
using var store = new ImageStore();
GuestImage image = await store.GetAsync(new GuestImageRequest(packages: ["e2fsprogs", "gcc", "libc6-dev", "sqlite3"]));
var machines = new MachineStore(folder);
NamedMachine machine = machines.Create(new VmConfig { Name = "load", Kernel = image.KernelPath, Initrd = image.InitrdPath, Append = "console=ttyS0 loglevel=5", MemoryBytes = 2UL << 30, Disks = [new DiskConfig(disk, CopyOnWrite: true)] });
try
{
    await StartAsync(machine, new StartPoint());
    await PromptAsync();
    await RunAsync(machine, "mkfs.ext4 -q /dev/vda && mount -t ext4 /dev/vda /mnt");
    await RunAsync(machine, Load + "\n:");
    await UntilAsync(async () => (await RunAsync(machine, "cat /tmp/rows /tmp/built")).Count(c => c == '\n') == 2);

    // 1. Kept every second.
    List<double> times = [];
    long begin = Stopwatch.GetTimestamp();
    for (int i = 0; Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds; i++)
    {
        long now = Stopwatch.GetTimestamp();
        await machine.SnapshotAsync($"s{i}");
        times.Add(Stopwatch.GetElapsedTime(now).TotalSeconds);
        TimeSpan rest = TimeSpan.FromSeconds(1) - Stopwatch.GetElapsedTime(now);
        if (rest > TimeSpan.Zero) await Task.Delay(rest);
    }

    Say($"{times.Count} snapshots in {Stopwatch.GetElapsedTime(begin).TotalSeconds:0} s, stored in {times.Order().ElementAt(times.Count / 2):0.00} s (median), {times.Max():0.00} s at most");

    // 2. Set back.
    for (int i = 0; i < restores; i++)
    {
        string name = $"s{random.Next(times.Count)}";
        await machine.RestoreAsync(name, () => throw new InvalidOperationException("It runs."));
        Note($"set back to {name}", await WholeAsync(machine));
    }

    // 3. Forked; every other time killed meanwhile. The child does not need it.
    for (int i = 0; i < forks; i++)
    {
        string name = $"s{random.Next(times.Count)}", child = $"child{i}";
        await machine.RestoreAsync(name, () => throw new InvalidOperationException("It runs."));
        await Task.Delay(random.Next(500, 3000));
        Task work = machines.ForkAsync(machine, [child], StartAsync);
        if (i % 2 == 0)
        {
            await work;
        }
        else
        {
            await Task.Delay(random.Next(0, 1200));
            await KillAsync();
            await work.ContinueWith(_ => { }, TaskScheduler.Default);
            await StartAsync(machine, new StartPoint { Snapshot = name });
        }

        if (machines.List().FirstOrDefault(m => m.Name == child) is { } made)
        {
            Note($"forked at {name}{(i % 2 == 0 ? "" : ", killed then")}, the child", await WholeAsync(made));
            await made.KillAsync();
            machines.Remove(made);
        }
        else
        {
            Say($"forked at {name}, killed before there was a child");
        }

        Note($"forked at {name}", await WholeAsync(machine));
    }

    // 4. Killed: while nothing special happens, while it is kept, while it is set back. Then it goes on from a snapshot, or boots from its disk.
    for (int i = 0; i < kills; i++)
    {
        string name = $"s{random.Next(times.Count)}";
        await machine.RestoreAsync(name, () => throw new InvalidOperationException("It runs."));
        await Task.Delay(random.Next(500, 3000));
        Task work = (i % 3) switch
        {
            0 => Task.CompletedTask,
            1 => machine.SnapshotAsync($"torn{i}"),
            _ => machine.RestoreAsync($"s{random.Next(times.Count)}", () => Task.CompletedTask),
        };
        await Task.Delay(random.Next(0, 200));
        await KillAsync();
        await work.ContinueWith(_ => { }, TaskScheduler.Default);
        bool boots = i % 2 == 0 && machine.Snapshots.List().Snapshots.Count > 0 && i % 3 != 2;
        await StartAsync(machine, boots ? new StartPoint() : new StartPoint { Snapshot = name });
        string how = (i % 3) switch { 0 => "killed", 1 => "killed while it was kept", _ => "killed while it was set back" };
        if (boots)
        {
            await PromptAsync();
            string said = await RunAsync(machine, "mount -t ext4 /dev/vda /mnt && cd /mnt && sqlite3 db 'pragma integrity_check;' && cd / && umount /mnt && e2fsck -fn /dev/vda > /tmp/check 2>&1 && echo clean || cat /tmp/check");
            Note($"{how}, booted from its disk", said.Contains("ok\nclean", StringComparison.Ordinal) ? null : said);
        }
        else
        {
            Note($"{how}, gone on from {name}", await WholeAsync(machine));
        }
    }

    await machine.Snapshots.CheckAsync([]);
    Say($"all {machine.Snapshots.List().Snapshots.Count} snapshots are as their checksums say");
}
finally
{
    if ((await machine.LookAsync()).ProcessId != 0) await machine.KillAsync();
    if (wrong == 0) Directory.Delete(folder, recursive: true);
    else Say($"what is wrong is in {folder}");
}

Say(wrong == 0 ? "everything was whole" : $"{wrong} times something was wrong");
return wrong == 0 ? 0 : 1;

// Whether the guest goes on, and is whole; else what is wrong.
async Task<string?> WholeAsync(NamedMachine machine)
{
    string before = await RunAsync(machine, "cat /tmp/rows /tmp/built");
    await Task.Delay(1500);
    string after = await RunAsync(machine, "cat /tmp/rows /tmp/built");
    if (before == after) return $"the guest does not go on: {after}";
    await UntilAsync(async () => (await RunAsync(machine, "touch /tmp/stop; ls -1 /tmp/done1 /tmp/done2 2> /dev/null")).Count(c => c == '\n') == 2);
    string said = await RunAsync(machine, "cd /mnt && sqlite3 db 'pragma integrity_check;'; cd /; umount /mnt && e2fsck -fn /dev/vda > /tmp/check 2>&1 && echo clean || cat /tmp/check");
    return said.Contains("ok\nclean", StringComparison.Ordinal) ? null : said;
}

async Task KillAsync()
{
    using Process process = Process.GetProcessById((await machine.LookAsync()).ProcessId);
    process.Kill();
    await process.WaitForExitAsync();
}

void Note(string what, string? problem)
{
    if (problem is not null) wrong++;
    Say(problem is null ? $"{what}: whole" : $"{what}: WRONG: {problem}");
}

Task StartAsync(NamedMachine machine, StartPoint start)
{
    List<string> line = [command, "machine-process", machine.Name];
    if (start.Snapshot is { } snapshot) line.AddRange(["--from", snapshot]);
    if (start.Fork is { } fork) line.AddRange(["--fork", fork]);
    return machine.StartAsync(line);
}

// A log of an earlier run may show one, too.
Task PromptAsync() => UntilAsync(async () => (await RunAsync(machine, ":", TimeSpan.FromSeconds(5))) is not null);

async Task<string> RunAsync(NamedMachine machine, string text, TimeSpan? limit = null)
{
    using var leaving = new CancellationTokenSource();
    var console = new MemoryConsole();
    Task attached = machine.AttachAsync(console, leaving.Token);
    int number = commands++;
    console.Send($"\recho begin$(({number})); {text.ReplaceLineEndings("\r")}; echo end$(({number}))\r");
    try
    {
        await console.WaitForAsync($"begin{number}\r\n", limit ?? patience);
        string output = await console.WaitForAsync($"end{number}\r\n", limit ?? patience);
        return output[..output.LastIndexOf("end", StringComparison.Ordinal)].ReplaceLineEndings("\n");
    }
    catch (Doppel.Core.Errors.DoppelException) when (limit is not null)
    {
        return null!;
    }
    finally
    {
        await leaving.CancelAsync();
        await attached;
    }
}

async Task UntilAsync(Func<Task<bool>> condition)
{
    using var late = new CancellationTokenSource(patience);
    while (!await condition()) await Task.Delay(200, late.Token);
}

int Argument(int index, int usual) => args.Length > index ? int.Parse(args[index], CultureInfo.InvariantCulture) : usual;

static void Say(string text) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss} {text}"));

static string Root([System.Runtime.CompilerServices.CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, ".."));
