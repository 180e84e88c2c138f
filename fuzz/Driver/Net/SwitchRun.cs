using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using Doppel.Backends.Net.Switch;
using Doppel.Core.Backends;
using Doppel.Core.Net;
using Doppel.Fuzz.Inputs;

namespace Doppel.Fuzz.Net;

/// <summary>
/// Hostile machines on a switch with ports of all kinds. A frame must never come back, leave its segment, pass between isolated ports, have another sender than a
/// locked port's, bring a tag where none may be, or something undone that is not accepted; no port may be remembered for more addresses than it may have.
/// </summary>
internal static class SwitchRun
{
    private static readonly HashSet<ushort> Some = [2, 3], Others = [3, 4];

    private static readonly SwitchPortOptions[] Kinds =
    [
        new(),
        new() { Isolated = true },
        new() { Isolated = true },
        new() { LockedMac = FrameSeeds.One },
        new() { LockedMac = FrameSeeds.One, LockedAddresses = [IPAddress.Parse("10.0.2.15"), IPAddress.Parse("fec0::15")] },
        new() { Vlan = 2 },
        new() { Vlan = 2, Isolated = true },
        new() { Vlan = 3 },
        new() { Vlan = 4, Trunk = Some },
        new() { Vlan = 0, Trunk = Others },
    ];

    /// <returns>The number of frames, and what was found.</returns>
    public static (long Tried, string? Finding) Run(ulong seed, TimeSpan time)
    {
        var mutator = new Mutator(new Random(unchecked((int)seed)));
        var options = new SwitchOptions { MaxAddresses = 512, MaxAddressesPerPort = 64 };
        var home = new VirtualSwitch(options);
        Station[] stations = [.. Kinds.Select(kind => new Station(home.AddPort(kind)))];
        long tried = 0;
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < time; tried++)
        {
            Random random = mutator.Random;
            Station sender = stations[random.Next(stations.Length)];
            Station changed = stations[random.Next(stations.Length)];
            changed.Accepts = (FrameOffloads)random.Next(8);
            changed.Full = random.Next(16) == 0;
            byte[] frame = mutator.Mutate(FrameSeeds.All[random.Next(FrameSeeds.All.Count)]);
            // Senders whose number has no end, and receivers that are known.
            if (frame.Length >= FrameDelivery.HeaderLength && random.Next(4) == 0) random.NextBytes(frame.AsSpan(MacAddress.Length + 1, MacAddress.Length - 1));
            if (random.Next(50) == 0) Array.Resize(ref frame, FrameDelivery.MaxLength - 8 + random.Next(16));
            try
            {
                sender.Peer.TryTake(frame, FrameSeeds.Offload(random));
            }
            catch (Exception exception)
            {
                return (tried, $"{exception}\nframe: {Convert.ToHexString(frame.AsSpan(0, Math.Min(frame.Length, 200)))}");
            }

            foreach (Station station in stations)
            {
                if (station.Judge(sender, frame) is { } finding) return (tried, $"{finding}\nframe: {Convert.ToHexString(frame.AsSpan(0, Math.Min(frame.Length, 200)))}");
            }

            if (tried % 1000 == 0 && stations.Any(s => home.AddressesOf(s.Port).Count > options.MaxAddressesPerPort)) return (tried, "a port is remembered for too many addresses");
        }

        return (tried, stations.All(s => s.Port.FramesOut.Value > 0) ? null : "some port has never had a frame");
    }

    private sealed class Station : INetworkPort
    {
        private string? _finding;
        private ushort? _tag;
        private MacAddress _sender;
        private bool _hasTaken;

        public Station(SwitchPort port)
        {
            Port = port;
            Peer = port.Connect(this);
        }

        public event Action? RoomAvailable
        {
            add { }
            remove { }
        }

        public SwitchPort Port { get; }

        public INetworkPort Peer { get; }

        public FrameOffloads Accepts { get; set; }

        public bool Full { get; set; }

        public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload)
        {
            if (Full) return false;
            _hasTaken = true;
            if (!FrameDelivery.IsPossible(frame.Length, offload)) _finding = "what is undone in it is impossible";
            else if ((FrameDelivery.Needs(offload) & ~Accepts) != 0) _finding = "what is undone in it is not accepted";
            if (frame.Length < FrameDelivery.HeaderLength) return true;
            _sender = MacAddress.Read(frame[MacAddress.Length..]);
            _tag = BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) switch
            {
                0x8100 when frame.Length >= 18 => (ushort)(BinaryPrimitives.ReadUInt16BigEndian(frame[14..]) & 0xfff),
                0x8100 or 0x88a8 => ushort.MaxValue,
                _ => null,
            };
            return true;
        }

        /// <summary>What is wrong with the frame that has come here, if one has.</summary>
        public string? Judge(Station from, ReadOnlySpan<byte> sent)
        {
            if (!_hasTaken) return null;
            string? finding = _finding ?? (from == this ? "it has come back"
                : from.Port.Options.Isolated && Port.Options.Isolated ? "it has passed between isolated ports"
                : from.Port.Options.LockedMac is { } mac && _sender != mac ? $"its sender is {_sender}"
                : _tag is not null && Port.Options.Trunk is null ? "it has a tag"
                : Segment(from.Port.Options, sent) is var segment && (_tag ?? Port.Options.Vlan) != segment ? $"it has come from segment {segment} into {_tag ?? Port.Options.Vlan}"
                : null);
            _hasTaken = false;
            _finding = null;
            return finding;
        }

        // Of a frame that has been let in.
        private static int Segment(SwitchPortOptions options, ReadOnlySpan<byte> frame) =>
            BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) == 0x8100 && (BinaryPrimitives.ReadUInt16BigEndian(frame[14..]) & 0xfff) is > 0 and int tag ? tag : options.Vlan;
    }
}
