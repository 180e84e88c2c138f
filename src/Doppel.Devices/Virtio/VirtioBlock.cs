// Virtual I/O Device (VIRTIO) Version 1.2, section 5.2 "Block Device".
using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Doppel.Core.Backends;
using Doppel.Core.Metrics;
using Doppel.Core.Snapshot;
using Doppel.Devices.Virtio.Queue;

namespace Doppel.Devices.Virtio;

/// <summary>A disk. Requests run beside the guest, several at a time, and complete in any order.</summary>
/// <param name="serial">What the guest sees in <c>/sys/block/vda/serial</c>; ASCII, at most 20 characters count.</param>
public sealed class VirtioBlock(IBlockBackend disk, string serial = "") : VirtioDevice
{
    /// <summary>VIRTIO_BLK_F_SIZE_MAX (1).</summary>
    internal const ulong FeatureSizeMax = 1 << 1;

    /// <summary>VIRTIO_BLK_F_SEG_MAX (2).</summary>
    internal const ulong FeatureSegMax = 1 << 2;

    /// <summary>VIRTIO_BLK_F_RO (5).</summary>
    internal const ulong FeatureReadOnly = 1 << 5;

    /// <summary>VIRTIO_BLK_F_BLK_SIZE (6).</summary>
    internal const ulong FeatureBlkSize = 1 << 6;

    /// <summary>VIRTIO_BLK_F_FLUSH (9).</summary>
    internal const ulong FeatureFlush = 1 << 9;

    /// <summary>VIRTIO_BLK_F_TOPOLOGY (10).</summary>
    internal const ulong FeatureTopology = 1 << 10;

    /// <summary>VIRTIO_BLK_F_CONFIG_WCE (11).</summary>
    internal const ulong FeatureConfigWce = 1 << 11;

    /// <summary>VIRTIO_BLK_F_DISCARD (13).</summary>
    internal const ulong FeatureDiscard = 1 << 13;

    /// <summary>VIRTIO_BLK_F_WRITE_ZEROES (14).</summary>
    internal const ulong FeatureWriteZeroes = 1 << 14;

    internal const int SectorSize = 512;
    internal const uint MaxDiscardSectors = 1 << 22;

    /// <summary>64 MiB, because there are file systems on which zeroes must be written.</summary>
    internal const uint MaxZeroesSectors = 1 << 17;
    internal const int MaxRanges = 16;
    private const ushort QueueSize = 256;
    private const int HeaderLength = 16;
    private const int RangeLength = 16;
    private const int IdLength = 20;
    private const int WritebackOffset = 32;

    /// <summary>Most bytes that one request holds in host memory; longer ones go in pieces.</summary>
    private const int PieceSize = 1 << 20;

    /// <summary>Most requests at a time, so that a guest cannot take more host memory than this many pieces.</summary>
    private const int MaxRequests = 32;

    /// <summary>
    /// Most bytes under way at a time, so that a stop, which waits for them, takes no longer than that. A request that is larger runs alone, and is put back
    /// between two pieces when the machine stops.
    /// </summary>
    internal const uint MaxBytesUnderWay = 32 << 20;

    private int _requests;
    private ulong _bytesUnderWay;
    private bool _starved;
    private bool? _writeback;

    /// <summary>Requests that the host could not carry out.</summary>
    public Counter HostErrors { get; } = new();

    internal override uint DeviceId => 2;

    internal override ulong Features => FeatureSizeMax | FeatureSegMax | FeatureBlkSize | FeatureFlush | FeatureTopology
        | (disk.ReadOnly ? FeatureReadOnly : FeatureConfigWce | FeatureDiscard | FeatureWriteZeroes);

    internal override IReadOnlyList<ushort> QueueSizes { get; } = [QueueSize];

    internal override int ConfigLength => 60;

    private ulong Capacity => (ulong)(disk.Length / SectorSize);

    /// <summary>Section 5.2.5.2: without FLUSH a driver cannot ask for durability, so it gets it at once.</summary>
    private bool Writeback => Transport.Has(FeatureConfigWce)
        ? _writeback ?? Transport.Has(FeatureFlush)
        : Transport.Has(FeatureFlush);

    internal override void ReadConfig(Span<byte> config)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(config, Capacity);
        BinaryPrimitives.WriteUInt32LittleEndian(config[8..], PieceSize); // size_max
        BinaryPrimitives.WriteUInt32LittleEndian(config[12..], QueueSize - 2); // seg_max: header and status take one each
        BinaryPrimitives.WriteUInt32LittleEndian(config[20..], (uint)disk.BlockSize);
        config[24] = 3; // physical_block_exp: file systems and page caches of hosts work in 4 KiB
        BinaryPrimitives.WriteUInt16LittleEndian(config[26..], 8); // min_io_size
        config[WritebackOffset] = (byte)(Writeback ? 1 : 0);
        BinaryPrimitives.WriteUInt16LittleEndian(config[34..], 1); // num_queues
        BinaryPrimitives.WriteUInt32LittleEndian(config[36..], MaxDiscardSectors);
        BinaryPrimitives.WriteUInt32LittleEndian(config[40..], MaxRanges);
        BinaryPrimitives.WriteUInt32LittleEndian(config[44..], 8); // discard_sector_alignment
        BinaryPrimitives.WriteUInt32LittleEndian(config[48..], MaxZeroesSectors); // max_write_zeroes_sectors
        BinaryPrimitives.WriteUInt32LittleEndian(config[52..], MaxRanges);
        config[56] = 1; // write_zeroes_may_unmap
    }

    internal override void WriteConfig(int offset, ReadOnlySpan<byte> value)
    {
        if (offset == WritebackOffset && Transport.Has(FeatureConfigWce)) _writeback = value[0] != 0;
    }

    internal override void OnQueue(VirtioQueue queue)
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        while (_requests < MaxRequests && queue.TryPop(out DescriptorChain? chain))
        {
            if (chain.Read(0, header) < HeaderLength || chain.WritableLength == 0)
            {
                // There is no place to report an error in.
                Transport.Fail("a request without a header or a status byte");
                queue.Push(chain, 0);
                return;
            }

            var type = (BlockRequestType)BinaryPrimitives.ReadUInt32LittleEndian(header);
            uint bytes = BytesOf(chain, type);
            if (_requests > 0 && _bytesUnderWay + bytes > MaxBytesUnderWay)
            {
                queue.PutBack(chain);
                _starved = true;
                return;
            }

            _requests++;
            _bytesUnderWay += bytes;
            _ = RunAsync(queue, chain, type, BinaryPrimitives.ReadUInt64LittleEndian(header[8..]), bytes);
        }

        _starved |= _requests == MaxRequests;
    }

    internal override void Reset() => _writeback = null;

    internal override void Save(SnapshotWriter writer)
    {
        writer.Write("capacity", Capacity);
        if (_writeback is { } writeback) writer.Write("writeback", writeback);
    }

    internal override void Load(SnapshotReader reader)
    {
        ulong capacity = reader.GetUInt64("capacity", Capacity);
        if (capacity != Capacity) throw new SnapshotException($"The saved disk has {capacity} sectors, this one {Capacity}.");
        _writeback = reader.Has("writeback") ? reader.GetBoolean("writeback") : null;
    }

    /// <summary>One request from its header to its status. Starts under the lock, goes on without it; never throws.</summary>
    private async Task RunAsync(VirtioQueue queue, DescriptorChain chain, BlockRequestType type, ulong sector, uint bytes)
    {
        BlockStatus status;
        try
        {
            status = await ExecuteAsync(queue, chain, type, sector).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // Whatever the host's storage does, the guest sees a failed request and the machine lives.
            HostErrors.Increment();
            Transport.Warn($"{type} at sector {sector}: {exception.Message}");
            status = BlockStatus.IoError;
        }

        Transport.Enter(() => Complete(queue, chain, type, status, bytes));
    }

    private void Complete(VirtioQueue queue, DescriptorChain chain, BlockRequestType type, BlockStatus status, uint bytes)
    {
        _requests--;
        _bytesUnderWay -= bytes;
        bool starved = _starved;
        _starved = false;
        if (status == BlockStatus.PutBack)
        {
            queue.PutBack(chain);
            Transport.ServiceLater(queue);
            return;
        }

        uint used = 0;
        if (!queue.IsStale(chain))
        {
            chain.Write(chain.WritableLength - 1, [(byte)status]);
            // "used" counts from the first writable byte; after a failed read what lies before the status is undefined.
            uint data = type switch
            {
                BlockRequestType.In => chain.WritableLength - 1,
                BlockRequestType.GetId => Math.Min(IdLength, chain.WritableLength - 1),
                _ => 0,
            };
            bool filled = status == BlockStatus.Ok && data == chain.WritableLength - 1 || chain.WritableLength == 1;
            used = filled ? chain.WritableLength : 0;
        }

        queue.Push(chain, used);
        if (starved) Transport.ServiceLater(queue);
    }

    private async Task<BlockStatus> ExecuteAsync(VirtioQueue queue, DescriptorChain chain, BlockRequestType type, ulong sector)
    {
        switch (type)
        {
            case BlockRequestType.In:
                return await TransferAsync(queue, chain, sector, chain.WritableLength - 1, write: false).ConfigureAwait(false);
            case BlockRequestType.Out:
                if (disk.ReadOnly) return BlockStatus.IoError;
                bool durable = !Writeback;
                BlockStatus status = await TransferAsync(queue, chain, sector, chain.ReadableLength - HeaderLength, write: true).ConfigureAwait(false);
                if (durable && status == BlockStatus.Ok) await disk.FlushAsync().ConfigureAwait(false);
                return status;
            case BlockRequestType.Flush:
                await disk.FlushAsync().ConfigureAwait(false);
                return BlockStatus.Ok;
            case BlockRequestType.GetId:
                WriteId(chain);
                return BlockStatus.Ok;
            case BlockRequestType.Discard when Transport.Has(FeatureDiscard):
            case BlockRequestType.WriteZeroes when Transport.Has(FeatureWriteZeroes):
                return await RangesAsync(chain, type).ConfigureAwait(false);
            default:
                return BlockStatus.Unsupported;
        }
    }

    /// <summary>Moves data between the disk and the guest, piece by piece.</summary>
    private async Task<BlockStatus> TransferAsync(VirtioQueue queue, DescriptorChain chain, ulong sector, uint length, bool write)
    {
        if (length % SectorSize != 0 || !InRange(sector, length / SectorSize)) return BlockStatus.IoError;
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(length, PieceSize));
        try
        {
            for (uint done = chain.Progress; done < length; chain.Progress = done)
            {
                if (MustStop(length)) return BlockStatus.PutBack;
                Memory<byte> piece = buffer.AsMemory(0, (int)Math.Min(length - done, PieceSize));
                long offset = (long)sector * SectorSize + done;
                if (write)
                {
                    if (!Locked(queue, chain, () => chain.Read(HeaderLength + done, piece.Span))) return BlockStatus.IoError;
                    await disk.WriteAsync(offset, piece).ConfigureAwait(false);
                }
                else
                {
                    await disk.ReadAsync(offset, piece).ConfigureAwait(false);
                    if (!Locked(queue, chain, () => chain.Write(done, piece.Span))) return BlockStatus.IoError;
                }

                done += (uint)piece.Length;
                // A backend that is always ready must not keep a vCPU in here for a long request.
                if (done < length && !disk.IsImmediate) await Task.Yield();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return BlockStatus.Ok;
    }

    /// <summary>What counts towards <see cref="MaxBytesUnderWay"/>. How much a range is nobody knows before it has been read, so ranges run alone.</summary>
    private static uint BytesOf(DescriptorChain chain, BlockRequestType type) => type switch
    {
        BlockRequestType.In => chain.WritableLength - 1,
        BlockRequestType.Out => chain.ReadableLength - HeaderLength,
        BlockRequestType.Discard or BlockRequestType.WriteZeroes => uint.MaxValue,
        _ => 0,
    };

    /// <summary>Whether a request that runs alone should make way for a stop of the machine.</summary>
    private bool MustStop(uint bytes)
    {
        if (bytes <= MaxBytesUnderWay) return false;
        lock (Transport) return Transport.Paused;
    }

    /// <summary>Touches guest memory unless the driver has taken it back by a reset.</summary>
    private bool Locked(VirtioQueue queue, DescriptorChain chain, Func<int> copy)
    {
        lock (Transport)
        {
            if (queue.IsStale(chain)) return false;
            copy();
            return true;
        }
    }

    /// <summary>Discard and write zeroes: all ranges are checked before the first is carried out.</summary>
    private async Task<BlockStatus> RangesAsync(DescriptorChain chain, BlockRequestType type)
    {
        uint length = chain.ReadableLength - HeaderLength;
        if (length == 0 || length % RangeLength != 0 || length / RangeLength > MaxRanges) return BlockStatus.IoError;
        var ranges = new List<BlockRange>();
        BlockStatus status = ReadRanges(chain, (int)length, type, ranges);
        if (status != BlockStatus.Ok) return status;
        for (; chain.Progress < (uint)ranges.Count; chain.Progress++)
        {
            BlockRange range = ranges[(int)chain.Progress];
            if (range.Length == 0) continue;
            if (MustStop(uint.MaxValue)) return BlockStatus.PutBack;
            if (type == BlockRequestType.Discard) await disk.DiscardAsync(range.Offset, range.Length).ConfigureAwait(false);
            else await disk.WriteZeroesAsync(range.Offset, range.Length, range.Unmap).ConfigureAwait(false);
        }

        if (!Writeback) await disk.FlushAsync().ConfigureAwait(false);
        return BlockStatus.Ok;
    }

    private BlockStatus ReadRanges(DescriptorChain chain, int length, BlockRequestType type, List<BlockRange> ranges)
    {
        Span<byte> data = stackalloc byte[MaxRanges * RangeLength];
        chain.Read(HeaderLength, data[..length]);
        for (int at = 0; at < length; at += RangeLength)
        {
            ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(data[at..]);
            uint count = BinaryPrimitives.ReadUInt32LittleEndian(data[(at + 8)..]);
            uint flags = BinaryPrimitives.ReadUInt32LittleEndian(data[(at + 12)..]);
            if (flags > (type == BlockRequestType.WriteZeroes ? 1u : 0)) return BlockStatus.Unsupported;
            if (count > (type == BlockRequestType.Discard ? MaxDiscardSectors : MaxZeroesSectors) || !InRange(sector, count)) return BlockStatus.IoError;
            ranges.Add(new BlockRange((long)sector * SectorSize, (long)count * SectorSize, flags != 0));
        }

        return BlockStatus.Ok;
    }

    private void WriteId(DescriptorChain chain)
    {
        Span<byte> id = stackalloc byte[IdLength];
        id.Clear();
        string text = serial.Length > IdLength ? serial[..IdLength] : serial;
        Encoding.ASCII.GetBytes(text, id);
        chain.Write(0, id[..(int)Math.Min(IdLength, chain.WritableLength - 1)]);
    }

    private bool InRange(ulong sector, uint count) => sector <= Capacity && count <= Capacity - sector;
}
