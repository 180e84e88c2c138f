using System.Diagnostics;

namespace Doppel.Bench;

/// <summary>Builds bench/guest for the guest and for the host.</summary>
internal static class Toolchain
{
    private const string GuestCompiler = "riscv64-linux-gnu-gcc", HostCompiler = "gcc";

    /// <summary>
    /// The same scalar code everywhere: no vectors, which the guest does not have; no loops replaced by the C library's functions; no contraction, so that
    /// floating point gives the same bits.
    /// </summary>
    private static readonly string[] Flags =
        ["-O2", "-std=gnu11", "-static", "-s", "-fno-tree-vectorize", "-fno-tree-slp-vectorize", "-fno-tree-loop-distribute-patterns", "-ffp-contract=off", "-fno-math-errno"];

    /// <summary>The program for the guest.</summary>
    public static string BuildForGuest(string sources, string folder) => Build(GuestCompiler, "gcc-riscv64-linux-gnu libc6-dev-riscv64-cross", ["-march=rv64gc", "-mabi=lp64d"], sources, Path.Combine(folder, "bench-riscv64"));

    /// <summary>The program for the host.</summary>
    public static string BuildForHost(string sources, string folder) => Build(HostCompiler, "gcc libc6-dev", HostFlags(), sources, Path.Combine(folder, "bench-native"));

    /// <summary>The first line of what a program says about itself.</summary>
    public static string FirstLine(string program, string argument = "--version")
    {
        using Process process = Process.Start(new ProcessStartInfo(program, argument) { RedirectStandardOutput = true })!;
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return text.Split('\n')[0];
    }

    public static string Versions() => $"{FirstLine(GuestCompiler)}; {FirstLine(HostCompiler)}; {string.Join(' ', Flags)}";

    // Without it a fused multiply-add is a call of a function.
    private static string[] HostFlags() => File.Exists("/proc/cpuinfo") && File.ReadAllText("/proc/cpuinfo").Contains(" fma ", StringComparison.Ordinal) ? ["-mfma"] : [];

    private static string Build(string compiler, string packages, string[] target, string sources, string output)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(output)!);
        try
        {
            using Process process = Process.Start(compiler, [.. Flags, .. target, .. Directory.EnumerateFiles(sources, "*.c").Order(StringComparer.Ordinal), "-o", output, "-lm"]);
            process.WaitForExit();
            return process.ExitCode == 0 ? output : throw new BenchException($"{compiler} could not build {sources}; it needs the Debian packages {packages}");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new BenchException($"{compiler} is missing; apt-get install {packages}");
        }
    }
}
