using System.Diagnostics;
using System.Globalization;

namespace Doppel.Bench;

/// <summary>One line of the table.</summary>
/// <param name="Name">What is measured, and in what.</param>
/// <param name="MoreIsBetter">Which way the ratio is read.</param>
/// <param name="MeasureAsync">One measurement.</param>
internal sealed record Figure(string Name, bool MoreIsBetter, Func<Contender, Task<double>> MeasureAsync);

/// <summary>What is measured.</summary>
internal static class Workloads
{
    private const long LoopIterations = 60_000_000;

    /// <summary>lui, addi, ten instructions per iteration, and the exit.</summary>
    private const long LoopInstructions = (LoopIterations * 10) + 5;

    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(8);

    public static IReadOnlyList<Figure> All { get; } =
    [
        new("boot to power-off, wall s", false, async c => (await BootAsync(c)).Wall.TotalSeconds),
        new("boot to power-off, CPU s", false, async c => (await BootAsync(c)).Cpu.TotalSeconds),
        new("integer loop, million instructions/s", true, LoopAsync),
        new("idle guest, % of a core", false, IdleAsync),
    ];

    private static Task<RunResult> BootAsync(Contender contender) => contender.RunAsync("true");

    private static async Task<double> LoopAsync(Contender contender)
    {
        RunResult result = await contender.RunAsync("sh", "-c", $"printf '{Octal(LoopProgram())}' > /tmp/loop; chmod +x /tmp/loop; read a b < /proc/uptime; /tmp/loop; read c d < /proc/uptime; echo $a $c");
        double[] times = [.. result.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(t => double.Parse(t, CultureInfo.InvariantCulture))];
        return LoopInstructions / 1e6 / (times[1] - times[0]);
    }

    private static async Task<double> IdleAsync(Contender contender)
    {
        double percent = 0;
        await contender.RunAsync(["sh", "-c", "echo up; sleep 13"], async process =>
        {
            // What is left of the boot settles first.
            await Task.Delay(TimeSpan.FromSeconds(4));
            process.Refresh();
            TimeSpan before = process.TotalProcessorTime;
            long started = Stopwatch.GetTimestamp();
            await Task.Delay(IdleTime);
            process.Refresh();
            percent = (process.TotalProcessorTime - before) / Stopwatch.GetElapsedTime(started) * 100;
        });
        return percent;
    }

    /// <summary>A static executable: a loop of adds, shifts, logic and a branch, then exit(0).</summary>
    private static byte[] LoopProgram()
    {
        uint[] code =
        [
            0x03938537, // lui   a0, 0x3938       60,000,000 = 0x3938700
            0x70050513, // addi  a0, a0, 0x700
            0x00158593, // addi  a1, a1, 1        the loop
            0x00b60633, // add   a2, a2, a1
            0x00361693, // slli  a3, a2, 3
            0x00d74733, // xor   a4, a4, a3
            0x00e5e7b3, // or    a5, a1, a4
            0x40b788b3, // sub   a7, a5, a1
            0x0058d813, // srli  a6, a7, 5
            0x00c872b3, // and   t0, a6, a2
            0xfff50513, // addi  a0, a0, -1
            0xfc051ee3, // bne   a0, zero, -36
            0x05d00893, // li    a7, 93           exit
            0x00000513, // li    a0, 0
            0x00000073, // ecall
        ];
        const ulong address = 0x10000;
        const int headers = 64 + 56;
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        int length = headers + (code.Length * 4);
        writer.Write([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        writer.Write((ushort)2); // executable
        writer.Write((ushort)243); // RISC-V
        writer.Write(1);
        writer.Write(address + headers);
        writer.Write(64UL); // program headers
        writer.Write(0UL);
        writer.Write(0);
        foreach (ushort value in new ushort[] { 64, 56, 1, 64, 0, 0 }) writer.Write(value);
        writer.Write(1); // load
        writer.Write(5); // read, execute
        writer.Write(0UL);
        writer.Write(address);
        writer.Write(address);
        writer.Write((ulong)length);
        writer.Write((ulong)length);
        writer.Write(4096UL);
        foreach (uint word in code) writer.Write(word);
        return file.ToArray();
    }

    private static string Octal(byte[] bytes) => string.Concat(bytes.Select(b => "\\" + Convert.ToString(b, 8).PadLeft(3, '0')));
}
