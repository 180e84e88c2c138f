using Doppel.Machine;
using Doppel.Tests.Unit.Machine;

namespace Doppel.Tests.Unit.RiscV.Sbi;

public sealed class RemoteFenceTests : IDisposable
{
    private readonly Programs _programs = new();

    public void Dispose() => _programs.Dispose();

    /// <summary>All harts fence all others as fast as they can; a deadlock is a test that never ends.</summary>
    private const string FenceEachOther = """
        mv s0, a0
        li s1, 0x80203000
        bnez s0, work
        # Hart 0 starts the others.
        li s2, 1
        start: li a7, 0x48534D; li a6, 0; mv a0, s2; li a1, 0x80200040; li a2, 0; ecall
        addi s2, s2, 1
        beqz a0, start
        work: li s3, 2000
        again: li a7, 0x52464E43; andi a6, s3, 1; li a0, 0; li a1, -1; li a2, 0; li a3, 0; li a4, 0; ecall
        bnez a0, fail
        addi s3, s3, -1
        bnez s3, again
        # The last one to arrive switches off.
        li t0, 1; amoadd.d t1, t0, (s1)
        addi t1, t1, 1
        li t2, 4
        bne t1, t2, park
        li a7, 0x53525354; li a6, 0; li a0, 0; li a1, 0; ecall
        park: wfi; j park
        fail: li t0, 0x100000; li t1, 0x00093333; sw t1, 0(t0); j fail
        """;

    [Fact]
    public async Task Harts_thatFenceEachOther_neverDeadlock()
    {
        VmExit exit = await _programs.RunAsync(_programs.Kernel(FenceEachOther) with { Cpus = 4 });

        Assert.Equal(new VmExit(VmExitReason.PowerOff, 0), exit);
    }

    [Fact]
    public async Task Harts_thatFenceEachOther_canBePaused()
    {
        await using VirtualMachine vm = _programs.Create(_programs.Kernel(FenceEachOther.Replace("s3, 2000", "s3, 2500")) with { Cpus = 4 });
        vm.Start();
        for (int i = 0; i < 20 && vm.State != VmState.Stopped; i++)
        {
            try
            {
                await vm.PauseAsync().WaitAsync(Programs.Patience);
                await vm.ResumeAsync().WaitAsync(Programs.Patience);
            }
            catch (Doppel.Core.Errors.DoppelException) when (vm.State == VmState.Stopped)
            {
                break;
            }
        }

        Assert.Equal(0, (await vm.WaitForExitAsync().WaitAsync(Programs.Patience)).ExitCode);
    }
}
