// A 2.1 (Zaamo, Zalrsc) and RVWMO, among harts on threads of their own.
using Doppel.Machine;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>What harts see of each other's memory accesses.</summary>
public sealed class SharedMemoryTests
{
    private const int Harts = 4;
    private const ulong Data = GuestSystem.Base + 0x10_0000;

    public static TheoryData<EngineKind, string, int> Increments => new()
    {
        { EngineKind.Interpreter, "amoadd.d zero, t1, (s2)", 1 },
        { EngineKind.Translator, "amoadd.d zero, t1, (s2)", 1 },
        { EngineKind.Translator, "amoadd.w t2, t1, (s2)", 1 },
        { EngineKind.Translator, "again: lr.d t2, (s2); add t2, t2, t1; sc.d t3, t2, (s2); bnez t3, again", 1 },
        { EngineKind.Translator, "again: lr.w.aq t2, (s2); add t2, t2, t1; sc.w.rl t3, t2, (s2); bnez t3, again", 1 },
        { EngineKind.Translator, "lock: amoswap.w.aq t3, t1, (s3); bnez t3, lock; ld t2, 0(s2); add t2, t2, t1; sd t2, 0(s2); amoswap.w.rl zero, zero, (s3)", 1 },
        { EngineKind.Translator, "lock: lr.w.aq t3, (s3); bnez t3, lock; sc.w t3, t1, (s3); bnez t3, lock; lw t2, 4(s2); addi t2, t2, 5; sw t2, 4(s2); ld t2, 0(s2); add t2, t2, t1; sd t2, 0(s2); fence rw, w; sw zero, 0(s3)", 0 },
        { EngineKind.Translator, "li t2, 1; amoxor.d zero, t2, (s3); amoadd.d zero, t1, (s2); amoor.w zero, t2, (s3); amoand.w zero, t2, (s3); amomax.d zero, t2, (s3)", 1 },
    };

    [Theory]
    [MemberData(nameof(Increments))]
    public void Increments_of_all_harts_are_counted(EngineKind engine, string increment, int exact)
    {
        const int Rounds = 20_000;
        using var system = new GuestSystem(engine, Harts);
        system.Load($"li s2, 0x{Data:x}; addi s3, s2, 64; li t1, 1; li s0, {Rounds}; loop:\n {increment}; addi s0, s0, -1; bnez s0, loop; wfi");
        system.RunAll();
        ulong total = system.Read64(Data);
        if (exact == 0) Assert.Equal((ulong)(Harts * Rounds * 5), total >> 32);
        Assert.Equal((uint)(Harts * Rounds), (uint)total);
    }

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void Message_is_there_when_its_flag_is(EngineKind engine)
    {
        // Hart 0 writes number and message, a page apart; hart 1 must never see a number newer than the message.
        using var system = new GuestSystem(engine, 2);
        system.Load(
            $"""
                li s2, 0x{Data:x}
                lui s3, 1
                add s3, s3, s2
                li s0, 200000
                bnez a0, reader
            writer:
                addi s1, s1, 1
                sd s1, 0(s3)
                fence w, w
                sd s1, 0(s2)
                addi s0, s0, -1
                bnez s0, writer
                wfi
            reader:
                ld t0, 0(s2)
                fence r, r
                ld t1, 0(s3)
                sltu t2, t1, t0
                add s4, s4, t2          # forbidden
                addi s0, s0, -1
                bnez s0, reader
                wfi
            """);
        system.RunAll();
        Assert.Equal(0UL, system.Harts[1].ReadRegister(20));
    }

    /// <summary>A device works on a thread of the host's: the driver says that it waits and looks whether there is something, the device says that there is and looks whether somebody waits.</summary>
    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void Stores_of_a_single_hart_are_seen_by_devices_before_its_later_loads_behind_a_fence(EngineKind engine)
    {
        const int Rounds = 300_000, Most = 50_000_000;
        const ulong Driver = Data, Device = Data + 0x400, Log = Data + 0x1_0000;
        using var system = new GuestSystem(engine);
        system.Load(
            $"""
                li s2, 0x{Driver:x}
                li s3, 0x{Device:x}
                li s4, 0x{Log:x}
                li s0, {Rounds}
            round:
                addi s1, s1, 1
                sw s1, 0(s2)
                fence rw, rw
                lw t0, 0(s3)
                sw t0, 0(s4)
                addi s4, s4, 4
                addi s0, s0, -1
                bnez s0, round
                wfi
            """);
        using var begun = new ManualResetEventSlim();
        bool ended = false;
        List<uint> seen = [0];
        var device = new Thread(() =>
        {
            for (uint round = 1; !Volatile.Read(ref ended) && round < Most; round++)
            {
                system.Memory.TryWriteUInt32(Device, round);
                Interlocked.MemoryBarrier();
                system.Memory.TryReadUInt32(Driver, out uint driver);
                seen.Add(driver);
                if (round == 1000) begun.Set();
            }
        });
        device.Start();
        begun.Wait();
        system.RunAll();
        Volatile.Write(ref ended, true);
        device.Join();

        // The driver that does not see a round of the device has been seen in it.
        for (uint round = 1; round <= Rounds; round++)
        {
            Assert.True(system.Memory.TryReadUInt32(Log + 4 * (round - 1), out uint last));
            if (last + 1 < seen.Count) Assert.True(seen[(int)last + 1] >= round, $"in its round {round} the driver saw {last}, and in round {last + 1} the device saw {seen[(int)last + 1]}");
        }
    }

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void Stores_are_seen_before_later_loads_behind_a_fence(EngineKind engine)
    {
        // Store buffering: both write their own and read the other's; not both may read the old value. A turn counter keeps them in step.
        using var system = new GuestSystem(engine, 2);
        system.Load(
            $"""
                li s2, 0x{Data:x}
                addi s3, s2, 0x400      # where results go
                slli t0, a0, 7
                add s4, s2, t0          # own
                xori t1, t0, 0x80
                add s5, s2, t1          # other's
                addi s6, s2, 0x200      # the barrier
                slli t0, a0, 3
                add s3, s3, t0
                li s0, 4000
            round:
                addi s1, s1, 1
                li t0, 1
                amoadd.w zero, t0, (s6)
                slli t1, s1, 1
            wait:
                pause
                lw t2, 0(s6)
                blt t2, t1, wait
                sd s1, 0(s4)
                fence rw, rw
                ld t3, 0(s5)
                sd t3, 0(s3)
                addi s7, s6, 8
                amoadd.w zero, t0, (s7)
            meet:
                pause
                lw t2, 0(s7)
                blt t2, t1, meet
                bnez a0, behind
                ld t3, 0x400(s2)
                ld t4, 0x408(s2)
                sltu t3, t3, s1
                sltu t4, t4, s1
                and t3, t3, t4
                add s8, s8, t3          # forbidden
            behind:
                addi s7, s6, 16         # nobody writes results before they are read
                amoadd.w zero, t0, (s7)
            leave:
                pause
                lw t2, 0(s7)
                blt t2, t1, leave
                addi s0, s0, -1
                bnez s0, round
                wfi
            """);
        system.RunAll();
        Assert.Equal(0UL, system.Hart.ReadRegister(24));
    }

    [Fact]
    public void Reservation_is_kept_and_lost_alike() => NoDiff.Check(
        $"""
            li s2, 0x{Data:x}
            lui s3, 1
            add s3, s3, s2
            li s0, 50
        round:
            lr.d a0, (s2)
            addi a0, a0, 1
            sc.d a1, a0, (s2)           # succeeds
            sc.d a2, a0, (s2)           # fails
            lr.w a3, (s2)
            sc.w a4, a0, (s3)           # another address
            sc.w a5, a0, (s2)           # gone by the one before
            lr.d a6, (s2)
            sd s0, 0(s2)
            sc.d a7, a0, (s2)           # changed
            lr.w t0, (s3)
            sw t0, 0(s3)                # the same value again
            lr.d t1, (s2)
            sc.w t2, s0, (s2)
            lr.w t3, (s3)
            addi t4, s3, 4
            sc.w t5, s0, (t4)
            slli s1, s1, 1
            add s1, s1, a1
            slli s1, s1, 1
            add s1, s1, a2
            slli s1, s1, 1
            add s1, s1, a7
            slli s1, s1, 1
            add s1, s1, t2
            addi s0, s0, -1
            bnez s0, round
            lr.d a0, (s2)
            wfi
        """);
}
