using Doppel.Core.Vcpu;

namespace Doppel.Machine.Lifecycle;

/// <summary>
/// The machine's power and reset buttons as devices, firmware and vCPU threads press them: from any thread and under any device's lock, so nothing
/// is done here but to note the request and to tell the machine. The first request decides until it has been served.
/// </summary>
internal sealed class MachineControl : IMachineControl
{
    private MachineRequest? _pending;

    /// <summary>Called when a request has been noted. Must not wait.</summary>
    public Action? Requested { get; set; }

    public MachineRequest? Pending => Volatile.Read(ref _pending);

    public void PowerOff(int exitCode) => Ask(new MachineRequest(MachineRequestKind.PowerOff, exitCode));

    public void Reset() => Ask(new MachineRequest(MachineRequestKind.Reset));

    /// <summary>An error of ours: the machine cannot run on.</summary>
    public void Fault(string message) => Ask(new MachineRequest(MachineRequestKind.Fault, 1, message));

    /// <summary>Forgets the request that has been served.</summary>
    public void Served() => Volatile.Write(ref _pending, null);

    /// <summary>A virtual processor has stopped by itself.</summary>
    public void VcpuStopped(IVcpu vcpu, StopReason reason, string? fault)
    {
        switch (reason)
        {
            case StopReason.PowerOff:
                PowerOff(0);
                break;
            case StopReason.Reset:
                Reset();
                break;
            default:
                Fault($"cpu{vcpu.Id}: {reason}: {fault ?? "no further word"}");
                break;
        }
    }

    private void Ask(MachineRequest request)
    {
        if (Interlocked.CompareExchange(ref _pending, request, null) is null) Requested?.Invoke();
    }
}
