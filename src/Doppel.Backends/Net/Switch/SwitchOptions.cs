namespace Doppel.Backends.Net.Switch;

/// <summary>What a whole <see cref="VirtualSwitch"/> does.</summary>
public sealed record SwitchOptions
{
    /// <summary>Most ports at a time.</summary>
    public int MaxPorts { get; init; } = 1024;

    /// <summary>Addresses that are remembered in all; frames to others go to all ports of their segment.</summary>
    public int MaxAddresses { get; init; } = 8192;

    /// <summary>Addresses that are remembered of one port, so that none can push out the others'.</summary>
    public int MaxAddressesPerPort { get; init; } = 256;

    /// <summary>After this time without a frame from it an address is forgotten.</summary>
    public TimeSpan Ageing { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Judges every frame that has come through its port; null lets all pass.</summary>
    public FrameRule? Rule { get; init; }
}
