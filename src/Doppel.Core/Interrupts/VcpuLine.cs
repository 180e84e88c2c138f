using Doppel.Core.Vcpu;

namespace Doppel.Core.Interrupts;

/// <summary>One interrupt input of one vCPU as a wire.</summary>
public sealed class VcpuLine(IVcpu vcpu, int line) : IInterruptLine
{
    public void Set(bool level) => vcpu.SetInterruptLine(line, level);
}
