using System.Globalization;
using System.Text.RegularExpressions;

namespace Doppel.Bench;

/// <summary>What is measured, and what SPECIFICATION.md promises of it.</summary>
internal static partial class Catalog
{
    /// <summary>The classes whose programs are nothing but work for the processor.</summary>
    public static IReadOnlySet<string> KernelClasses { get; } = new HashSet<string> { "integer", "calls", "memory", "float", "atomics" };

    /// <summary>Debian packages that the class "programs" needs.</summary>
    public static IReadOnlyList<string> Packages { get; } = ["gcc", "openssl", "perl", "python3", "sqlite3", "xz-utils"];

    /// <summary>Debian packages that the Debian to be booted consists of.</summary>
    public static IReadOnlyList<string> BootPackages { get; } = ["cron", "dbus", "kmod", "libpam-systemd", "login", "systemd-sysv", "systemd-timesyncd", "udev", "util-linux"];

    /// <summary>The program whose instructions are counted.</summary>
    public const string InstructionLoop = "loop";

    public const int InstructionsPerRound = 10;

    /// <summary>The program that is to be twice as fast on two processors.</summary>
    public const string Pair = "pair";

    /// <summary>The class whose programs wait for a disk: what counts is the time that passes.</summary>
    public const string Disk = "disk";

    /// <summary>The boot that is to cost no more than 1.3 times as much with two processors.</summary>
    public const string Debian = "debian";

    /// <summary>What every contender runs in each round before anything counts, so that its first program is not the dearest: see bench/README.md.</summary>
    public static IReadOnlyList<BenchProgram> WarmUp { get; } = [new("warm-up", "exec", 40), new("warm-up", "generate", 100), new("warm-up", "idle", 500), new("warm-up", "generate", 40), new("warm-up", "idle", 500)];

    private static readonly BenchProgram[] DebianPrograms =
    [
        Script("sqlite", 40000),
        Script("python", 60000),
        Script("python-start", 4),
        Script("perl", 200000),
        Script("xz", 700),
        Script("openssl-hash", 120),
        Script("openssl-cipher", 100),
        Script("openssl-rsa", 2),
        Script("gcc", 1),
    ];

    /// <summary>All lines of the table, in order.</summary>
    /// <param name="list">programs.h.</param>
    public static IReadOnlyList<BenchProgram> Read(string list)
    {
        IEnumerable<BenchProgram> own = Row().Matches(list).Select(m => new BenchProgram(m.Groups[1].Value, m.Groups[2].Value, long.Parse(m.Groups[3].Value, CultureInfo.InvariantCulture)));
        IEnumerable<BenchProgram> all = own.SelectMany(p => p.Class switch
        {
            "smp" => new[] { p, p with { Name = p.Name + BenchProgram.Twice, Place = Place.TwoProcessors } },
            Disk => [p with { Place = Place.GuestWithDisk }],
            _ => [p],
        });
        return [.. all, .. DebianPrograms, new BenchProgram("boot", "busybox", 1, Place.ToPowerOff), new BenchProgram("boot", Debian, 1, Place.ToLogin), new BenchProgram("boot", Debian + BenchProgram.Twice, 1, Place.ToLogin)];
    }

    /// <summary>How much faster than QEMU a class or a program is to be, in processor time; null if nothing is promised.</summary>
    public static double? Promise(string name) => name switch
    {
        "all" => 3,
        "integer" => 1.8,
        "calls" or "pipe" => 4,
        "memory" => 2.5,
        "float" => 6,
        "mix" => 2.2,
        "programs" or "syscall" => 2,
        "fault" or "fork" or "exec" => 1.5,
        "busybox" => 1 / 0.6,
        Debian => 2,
        "atomics" or Disk => 1,
        _ => null,
    };

    /// <summary>What a single program must not fall below: nothing is slower than under QEMU.</summary>
    public static double? Promise(BenchProgram program) => Promise(program.Name) ?? (KernelClasses.Contains(program.Class) || program.Class is "programs" or Disk ? 1 : null);

    private static BenchProgram Script(string name, long count) => new("programs", name, count, Place.DebianGuest);

    [GeneratedRegex(@"^PROGRAM\((\w+), (\w+), (\d+), ", RegexOptions.Multiline)]
    private static partial Regex Row();
}
