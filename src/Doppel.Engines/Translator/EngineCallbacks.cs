using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Doppel.CodeGen;

namespace Doppel.Engines.Translator;

/// <summary>The way from generated code into managed code and back.</summary>
internal static unsafe class EngineCallbacks
{
    /// <summary>The function of <see cref="FrameSlot.Callback"/>.</summary>
    public static nint Address => (nint)(delegate* unmanaged[Cdecl]<nint, int, ulong, ulong, long, int>)&Serve;

    /// <summary>Enters generated code.</summary>
    /// <returns>Why it left.</returns>
    public static LeaveReason Enter(nint enter, nint slots, nint code) =>
        (LeaveReason)((delegate* unmanaged[Cdecl]<nint, nint, int>)enter)(slots, code);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Serve(nint handle, int kind, ulong a, ulong b, long distance)
    {
        // No exception may cross generated code: it is kept, and raised again behind it.
        var vcpu = Unsafe.As<TranslatedVcpu>(GCHandle.FromIntPtr(handle).Target!);
        try
        {
            return (int)vcpu.Serve((CallbackKind)kind, a, b, distance);
        }
        catch (Exception exception)
        {
            return (int)vcpu.Fail(exception);
        }
    }
}
