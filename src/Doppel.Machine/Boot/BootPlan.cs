namespace Doppel.Machine.Boot;

/// <summary>What a machine is made from, read and judged: its configuration, the images to boot, and where they go. Copies of a machine share it.</summary>
internal sealed record BootPlan(VmConfig Config, BootImages Images, BootLayout Layout);
