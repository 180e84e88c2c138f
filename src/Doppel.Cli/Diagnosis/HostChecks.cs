using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Doppel.Cli.Parsing;
using Doppel.Machine;

namespace Doppel.Cli.Diagnosis;

/// <summary>Looks at the host without changing it.</summary>
internal static class HostChecks
{
    private const long EnoughMemory = 1L << 30;

    public static IEnumerable<Check> Run(CommandContext context) => [Runtime(), System(), Processor(), Memory(), Terminal(context), Interpreter(), Translator(), Kvm()];

    private static Check Runtime() =>
        new(".NET", Environment.Version.Major >= 10 ? CheckStatus.Ok : CheckStatus.Failed, RuntimeInformation.FrameworkDescription);

    private static Check System() => OperatingSystem.IsLinux()
        ? new("system", CheckStatus.Ok, $"{RuntimeInformation.OSDescription}, {RuntimeInformation.RuntimeIdentifier}")
        : new("system", CheckStatus.Warning, $"{RuntimeInformation.OSDescription}, {RuntimeInformation.RuntimeIdentifier}", "Linux is what Doppel is tested on");

    private static Check Processor()
    {
        var features = new List<string>();
        if (Popcnt.IsSupported) features.Add("popcnt");
        if (Bmi2.IsSupported) features.Add("bmi2");
        if (Pclmulqdq.IsSupported) features.Add("pclmulqdq");
        if (Fma.IsSupported) features.Add("fma");
        if (Avx2.IsSupported) features.Add("avx2");
        if (global::System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported) features.Add("advsimd");
        string detail = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores; {(features.Count == 0 ? "no extensions" : string.Join(' ', features))}");
        return new("processor", Environment.ProcessorCount > 1 ? CheckStatus.Ok : CheckStatus.Warning, detail,
            Environment.ProcessorCount > 1 ? null : "a second core lets devices and the runtime work beside the guest");
    }

    private static Check Memory()
    {
        // Takes the limits of a container into account.
        long total = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        string detail = $"{MemorySize.Format(total)} for this process";
        if (AvailableMemory() is { } available) detail += $", {MemorySize.Format(available)} free on the host";
        return total >= EnoughMemory ? new("memory", CheckStatus.Ok, detail) : new("memory", CheckStatus.Warning, detail, "guests smaller than the default: doppel run --memory 128M");
    }

    private static long? AvailableMemory()
    {
        if (!File.Exists("/proc/meminfo")) return null;
        string? line = File.ReadLines("/proc/meminfo").FirstOrDefault(l => l.StartsWith("MemAvailable:", StringComparison.Ordinal));
        string[] words = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return words.Length > 1 && long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out long kilobytes) ? kilobytes << 10 : null;
    }

    private static Check Terminal(CommandContext context) => context.InputIsTerminal && context.OutputIsTerminal
        ? new("terminal", CheckStatus.Ok, $"{context.Variable("TERM") ?? "TERM is not set"}{(context.Colour ? "" : ", no colours")}")
        : new("terminal", CheckStatus.Ok, "none; commands and their output can be piped");

    private static Check Interpreter() => new("engine interpreter", CheckStatus.Ok, "runs everywhere");

    private static Check Translator() => VmConfigValidator.Supports(EngineKind.Translator)
        ? new("engine translator", CheckStatus.Ok, "the default here")
        : new("engine translator", CheckStatus.Warning, "needs Linux on x86-64", "the interpreter runs all guests, more slowly");

    private static Check Kvm() => new("engine kvm", CheckStatus.Ok, File.Exists("/dev/kvm") ? "/dev/kvm is there; this version does not use it" : "no /dev/kvm; not needed");
}
