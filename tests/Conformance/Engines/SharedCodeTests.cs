using Doppel.Machine;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;
using Doppel.Tests.Conformance.Programs;
using Doppel.Tests.Conformance.User;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>
/// Several harts run the same random program at once, each on a thread of its own with data of its own: they share the pages of code, and so its translations, their links
/// and their end when the code cache is full.
/// </summary>
public sealed class SharedCodeTests(ITestOutputHelper output)
{
    private const int Harts = 4;
    private const ulong Kernel = GuestSystem.Base;
    private const ulong Tables = GuestSystem.Base + 0x10_0000;
    private const ulong TableBytes = 0x1_0000;
    private const ulong SharedFrames = GuestSystem.Base + 0x40_0000;
    private const ulong OwnBytes = 0x10_0000;

    [Theory]
    [InlineData(0, 12)]
    [InlineData(250_000, 6)]
    [InlineData(120_000, 3)]
    public void Harts_that_share_code_all_compute_what_one_computes(int codeBytes, int rounds)
    {
        using var interpreter = new DoppelHart();
        var choice = new InstructionChoice([.. InstructionTable.Rows.Where(r => UserProgramTests.HasBlocks(r) && r.Op is not (Op.Pause or Op.WrsNto or Op.WrsSto))], _ => false, _ => false);
        long evictions = 0;
        for (int seed = 1; seed <= 6; seed++)
        {
            var program = new RandomProgram(seed, 500, choice);
            ProgramImage image = program.Assemble(new ProgramShape(rounds, Aliases: true));
            byte[] expected = interpreter.RunPaged(image, 1);
            using var system = new GuestSystem(EngineKind.Translator, Harts, codeBytes);
            foreach (RiscVHart hart in system.Harts) Prepare(system, hart, image);
            system.RunAll();
            evictions += system.Evictions;
            foreach (RiscVHart hart in system.Harts)
            {
                Assert.Equal(TrapCause.EcallFromUser, hart.ReadRegister(RiscVSlot.Mcause));
                byte[] found = new byte[image.OutputLength];
                system.Memory.TryRead(Own(hart) + (ulong)image.Output, found);
                if (image.FirstDifference(expected, found, out int block) is not { } difference) continue;
                string listing = block < 0 || block >= program.Blocks.Count ? "" : string.Join('\n', program.Blocks[block].Listing(image.Starts[block]));
                Assert.Fail($"seed {seed}, hart {hart.Id}: {difference}\n{listing}");
            }
        }

        output.WriteLine($"{6 * Harts} runs agree, {evictions} evictions");
        Assert.True(codeBytes == 0 || evictions > 20);
    }

    private static ulong Own(RiscVHart hart) => SharedFrames + ((ulong)(hart.Id + 1) * OwnBytes);

    private static void Prepare(GuestSystem system, RiscVHart hart, ProgramImage image)
    {
        system.Load("stop: csrw mie, zero; wfi; j stop", Kernel);
        system.Load(image.Bytes, SharedFrames);
        system.Load(image.Bytes, Own(hart));

        // Data begins behind the last code.
        int pages = (image.Bytes.Length + 4095) / 4096, shared = (int)((image.Stop - RandomProgram.Address) / 4096);
        var tables = new PageTables(system, Tables + ((ulong)hart.Id * TableBytes));
        for (int window = 0; window < 2; window++)
        {
            for (int page = 0; page < pages; page++)
            {
                ulong offset = (ulong)page << 12;
                tables.Map(RandomProgram.Address + ((ulong)window << ProgramShape.AliasBit) + offset, (page < shared ? SharedFrames : Own(hart)) + offset, PageTables.UserAll);
            }
        }

        hart.WriteRegister(RiscVSlot.Mtvec, Kernel);
        hart.WriteRegister(RiscVSlot.Satp, tables.Satp((ulong)hart.Id));
        hart.WriteRegister(RiscVSlot.Menvcfg, 0xf0);
        hart.WriteRegister(RiscVSlot.Senvcfg, 0xf0);
        hart.SetEntry(RandomProgram.Address, 0, 0, 0, PrivilegeMode.User);
    }
}
