// Privileged Architecture 1.13, section 3.1.9; interrupts and exceptions are precise (Unprivileged ISA, section 1.6).
using Doppel.Core.Vcpu;
using Doppel.Machine;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa.Assembly;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>
/// Interrupts at every instruction boundary. Both engines must take the same traps with the same registers, which the handler writes down, and end with the same state.
/// <c>DOPPEL_SEED</c> moves the seeds of the random programs.
/// </summary>
/// <remarks>
/// Three ways lead to a boundary. Code that counts can be stopped at any, and the line is raised there. An instruction that raises an interrupt can be put in at any place, and
/// the interrupt is taken behind it by code that does not count. And code that does not count may take what a device raises later, where it looks: then the interpreter must
/// come by the same boundary, with the same registers, and be interrupted there.
/// </remarks>
public sealed class InterruptSweepTests(ITestOutputHelper output)
{
    private const int RandomPrograms = 2;
    private const int LongestWait = 2000;

    /// <summary>The registers of the device that raise the line and lower it.</summary>
    private const int Raise = 256, Lower = 0;

    /// <summary>Places of a program that are behind its end, or so near that it ends first.</summary>
    private const int NeverReached = 4;
    private const ulong CompareBytes = 0x1_0000;
    private static readonly int FirstSeed = int.TryParse(Environment.GetEnvironmentVariable("DOPPEL_SEED"), out int seed) ? seed : 1;

    public static TheoryData<string> Programs => [.. SweepPrograms.Texts.Keys];

    [Theory]
    [MemberData(nameof(Programs))]
    public void Interrupt_is_taken_at_every_boundary(string name) => Sweep(name, Assemble(SweepPrograms.Texts[name]));

    [Fact]
    public void Interrupt_is_taken_at_every_boundary_of_random_programs()
    {
        for (int seed = FirstSeed; seed < FirstSeed + RandomPrograms; seed++) Sweep($"seed {seed}", SweepPrograms.Random(seed));
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void Interrupt_that_an_instruction_raises_is_taken_behind_it(string name)
    {
        using var interpreter = new GuestSystem(EngineKind.Interpreter);
        using var translator = new GuestSystem(EngineKind.Translator, codeBytes: 4 << 20);
        int places = 0, taken = 0;
        foreach (byte[] program in Insert(SweepPrograms.Texts[name], "csrsi mip, 2"))
        {
            Outcome expected = RunToEnd(interpreter, program);
            Outcome found = RunToEnd(translator, program);
            if (expected.FirstDifference(found) is { } difference) Assert.Fail($"{name}, place {places}: interpreter: {difference}");
            places++;
            if (expected.FirstInterrupt >= 0) taken++;
        }

        // There are places that are never reached.
        output.WriteLine($"{name}: {places} places, {taken} interrupts");
        Assert.True(taken >= places - NeverReached);
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void Interrupt_that_a_device_raises_comes_between_two_instructions(string name)
    {
        using var interpreter = new GuestSystem(EngineKind.Interpreter);
        using var translator = new GuestSystem(EngineKind.Translator, codeBytes: 4 << 20);
        int places = 0, taken = 0, later = 0;

        // gp is nobody's.
        foreach (byte[] program in Insert(SweepPrograms.Texts[name], $"sw gp, {Raise}(gp)"))
        {
            Start(translator, program);
            bool asked = false;
            translator.Device.Written = (offset, _) =>
            {
                // The first time only, if it is in a loop.
                if (offset == Lower || (offset == Raise && !asked)) translator.Hart.SetInterruptLine(InterruptNumber.MachineSoftware, offset == Raise);
                asked |= offset == Raise;
            };
            translator.Run();
            Outcome found = Outcome.Of(translator);
            places++;
            if (found.FirstInterrupt < 0) continue;
            taken++;
            int wait = RunInterruptedAlike(interpreter, program, found);
            Assert.True(wait >= 0, $"{name}, place {places}: the interpreter is never where the translator was interrupted: {found.Traps[found.FirstInterrupt]}");
            if (Outcome.Of(interpreter).FirstDifference(found) is { } difference) Assert.Fail($"{name}, place {places}: interpreter: {difference}");
            if (wait > 0) later++;
        }

        output.WriteLine($"{name}: {places} places, {taken} interrupts, {later} of them taken later");
        Assert.True(taken >= places - NeverReached);
    }

    private void Sweep(string name, byte[] program)
    {
        using var interpreter = new GuestSystem(EngineKind.Interpreter);
        using var translator = new GuestSystem(EngineKind.Translator, codeBytes: 4 << 20, counts: true);
        Start(interpreter, program);
        int boundaries = 0;
        while (interpreter.Hart.Run(1) == StopReason.Budget) boundaries++;
        Assert.InRange(boundaries, 10, 20_000);
        int traps = 0;
        for (int boundary = 0; boundary < boundaries; boundary++)
        {
            Outcome expected = RunInterrupted(interpreter, program, boundary), found = RunInterrupted(translator, program, boundary);
            if (expected.FirstDifference(found) is { } difference) Assert.Fail($"{name}, interrupted behind {boundary} instructions: interpreter: {difference}");
            traps += expected.Traps.Count;
        }

        output.WriteLine($"{name}: {boundaries} boundaries, {traps} traps");
    }

    private static Outcome RunInterrupted(GuestSystem system, byte[] program, int boundary)
    {
        Start(system, program);
        system.Device.Written = (offset, _) =>
        {
            if (offset == Lower) system.Hart.SetInterruptLine(InterruptNumber.MachineSoftware, false);
        };
        if (boundary > 0) Assert.Equal(StopReason.Budget, system.Hart.Run(boundary));
        system.Hart.SetInterruptLine(InterruptNumber.MachineSoftware, true);
        ulong at = system[RiscVSlot.Pc];
        bool open = (system[RiscVSlot.Mstatus] & 8) != 0 && (system[RiscVSlot.Mie] & 8) != 0;
        int before = system.Recorder.Traps.Count;
        system.Run();
        Outcome outcome = Outcome.Of(system);
        if (open) Assert.Contains($"interrupt 3 at 0x{at:x} ", outcome.Traps[before], StringComparison.Ordinal);
        system.Hart.SetInterruptLine(InterruptNumber.MachineSoftware, false);
        return outcome;
    }

    /// <summary>Runs until the registers are those with which the other engine was interrupted, and on with the line raised there.</summary>
    /// <returns>How many instructions after the device was asked for it that is; negative if never.</returns>
    private static int RunInterruptedAlike(GuestSystem system, byte[] program, Outcome other)
    {
        bool asked = false;
        Start(system, program);
        system.Device.Written = (offset, _) =>
        {
            if (offset == Raise) asked = true;
            else if (offset == Lower) system.Hart.SetInterruptLine(InterruptNumber.MachineSoftware, false);
        };
        ReadOnlySpan<byte> log = other.Log.AsSpan(other.FirstInterrupt * SweepPrograms.EntryBytes, SweepPrograms.EntryBytes);
        int wait = 0;
        for (int steps = 0; wait < LongestWait; steps++)
        {
            if (asked && IsAt(system, log))
            {
                system.Hart.SetInterruptLine(InterruptNumber.MachineSoftware, true);
                system.Run();
                return wait;
            }

            if (asked) wait++;
            if (system.Hart.Run(1) != StopReason.Budget) return -1;
        }

        return -1;
    }

    private static bool IsAt(GuestSystem system, ReadOnlySpan<byte> entry)
    {
        if (BitConverter.ToUInt64(entry[SweepPrograms.EpcOffset..]) != system[RiscVSlot.Pc]) return false;
        for (byte x = 1; x < 32; x++)
        {
            if (BitConverter.ToUInt64(entry[(8 * x)..]) != system[x]) return false;
        }

        return true;
    }

    private static Outcome RunToEnd(GuestSystem system, byte[] program)
    {
        Start(system, program);
        system.Device.Written = null;
        system.Run();
        return Outcome.Of(system);
    }

    private static void Start(GuestSystem system, byte[] program)
    {
        SweepPrograms.Start(system, program);
        system[3] = GuestSystem.DeviceAddress;
        system.Recorder.Clear();
        system.Device.Clear();
    }

    private static byte[] Assemble(string text) => Assembler.Assemble(text.Replace("\r", ""), GuestSystem.Base);

    /// <summary>The program with an instruction more, at each place in turn.</summary>
    private static IEnumerable<byte[]> Insert(string text, string instruction)
    {
        string[] lines = text.Replace("\r", "").Split('\n');
        for (int place = 1; place < lines.Length; place++) yield return Assemble(string.Join('\n', [.. lines[..place], instruction, .. lines[place..]]));
    }

    /// <summary>What a run has left.</summary>
    private sealed record Outcome(ulong[] Registers, byte[] Memory, byte[] Log, IReadOnlyList<string> Traps)
    {
        /// <summary>The number of the first trap that is an interrupt; negative if none is.</summary>
        public int FirstInterrupt { get; } = Traps.ToList().FindIndex(t => t.Contains("interrupt", StringComparison.Ordinal));

        public static Outcome Of(GuestSystem system)
        {
            byte[] memory = new byte[CompareBytes];
            IReadOnlyList<string> traps = system.Recorder.Traps;
            byte[] log = new byte[traps.Count * SweepPrograms.EntryBytes];
            Assert.True(system.Memory.TryRead(GuestSystem.Base, memory) && system.Memory.TryRead(SweepPrograms.Log, log));
            ulong[] registers = [.. Enumerable.Range(0, RiscVSlot.Count).Select(system.Hart.ReadRegister)];
            foreach (byte slot in (ReadOnlySpan<byte>)[RiscVSlot.Retired, RiscVSlot.MinstretBase, RiscVSlot.McycleBase, RiscVSlot.Sink]) registers[slot] = 0;
            return new(registers, memory, log, traps);
        }

        public string? FirstDifference(Outcome other)
        {
            for (int i = 0; i < Math.Max(Traps.Count, other.Traps.Count); i++)
            {
                string mine = Traps.ElementAtOrDefault(i) ?? "none", theirs = other.Traps.ElementAtOrDefault(i) ?? "none";
                if (mine != theirs) return $"trap {i}: {mine}; here {theirs}";
            }

            int same = Log.AsSpan().CommonPrefixLength(other.Log);
            if (same < Log.Length) return $"trap {same / SweepPrograms.EntryBytes} ({Traps[same / SweepPrograms.EntryBytes]}): register {same % SweepPrograms.EntryBytes / 8} is 0x{BitConverter.ToUInt64(Log, same & ~7):x}, here 0x{BitConverter.ToUInt64(other.Log, same & ~7):x}";
            for (int slot = 0; slot < RiscVSlot.Count; slot++)
            {
                if (Registers[slot] != other.Registers[slot]) return $"{RiscVSlot.Name(slot)} at the end is 0x{Registers[slot]:x}, here 0x{other.Registers[slot]:x}";
            }

            same = Memory.AsSpan().CommonPrefixLength(other.Memory);
            return same == Memory.Length ? null : $"memory at 0x{GuestSystem.Base + (ulong)same:x}";
        }
    }
}
