// RFC 768 "User Datagram Protocol"; RFC 791, section 3.1, and RFC 8200, section 3: where the headers say so.
namespace Doppel.Devices.Virtio.Net;

/// <summary>
/// How far the guest has got with the datagrams that it was handed. Its kernel takes frames before it lets a program run: with more of them than it can do it takes frames only, and throws
/// them away, because the program never empties its buffer. So after a burst, which such a buffer holds, the next one is better left where it is until the guest has had nothing to do for a
/// moment. Thread-safe.
/// </summary>
internal sealed class DatagramPace
{
    /// <summary>Datagrams; Linux gives a socket 208 KiB, in which each of these takes up about 2.5.</summary>
    public const int Burst = 64;

    private const ushort TypeIpv4 = 0x0800, TypeIpv6 = 0x86dd;
    private const byte ProtocolUdp = 17, Fragment = 44;
    private const int TypeAt = 12, ProtocolAtV4 = 23, ProtocolAtV6 = 20;
    private int _handed;
    private volatile bool _asked;

    /// <summary>Whether it has been handed a burst; who is told so will be called.</summary>
    public bool IsBehind
    {
        get
        {
            if (Volatile.Read(ref _handed) < Burst) return false;
            _asked = true;
            // The guest may have caught up between the question and the wish to be called.
            Interlocked.MemoryBarrier();
            return Volatile.Read(ref _handed) >= Burst;
        }
    }

    /// <summary>Whether there is anything that it has not been seen to have dealt with.</summary>
    public bool IsOpen => Volatile.Read(ref _handed) > 0;

    /// <summary>The guest is handed a frame.</summary>
    public void Handed(ReadOnlySpan<byte> frame)
    {
        if (IsDatagram(frame)) Interlocked.Increment(ref _handed);
    }

    /// <summary>It has nothing to do.</summary>
    /// <returns>Whether somebody was told that it was behind.</returns>
    public bool CaughtUp()
    {
        Interlocked.Exchange(ref _handed, 0);
        if (!_asked) return false;
        _asked = false;
        return true;
    }

    private static bool IsDatagram(ReadOnlySpan<byte> frame) => (frame[TypeAt] << 8 | frame[TypeAt + 1]) switch
    {
        TypeIpv4 => frame.Length > ProtocolAtV4 && frame[ProtocolAtV4] == ProtocolUdp,
        TypeIpv6 => frame.Length > ProtocolAtV6 && frame[ProtocolAtV6] is ProtocolUdp or Fragment,
        _ => false,
    };
}
