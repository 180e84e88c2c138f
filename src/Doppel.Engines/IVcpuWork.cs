using Doppel.Core.Vcpu;

namespace Doppel.Engines;

/// <summary>What a <see cref="VcpuThread"/> does while it runs.</summary>
public interface IVcpuWork
{
    /// <summary>The vCPU that has run last.</summary>
    IVcpu Current { get; }

    /// <summary>Makes a running or the next <see cref="Run"/> return soon. Any thread.</summary>
    void Kick();

    /// <summary>Runs guest code, or sleeps while there is none to run, until something is to be looked at.</summary>
    StopReason Run();
}
