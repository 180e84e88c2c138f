namespace Doppel.RiscV.Hart;

/// <summary>Privilege modes (Privileged Architecture 1.13, section 1.2).</summary>
public enum PrivilegeMode : byte
{
    User = 0,
    Supervisor = 1,
    Machine = 3,
}
