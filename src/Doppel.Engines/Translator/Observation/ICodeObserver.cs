namespace Doppel.Engines.Translator.Observation;

/// <summary>Generated code for guest code that is entered at one place.</summary>
/// <param name="Address">The virtual address of its entry for the vCPU that asked for it first.</param>
/// <param name="Page">The guest's physical address of the page of code.</param>
/// <param name="Entry">Offset of the entry in the page.</param>
/// <param name="Mode">What the code relies on, as the instruction set names it.</param>
/// <param name="Instructions">Guest instructions.</param>
/// <param name="GuestBytes">Their length.</param>
/// <param name="Host">Where the code is in this process.</param>
/// <param name="HostBytes">Its length.</param>
public readonly record struct ObservedCode(ulong Address, ulong Page, int Entry, string Mode, int Instructions, int GuestBytes, nint Host, int HostBytes);

/// <summary>Wants to know what code there is. Called on the threads of vCPUs; must be quick.</summary>
public interface ICodeObserver
{
    /// <summary>Whether <see cref="Entered"/> is to be called for every entry of every region: then no region leads to another by itself, which makes the guest slow.</summary>
    bool SeesEntries { get; }

    /// <summary>Whether the code is to be in memory without a name, as profilers want it.</summary>
    bool WantsAnonymousCode { get; }

    /// <summary>A region has been translated. One call at a time, before its first entry.</summary>
    void Made(in ObservedCode code);

    /// <summary>A vCPU enters a region from outside of it. Only if <see cref="SeesEntries"/>.</summary>
    /// <param name="page">The guest's physical address of the page of code.</param>
    void Entered(int vcpu, ulong address, ulong page, string mode);
}
