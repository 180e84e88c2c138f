namespace Doppel.RiscV.Interpreter;

/// <summary>What an instruction out of line did.</summary>
internal enum Outcome
{
    /// <summary>Done; the next instruction follows.</summary>
    Next,

    /// <summary>As <see cref="Next"/>, but a device may have been accessed, which may want attention.</summary>
    NextAttend,

    /// <summary>Raised the pending trap.</summary>
    Trap,

    /// <summary>Set the program counter, or changed what the next fetch sees.</summary>
    Redirect,

    /// <summary>Done, and the hart must look at its interrupts and signals; the program counter is set.</summary>
    Attend,
}

/// <summary>How carefully the loop runs; a struct per way, so that the compiler makes one loop of each.</summary>
internal interface IMode
{
    static abstract bool IsExact { get; }
}

/// <summary>Limits are seen at branches and page changes.</summary>
internal readonly struct Fast : IMode
{
    public static bool IsExact => false;
}

/// <summary>Limits are exact, and every instruction can be traced.</summary>
internal readonly struct Exact : IMode
{
    public static bool IsExact => true;
}
