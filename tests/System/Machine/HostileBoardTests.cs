using Doppel.Fuzz.Guest;
using Doppel.Machine;

namespace Doppel.Tests.System.Machine;

/// <summary>A bounded run of <c>fuzz guest</c>: every device, CSRs, page tables, atomics and interrupts at once, with pauses, saves and loads in between.</summary>
[Collection(nameof(BootsOneByOne))]
public sealed class HostileBoardTests : IDisposable
{
    private const long MemoryAllowance = 1L << 30;
    private readonly string _folder = Directory.CreateTempSubdirectory("doppel-hostile-").FullName;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Machine_with_a_hostile_guest_lives_stops_in_time_and_takes_no_memory(int harts)
    {
        long before = Environment.WorkingSet;
        long rounds = 0;
        for (ulong seed = 1; seed <= 3; seed++)
        {
            GuestOutcome outcome = await GuestRun.RunAsync(seed, harts, TimeSpan.FromSeconds(2), _folder);
            Assert.True(outcome.Complaint is null, $"seed {seed}: {outcome.Complaint}");
            Assert.NotEqual(VmExitReason.Fault, outcome.Exit.Reason);
            rounds += outcome.Rounds.Sum();
        }

        Assert.True(rounds > 1000, $"only {rounds} rounds");
        Assert.True(Environment.WorkingSet - before < MemoryAllowance);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
