namespace Doppel.Backends.Net.User.Wire;

/// <summary>The two ends of a flow as the guest sees them.</summary>
internal readonly record struct FlowKey(Address Guest, ushort GuestPort, Address Remote, ushort RemotePort)
{
    public override int GetHashCode() => HashCode.Combine(Guest.Low, Remote.Low, (uint)GuestPort << 16 | RemotePort);
}
