namespace Doppel.Machine;

/// <summary>What executes guest code; the names of <c>--engine</c>.</summary>
public enum EngineKind
{
    /// <summary>The fastest one that this host and this guest allow: the translator where it runs, else the interpreter.</summary>
    Auto,

    /// <summary>One instruction at a time. The reference that the others are compared with.</summary>
    Interpreter,

    /// <summary>Guest code translated into host code: Linux on x86-64.</summary>
    Translator,

    /// <summary>The host's own processor through /dev/kvm.</summary>
    Kvm,
}
