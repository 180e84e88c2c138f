using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Sbi;

/// <summary>One extension of the supervisor binary interface.</summary>
internal interface ISbiExtension
{
    /// <summary>The extension id (EID), sign-extended.</summary>
    ulong Id { get; }

    /// <summary>Serves a call on the calling hart's own thread. Unknown functions are <see cref="SbiError.NotSupported"/>.</summary>
    SbiResult Call(RiscVHart caller, in SbiCall call);
}
