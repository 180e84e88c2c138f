namespace Doppel.RiscV.Hart;

/// <summary>The exception that the current instruction has raised and that has not been taken yet. No .NET exception is thrown for a guest's.</summary>
internal sealed class PendingTrap
{
    public bool Raised;
    public ulong Cause;

    /// <summary>What goes to mtval or stval.</summary>
    public ulong Value;

    public void Raise(ulong cause, ulong value)
    {
        Raised = true;
        Cause = cause;
        Value = value;
    }
}
