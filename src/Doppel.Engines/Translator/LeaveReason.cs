namespace Doppel.Engines.Translator;

/// <summary>Whether generated code goes on after a callback, and why it has left.</summary>
internal enum LeaveReason
{
    /// <summary>It goes on.</summary>
    None,

    /// <summary>The program counter's slot says where the guest is; the processor must look around.</summary>
    Left,

    /// <summary>An error of ours was kept.</summary>
    Failed,
}
