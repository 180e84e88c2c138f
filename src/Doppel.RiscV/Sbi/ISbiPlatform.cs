using Doppel.Core.Backends;
using Doppel.Core.Clock;
using Doppel.Core.Memory;
using Doppel.Core.Trace;
using Doppel.Core.Vcpu;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Sbi;

/// <summary>What the supervisor binary interface needs of the machine.</summary>
public interface ISbiPlatform
{
    /// <summary>All harts; a hart's id is its index.</summary>
    IReadOnlyList<RiscVHart> Harts { get; }

    GuestMemory Memory { get; }

    IVmClock Clock { get; }

    IMachineControl Machine { get; }

    /// <summary>The debug console.</summary>
    IConsoleBackend Console { get; }

    ITrace Trace { get; }
}
