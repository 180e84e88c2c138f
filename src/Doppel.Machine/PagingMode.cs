namespace Doppel.Machine;

/// <summary>The largest virtual address space that the guest's processors offer (RISC-V privileged specification, chapter 12); it includes the smaller ones.</summary>
public enum PagingMode
{
    Sv39 = 39,
    Sv48 = 48,
    Sv57 = 57,
}
