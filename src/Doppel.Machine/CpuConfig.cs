namespace Doppel.Machine;

/// <summary>What the guest's processors can do. All processors of a machine are alike.</summary>
public sealed record CpuConfig
{
    /// <summary>The largest virtual address space.</summary>
    public PagingMode Paging { get; init; } = PagingMode.Sv57;
}
