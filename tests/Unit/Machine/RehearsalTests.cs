using System.Runtime;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Memory;
using Doppel.Machine;
using Doppel.Machine.Boot;
using Doppel.Machine.Lifecycle;

namespace Doppel.Tests.Unit.Machine;

public sealed class RehearsalTests : IDisposable
{
    private const int Page = DirtyBitmap.PageSize;

    /// <summary>Of this test, what goes on when the fork has been made, and of its machine, what boots without a kernel.</summary>
    private const long FewOfAFork = 20;

    private readonly Programs _programs = new();

    public void Dispose() => _programs.Dispose();

    /// <summary>The enumerators of this test's own lists; without a rehearsal it is several times as many.</summary>
    private const long Few = 6;

    /// <summary>Other tests may have had the same compiled before; alone, it shows what the rehearsal does.</summary>
    [Fact]
    public void After_theRehearsal_hardlyAnythingIsCompiled_whileMemoryAndDisksAreFrozenAndRestored()
    {
        Rehearsal.Once();
        using var memory = new GuestMemory();
        memory.AddRegion("ram", 0, 1024 * Page);
        var disk = new SnapshotDisk(new MemoryDisk(1 << 20));
        var plan = BootPlan.Later(new VmConfig());
        using VmSnapshot first = Take();
        using VmSnapshot second = Take();
        memory.TryWrite(0, [1]);
        long before = JitInfo.GetCompiledMethodCount(currentThread: true);
        first.LoadMemory("test", memory);
        first.LoadParts("test", []);
        long after = JitInfo.GetCompiledMethodCount(currentThread: true);
        Assert.InRange(after - before, 0, Few);

        VmSnapshot Take()
        {
            for (ulong i = 0; i < 20; i++) memory.TryWrite(i * 20 * Page, [1]);
            long before = JitInfo.GetCompiledMethodCount(currentThread: true);
            var snapshot = VmSnapshot.Take(plan, default, memory, [], [disk]);
            long after = JitInfo.GetCompiledMethodCount(currentThread: true);
            Assert.InRange(after - before, 0, Few);
            return snapshot;
        }
    }

    /// <summary>The thread of a fork is there for that only, and we are on it when it has been made.</summary>
    [Fact]
    public async Task After_theRehearsal_hardlyAnythingIsCompiled_forAFork()
    {
        Rehearsal.Once();
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal(Programs.Sleeping));
        vm.Start();
        long? compiled;
        while ((compiled = await CompiledForAsync(vm)) is null)
        {
        }

        Assert.InRange(compiled.Value, 0, FewOfAFork);
    }

    /// <returns>Null if the fork had been made before we waited for it: then we are still on our own thread.</returns>
    private static async Task<long?> CompiledForAsync(VirtualMachine vm)
    {
        int here = Environment.CurrentManagedThreadId;
        VirtualMachine fork = await vm.ForkAsync().ConfigureAwait(false);
        long? compiled = Environment.CurrentManagedThreadId == here ? null : JitInfo.GetCompiledMethodCount(currentThread: true);
        await fork.DisposeAsync().ConfigureAwait(false);
        return compiled;
    }
}
