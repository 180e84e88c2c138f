using System.ComponentModel;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Isa.Assembly;
using Doppel.Tests.Conformance.Programs;

namespace Doppel.Tests.Conformance.User;

/// <summary>The QEMU user-mode emulator of this machine: runs a program, and knows which extensions it has by trying them.</summary>
internal sealed class QemuUser
{
    // QEMU renamed some of its properties from capitals to small letters; 7.2 has a few as experimental ones.
    private static readonly (Extension Extension, string[] Properties)[] Optional =
    [
        (Extension.Zba, ["zba"]), (Extension.Zbb, ["zbb"]), (Extension.Zbc, ["zbc"]), (Extension.Zbs, ["zbs"]), (Extension.Zbkb, ["zbkb"]),
        (Extension.Zicond, ["zicond", "x-zicond"]), (Extension.Zfh, ["zfh", "Zfh"]), (Extension.Zfa, ["zfa", "x-zfa"]), (Extension.Zcb, ["zcb", "x-zcb"]), (Extension.Zawrs, ["zawrs", "Zawrs"]),
        (Extension.Zicbom, ["zicbom"]), (Extension.Zicbop, ["zicbop"]), (Extension.Zicboz, ["zicboz"]), (Extension.Zihintpause, ["zihintpause", "Zihintpause"]),
    ];

    private readonly string _program;
    private readonly string _cpu;

    private QemuUser(string program, string version)
    {
        _program = program;
        Version = version;
        string cpu = "rv64,zba=false,zbb=false,zbc=false,zbs=false";
        if (!Accepts(cpu)) cpu = "rv64";
        Extensions = new ExtensionSet(Extension.I, Extension.M, Extension.A, Extension.F, Extension.D, Extension.C, Extension.Zicsr, Extension.Zifencei);
        foreach ((Extension extension, string[] properties) in Optional)
        {
            foreach (string property in properties)
            {
                string candidate = $"{cpu},{property}=true";
                if (!Accepts(candidate)) continue;
                cpu = candidate;
                break;
            }

            if (Executes(cpu, InstructionTable.Rows.Where(r => r.Extension == extension && r.IsIn(ExtensionSet.All)))) Extensions = Extensions.With(extension);
        }

        _cpu = cpu;
    }

    public string Version { get; }

    /// <summary>What the emulator at hand can execute.</summary>
    public ExtensionSet Extensions { get; }

    /// <summary>The machine's QEMU, or null if there is none.</summary>
    public static QemuUser? Find()
    {
        foreach (string? program in new[] { Environment.GetEnvironmentVariable("DOPPEL_QEMU_USER"), "qemu-riscv64-static", "qemu-riscv64" })
        {
            if (string.IsNullOrEmpty(program)) continue;
            try
            {
                (int code, byte[] output, _) = QemuProcess.Run(program, ["--version"]);
                if (code == 0) return new(program, System.Text.Encoding.UTF8.GetString(output).Split('\n')[0].Split(' ')[2]);
            }
            catch (Win32Exception)
            {
                // Not installed under this name.
            }
        }

        return null;
    }

    /// <summary>Runs an image that starts at its first byte and returns what it writes.</summary>
    /// <exception cref="InvalidOperationException">It did not end with code 0.</exception>
    public byte[] Run(ReadOnlySpan<byte> image, ulong address)
    {
        (int code, byte[] output, string errors) = Execute(_cpu, image, address);
        return code == 0 ? output : throw new InvalidOperationException($"QEMU ended with {code}: {errors}");
    }

    private bool Accepts(string cpu) => Execute(cpu, [], RandomProgram.Address).Code == 0;

    /// <summary>Whether one instruction of each row runs without a signal.</summary>
    private bool Executes(string cpu, IEnumerable<InstructionRow> rows)
    {
        var program = new ProgramBuilder(RandomProgram.Address).LoadAddress(SampleInstruction.Address, "data");
        foreach (InstructionRow row in rows)
        {
            uint word = SampleInstruction.Of(row);
            if (row.IsCompressed) program.Half((ushort)word);
            else program.Word(word);
        }

        program.LoadImmediate(10, 0).LoadImmediate(17, 93).Emit(Op.Ecall).Align(64).Label("data").Zeroes(128);
        return Execute(cpu, program.Build(), RandomProgram.Address).Code == 0;
    }

    private (int Code, byte[] Output, string Errors) Execute(string cpu, ReadOnlySpan<byte> image, ulong address)
    {
        if (image.IsEmpty) image = new ProgramBuilder(address).LoadImmediate(10, 0).LoadImmediate(17, 93).Emit(Op.Ecall).Build();
        string file = Path.Combine(Path.GetTempPath(), $"doppel-conformance-{Environment.ProcessId}-{Guid.NewGuid():N}.elf");
        File.WriteAllBytes(file, ElfWriter.Write(image, address));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            return QemuProcess.Run(_program, ["-cpu", cpu, file]);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
