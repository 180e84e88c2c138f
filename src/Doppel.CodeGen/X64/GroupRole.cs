namespace Doppel.CodeGen.X64;

/// <summary>What an operation is to a group of accesses (<see cref="X64Backend"/>).</summary>
internal enum GroupRole : byte
{
    None,

    /// <summary>Control may leave there: who is behind it need not be executed.</summary>
    Leaves,

    /// <summary>May be one of the accesses.</summary>
    Member,

    /// <summary>None is behind it, and its own guest instruction is not part of the group.</summary>
    Breaks,

    /// <summary>None is behind it; what stands before it is part of the group.</summary>
    Ends,
}
