// Virtual I/O Device (VIRTIO) Version 1.2, section 5.1.6.5 "Control Virtqueue".
using System.Buffers.Binary;
using Doppel.Core.Net;
using Doppel.Devices.Virtio.Queue;

namespace Doppel.Devices.Virtio.Net;

/// <summary>Carries out the driver's commands.</summary>
internal sealed class NetControl(NetFilter filter)
{
    private const byte Ok = 0, Error = 1;
    private const byte ClassReceive = 0, ClassMac = 1, ClassVlan = 2, ClassAnnounce = 3, ClassGuestOffloads = 5;
    private const byte MacTableSet = 0, MacAddressSet = 1;
    private const byte VlanAdd = 0, VlanDelete = 1;
    private const int MaxVlan = 4095;
    private const uint HeaderLength = 2;

    /// <summary>The driver has announced the machine's address to the network.</summary>
    public event Action? Announced;

    /// <summary>The driver has switched what it accepts.</summary>
    public event Action<ulong>? GuestOffloadsChanged;

    /// <summary>One command. What cannot be understood is answered with an error.</summary>
    /// <returns>Bytes written into the chain.</returns>
    public uint Run(DescriptorChain chain, ulong features)
    {
        Span<byte> header = stackalloc byte[(int)HeaderLength];
        bool done = chain.Read(0, header) == HeaderLength && Run(header[0], header[1], chain, features);
        return (uint)chain.Write(0, [done ? Ok : Error]);
    }

    private bool Run(byte group, byte command, DescriptorChain chain, ulong features) => group switch
    {
        ClassReceive when (features & NetFeature.ControlReceive) != 0 => SetMode(command, chain, (features & NetFeature.ControlReceiveExtra) != 0 ? 6 : 2),
        ClassMac when command == MacTableSet && (features & NetFeature.ControlReceive) != 0 => SetTable(chain),
        ClassMac when command == MacAddressSet && (features & NetFeature.ControlMac) != 0 => SetMac(chain),
        ClassVlan when command is VlanAdd or VlanDelete && (features & NetFeature.ControlVlan) != 0 => SetVlan(chain, command == VlanAdd),
        ClassAnnounce when command == 0 && (features & NetFeature.GuestAnnounce) != 0 => Announce(),
        ClassGuestOffloads when command == 0 && (features & NetFeature.ControlGuestOffloads) != 0 => SetGuestOffloads(chain, features),
        _ => false,
    };

    /// <summary>Commands 0 to 5 are the bits of <see cref="ReceiveModes"/>.</summary>
    private bool SetMode(byte command, DescriptorChain chain, int known)
    {
        Span<byte> on = stackalloc byte[1];
        if (command >= known || chain.Read(HeaderLength, on) != 1) return false;
        var mode = (ReceiveModes)(1 << command);
        filter.Modes = on[0] != 0 ? filter.Modes | mode : filter.Modes & ~mode;
        return true;
    }

    private bool SetTable(DescriptorChain chain)
    {
        uint at = HeaderLength;
        if (!TryReadList(chain, ref at, out HashSet<MacAddress>? unicast) || !TryReadList(chain, ref at, out HashSet<MacAddress>? multicast)) return false;
        filter.SetAddresses(unicast, multicast);
        return true;
    }

    /// <summary>Reads a counted list; null for one that is too long to be kept.</summary>
    private static bool TryReadList(DescriptorChain chain, ref uint at, out HashSet<MacAddress>? addresses)
    {
        addresses = null;
        Span<byte> count = stackalloc byte[sizeof(uint)];
        if (chain.Read(at, count) != sizeof(uint)) return false;
        at += sizeof(uint);
        uint entries = BinaryPrimitives.ReadUInt32LittleEndian(count);
        if (entries > (chain.ReadableLength - at) / MacAddress.Length) return false;
        if (entries <= NetFilter.MaxAddresses)
        {
            Span<byte> list = stackalloc byte[(int)entries * MacAddress.Length];
            chain.Read(at, list);
            addresses = [];
            for (; !list.IsEmpty; list = list[MacAddress.Length..]) addresses.Add(MacAddress.Read(list));
        }

        at += entries * MacAddress.Length;
        return true;
    }

    private bool SetMac(DescriptorChain chain)
    {
        Span<byte> bytes = stackalloc byte[MacAddress.Length];
        if (chain.Read(HeaderLength, bytes) != MacAddress.Length || !MacAddress.Read(bytes).IsStation) return false;
        filter.Mac = MacAddress.Read(bytes);
        return true;
    }

    private bool SetVlan(DescriptorChain chain, bool wanted)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        if (chain.Read(HeaderLength, bytes) != sizeof(ushort)) return false;
        ushort vlan = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        if (vlan > MaxVlan) return false;
        filter.SetVlan(vlan, wanted);
        return true;
    }

    private bool Announce()
    {
        Announced?.Invoke();
        return true;
    }

    private bool SetGuestOffloads(DescriptorChain chain, ulong features)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        if (chain.Read(HeaderLength, bytes) != sizeof(ulong)) return false;
        ulong offloads = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        if ((offloads & ~(features & NetFeature.GuestOffloads)) != 0) return false;
        GuestOffloadsChanged?.Invoke(offloads);
        return true;
    }
}
