using Doppel.Core.Backends;

namespace Doppel.Backends.Net.Switch;

/// <summary>
/// Decides on a frame. Called on the sender's thread, perhaps a vCPU's and several at a time: must be quick, must not block, must not call the switch. What it throws
/// drops the frame.
/// </summary>
/// <param name="from">Where it came in.</param>
/// <param name="vlan">Its segment.</param>
/// <param name="frame">Valid during the call; perhaps a large one that is still to be cut.</param>
/// <param name="offload">What has been left undone in it.</param>
public delegate FrameVerdict FrameRule(SwitchPort from, ushort vlan, ReadOnlySpan<byte> frame, in FrameOffload offload);

/// <summary>What becomes of a frame.</summary>
public readonly record struct FrameVerdict
{
    private FrameVerdict(bool accepted, byte[]? frame, FrameOffload offload) => (IsAccepted, Frame, Offload) = (accepted, frame, offload);

    /// <summary>It goes on its way.</summary>
    public static FrameVerdict Accept => new(true, null, default);

    /// <summary>It is not forwarded.</summary>
    public static FrameVerdict Drop => default;

    public bool IsAccepted { get; }

    /// <summary>What is forwarded instead; null for the frame itself.</summary>
    public byte[]? Frame { get; }

    public FrameOffload Offload { get; }

    /// <summary>Another frame goes on in its place, in the same segment.</summary>
    public static FrameVerdict Rewrite(byte[] frame, in FrameOffload offload = default) => new(true, frame, offload);
}
