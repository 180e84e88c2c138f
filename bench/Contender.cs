using System.Globalization;
using Doppel.Images.Guests;
using Doppel.Images.Store;

namespace Doppel.Bench;

/// <summary>Something that runs the programs.</summary>
/// <param name="Name">As the flag --engines has it.</param>
/// <param name="Version">What it says about itself.</param>
internal abstract record Contender(string Name, string Version)
{
    /// <summary>Whether it is an engine of ours.</summary>
    public virtual bool IsDoppel => false;

    /// <summary>The command that boots the guest, with its serial console as standard input and output; on the host, the one that runs the agent.</summary>
    public abstract IReadOnlyList<string> ConsoleCommand(BenchGuest guest);

    /// <summary>The command that boots the default guest, runs `true` in it and ends; null if it boots nothing.</summary>
    /// <param name="folder">For files that it needs.</param>
    public abstract IReadOnlyList<string>? BootCommand(GuestImage image, string folder);

    protected static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The host itself.</summary>
internal sealed record NativeContender(string Program) : Contender("native", Toolchain.FirstLine("gcc"))
{
    public override IReadOnlyList<string> ConsoleCommand(BenchGuest guest) => [Program, "agent"];

    public override IReadOnlyList<string>? BootCommand(GuestImage image, string folder) => null;
}

/// <summary>One engine of ours.</summary>
internal sealed record DoppelContender(string Engine, string Program) : Contender(Engine, Toolchain.FirstLine(Program))
{
    public override bool IsDoppel => true;

    public override IReadOnlyList<string> ConsoleCommand(BenchGuest guest) =>
    [
        Program, "run", "--engine", Engine, "--memory", Number(guest.MemoryMegabytes) + "M", "--cpus", Number(guest.Cpus), "--console", "serial", "--no-reboot",
        "--kernel", guest.Image.KernelPath, "--initrd", guest.InitrdPath, "--append", guest.CommandLine,
        .. guest.Plug?.Doppel ?? [],
        .. guest.Disk is { } disk ? ["--disk", disk] : Array.Empty<string>(),
    ];

    public override IReadOnlyList<string> BootCommand(GuestImage image, string folder) => [Program, "run", "--engine", Engine, "--", "true"];
}

/// <summary>QEMU's translator, with the same kernel, initramfs and devices.</summary>
internal sealed record QemuContender(string Program) : Contender("qemu", Toolchain.FirstLine(Program))
{
    private static readonly string[] Machine = ["-M", "virt", "-display", "none", "-monitor", "none", "-no-reboot"];

    public override IReadOnlyList<string> ConsoleCommand(BenchGuest guest) =>
    [
        Program, .. Machine, "-smp", Number(guest.Cpus), "-m", Number(guest.MemoryMegabytes) + "M", "-serial", "stdio",
        "-kernel", guest.Image.KernelPath, "-initrd", guest.InitrdPath, "-append", guest.CommandLine,
        .. guest.Plug?.Qemu ?? [],
        // As ours: through the host's page cache, and what the guest flushes is on the host's disk.
        .. guest.Disk is { } disk ? ["-drive", $"if=none,id=disk,format=qcow2,cache=writeback,discard=unmap,file={disk}", "-device", "virtio-blk-device,drive=disk"] : Array.Empty<string>(),
    ];

    public override IReadOnlyList<string> BootCommand(GuestImage image, string folder)
    {
        string initrd = Path.Combine(folder, "initrd");
        using (FileStream file = File.Create(initrd))
        {
            file.Write(File.ReadAllBytes(image.InitrdPath));
            file.Write(GuestCommand.ToArchive(["true"]));
        }

        List<string> command =
        [
            Program, .. Machine, "-smp", "1", "-m", "512M", "-serial", "none", "-kernel", image.KernelPath, "-initrd", initrd, "-append", "console=ttyS0 quiet loglevel=3 panic=-1",
            "-object", "rng-random,filename=/dev/urandom,id=rng", "-device", "virtio-rng-device,rng=rng", "-device", "virtio-serial-device",
        ];
        foreach (string port in new[] { "stdin", "stdout", "stderr", "control" })
            command.AddRange(["-chardev", $"file,id={port},path={Path.Combine(folder, "port-" + port)}", "-device", $"virtserialport,chardev={port},name=doppel.{port}"]);
        return command;
    }
}
