// Implements: a driver's initialization of virtio over MMIO as in Virtual I/O Device (VIRTIO) 1.3, sections 3.1.1 and 4.2.3.
using Doppel.Machine.Boards;

namespace Doppel.Machine.Lifecycle;

/// <summary>What the drivers of a guest do to devices before they use them: without it these would have hardly anything to keep, and not what those of Linux have.</summary>
internal static class RehearsalDriver
{
    private const uint QueueSize = 8;
    private const uint QueueBytes = 4096;

    // Bits 32 (VIRTIO_F_VERSION_1) and 34 (VIRTIO_F_RING_PACKED), in the second word.
    private const uint Features = 1 | 1 << 2;

    /// <summary>Takes the first queue of each device into use.</summary>
    /// <param name="memory">Where there are as many pages of RAM as devices.</param>
    public static void Begin(RiscVVirt board, ulong memory)
    {
        for (int slot = 0; slot < RiscVVirtMap.VirtioSlots; slot++)
        {
            ulong device = RiscVVirtMap.Virtio(slot).Address;
            uint queue = (uint)memory + (uint)slot * QueueBytes;
            foreach ((ulong register, uint value) in (ReadOnlySpan<(ulong, uint)>)
                [
                    (0x070, 3), // status: ACKNOWLEDGE, DRIVER
                    (0x024, 1), (0x020, Features),
                    (0x070, 11), // and FEATURES_OK
                    (0x030, 0), (0x038, QueueSize),
                    (0x080, queue), (0x084, 0), (0x090, queue + QueueBytes / 2), (0x094, 0), (0x0a0, queue + QueueBytes / 2 + 16), (0x0a4, 0),
                    (0x044, 1), // the queue is ready
                    (0x070, 15), // and DRIVER_OK
                ])
            {
                board.Bus.TryWrite(device + register, sizeof(uint), value);
            }
        }
    }
}
