using System.Buffers;
using Doppel.Core.Backends;

namespace Doppel.Backends.Net.Switch;

/// <summary>A frame on its way out, without tag, and with one as soon as a port needs that.</summary>
internal ref struct FrameCopies(ushort vlan, ReadOnlySpan<byte> frame, FrameOffload offload)
{
    private readonly ReadOnlySpan<byte> _frame = frame;
    private byte[]? _tagged;

    public readonly ushort Vlan => vlan;

    public readonly ReadOnlySpan<byte> Plain => _frame;

    public readonly FrameOffload PlainOffload => offload;

    public readonly FrameOffload TaggedOffload => VlanTag.Move(offload, VlanTag.Length);

    public ReadOnlySpan<byte> Tagged()
    {
        if (_tagged is null)
        {
            _tagged = ArrayPool<byte>.Shared.Rent(_frame.Length + VlanTag.Length);
            VlanTag.Insert(_frame, _tagged, vlan);
        }

        return _tagged.AsSpan(0, _frame.Length + VlanTag.Length);
    }

    public readonly void Return()
    {
        if (_tagged is not null) ArrayPool<byte>.Shared.Return(_tagged);
    }
}
