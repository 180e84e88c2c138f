using System.Globalization;

namespace Doppel.Bench;

/// <summary>The flags.</summary>
internal sealed record BenchOptions
{
    public const string Usage = """
        dotnet run --project bench -c Release -- [flags]
          --rounds N         how often everything is measured; default 3
          --only LIST        classes or programs, such as float,crc, or network or states; default all
          --engines LIST     of interpreter, translator, qemu, native; default all
          --scale X          multiplies the work; 0.01 shows that everything runs
          --qemu PROGRAM     the QEMU to compare with; default qemu-system-riscv64
          --doppel PROGRAM   another build of Doppel
          --output FILE      where the table goes; default artifacts/bench/table.md
          --timeout SECONDS  for one program; default 300
        """;

    public int Rounds { get; private init; } = 3;

    /// <summary>Classes and programs; empty means all.</summary>
    public IReadOnlySet<string> Only { get; private init; } = new HashSet<string>();

    public IReadOnlyList<string> Engines { get; private init; } = ["interpreter", "translator", "qemu", "native"];

    public double Scale { get; private init; } = 1;

    public string Qemu { get; private init; } = "qemu-system-riscv64";

    /// <summary>Null is the one that was built along with this program.</summary>
    public string? Doppel { get; private init; }

    public string Output { get; private init; } = Path.Combine("artifacts", "bench", "table.md");

    public TimeSpan Timeout { get; private init; } = TimeSpan.FromMinutes(5);

    /// <exception cref="FormatException">A flag is unknown, or its value makes no sense.</exception>
    public static BenchOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new BenchOptions();
        for (int i = 0; i < arguments.Count; i += 2)
        {
            string value = i + 1 < arguments.Count ? arguments[i + 1] : throw new FormatException($"'{arguments[i]}' lacks a value");
            options = arguments[i] switch
            {
                "--rounds" => options with { Rounds = int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture) },
                "--only" => options with { Only = value.Split(',').ToHashSet() },
                "--engines" => options with { Engines = value.Split(',') },
                "--scale" => options with { Scale = double.Parse(value, CultureInfo.InvariantCulture) },
                "--qemu" => options with { Qemu = value },
                "--doppel" => options with { Doppel = value },
                "--output" => options with { Output = value },
                "--timeout" => options with { Timeout = TimeSpan.FromSeconds(double.Parse(value, CultureInfo.InvariantCulture)) },
                _ => throw new FormatException($"there is no flag '{arguments[i]}'"),
            };
        }

        if (options.Engines.FirstOrDefault(e => e is not ("interpreter" or "translator" or "kvm" or "auto" or "qemu" or "native")) is { } unknown) throw new FormatException($"there is no engine '{unknown}'");
        if (options.Rounds < 1 || !(options.Scale > 0)) throw new FormatException("there is nothing to measure");
        return options;
    }

    public bool Wants(BenchProgram program) => Only.Count == 0 || Only.Contains(program.Class) || Only.Contains(program.Name);
}
