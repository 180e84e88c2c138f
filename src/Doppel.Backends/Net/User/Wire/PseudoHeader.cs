// RFC 9293, section 3.1, and RFC 8200, section 8.1: what TCP, UDP and ICMPv6 count into their checksums beside themselves.
namespace Doppel.Backends.Net.User.Wire;

/// <summary>The sum of the pseudo header.</summary>
internal static class PseudoHeader
{
    public static ulong Sum(in Address source, in Address destination, byte protocol, int length)
    {
        ulong sum = (ulong)length + protocol;
        return source.IsV4 ? sum + source.V4 + destination.V4 : sum + Words(source) + Words(destination);
    }

    private static ulong Words(in Address address) => (address.High >> 32) + (uint)address.High + (address.Low >> 32) + (uint)address.Low;
}
