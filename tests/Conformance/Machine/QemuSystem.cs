using System.ComponentModel;
using System.Globalization;
using System.Text;
using Doppel.Tests.Conformance.Programs;

namespace Doppel.Tests.Conformance.Machine;

/// <summary>The QEMU machine emulator: runs a program on <c>virt</c> with a CPU like Doppel's and returns what it writes to the serial port.</summary>
internal sealed class QemuSystem
{
    /// <summary>The first version with all that the programs use (Svadu, Svinval and the cache-block instructions as ratified).</summary>
    public const int FirstVersion = 9;

    // What Doppel's hart has, and nothing that it has not.
    private const string Cpu =
        "rv64,h=false,sv57=true,sstc=true,svadu=true,svinval=true,svnapot=true,svpbmt=true,zicbom=true,zicboz=true,zicbop=true,zawrs=true,"
        + "zfa=true,zfh=true,zicond=true,zcb=true,zba=true,zbb=true,zbc=true,zbs=true,b=true,zbkb=true,pmu-mask=0x7f8,sscofpmf=true,smstateen=false,svvptc=false";

    private readonly string _program;

    private QemuSystem(string program, string version)
    {
        _program = program;
        Version = version;
    }

    public string Version { get; }

    public int Major => int.Parse(Version.Split('.')[0], CultureInfo.InvariantCulture);

    /// <summary>The machine's QEMU, or null if there is none.</summary>
    public static QemuSystem? Find()
    {
        foreach (string? program in new[] { Environment.GetEnvironmentVariable("DOPPEL_QEMU_SYSTEM"), "qemu-system-riscv64" })
        {
            if (string.IsNullOrEmpty(program)) continue;
            try
            {
                (int code, byte[] output, _) = QemuProcess.Run(program, ["--version"]);
                if (code == 0) return new(program, Encoding.UTF8.GetString(output).Split('\n')[0].Split(' ')[3]);
            }
            catch (Win32Exception)
            {
                // Not installed under this name.
            }
        }

        return null;
    }

    /// <summary>Runs an image until it switches the machine off.</summary>
    /// <exception cref="InvalidOperationException">It did not.</exception>
    public byte[] Run(ReadOnlySpan<byte> image)
    {
        string file = Path.Combine(Path.GetTempPath(), $"doppel-conformance-{Environment.ProcessId}-{Guid.NewGuid():N}.elf");
        File.WriteAllBytes(file, ElfWriter.Write(image, RandomProgram.Address));
        try
        {
            (int code, byte[] output, string errors) = QemuProcess.Run(_program, ["-M", "virt", "-cpu", Cpu, "-m", "64M", "-nodefaults", "-display", "none", "-serial", "stdio", "-bios", file]);
            return code == 0 ? output : throw new InvalidOperationException($"QEMU ended with {code}: {errors}");
        }
        finally
        {
            File.Delete(file);
        }
    }
}
