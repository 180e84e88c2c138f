using System.Runtime.CompilerServices;
using Doppel.Core.Vcpu;

namespace Doppel.RiscV.Hart;

/// <summary>What other threads want of a hart.</summary>
[Flags]
internal enum HartSignal
{
    None = 0,

    /// <summary>Return from Run.</summary>
    Kick = 1,

    /// <summary>An interrupt line or a shared mip bit has changed.</summary>
    Interrupt = 2,

    /// <summary>stimecmp may be due.</summary>
    Timer = 4,

    /// <summary>Remote <c>fence.i</c>.</summary>
    FenceCode = 8,

    /// <summary>Remote <c>sfence.vma</c>: what <see cref="PostedFences"/> has.</summary>
    FenceTranslations = 16,

    /// <summary>Started or stopped.</summary>
    Power = 32,
}

/// <summary>The flag word that a running hart looks at, and the place where a halted one sleeps.</summary>
/// <remarks>The word is the attention slot of the CPU state, so that generated code sees it too.</remarks>
internal sealed class HartSignals(CpuState state)
{
    private readonly ManualResetEventSlim _wake = new(false, spinCount: 0);
    private bool _asleep;
    private bool _running;

    /// <summary>Called on any thread when something is wanted; for who does not sleep here.</summary>
    public Action? Raised { get; set; }

    /// <summary>Whether anything is wanted. Read at every taken branch.</summary>
    public bool Attention
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Volatile.Read(ref Flags) != 0;
    }

    /// <summary>Whether the hart is inside Run, so that guest code may be executing.</summary>
    public bool Running => Volatile.Read(ref _running);

    /// <summary>Whether a remote fence has not been carried out and guest code may run without it.</summary>
    public bool FencePending =>
        (Volatile.Read(ref Flags) & (ulong)(HartSignal.FenceCode | HartSignal.FenceTranslations)) != 0 && Running;

    private ref ulong Flags
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref state.Attention;
    }

    public void Raise(HartSignal signal)
    {
        // A full fence: either this thread sees the hart asleep, or the hart sees the flag before it sleeps.
        Interlocked.Or(ref Flags, CpuState.AttentionWanted | (ulong)signal);
        if (Volatile.Read(ref _asleep)) _wake.Set();
        Raised?.Invoke();
    }

    public HartSignal Take() => (HartSignal)Interlocked.Exchange(ref Flags, 0);

    /// <summary>Sleeps until a flag is raised.</summary>
    public void Sleep()
    {
        _wake.Reset();
        Volatile.Write(ref _asleep, true);
        Interlocked.MemoryBarrier();
        if (!Attention) _wake.Wait();
        Volatile.Write(ref _asleep, false);
    }

    /// <summary>Marks the begin of Run: fences raised before are seen after this.</summary>
    public void EnterRun()
    {
        Volatile.Write(ref _running, true);
        Interlocked.MemoryBarrier();
    }

    public void LeaveRun() => Volatile.Write(ref _running, false);
}
