// PCAP Capture File Format, draft-ietf-opsawg-pcap: section 4 "File Header", section 5 "Packet Record"; times in nanoseconds.
using System.Buffers.Binary;
using System.Threading.Channels;
using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Doppel.Core.Metrics;

namespace Doppel.Backends.Net.Capture;

/// <summary>
/// A file of frames as a wire would have carried them, for Wireshark and its kin. Whoever hands frames over does not wait for the disk: what it is too slow for is not
/// in the file, and counted.
/// </summary>
public sealed class PcapWriter : INetworkPort, IAsyncDisposable
{
    private const uint Magic = 0xa1b2_3c4d;
    private const ushort VersionMajor = 2, VersionMinor = 4;
    private const uint LinkTypeEthernet = 1;
    private const int FileHeaderLength = 24, RecordHeaderLength = 16;
    private const int SnapLength = 0x4_0000;
    private const int MaxWaiting = 8192;
    private const int MaxWaitingBytes = 16 << 20;
    private readonly Channel<byte[]> _records = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly Stream _file;
    private readonly TimeProvider _time;
    private readonly Task _writing;
    private int _waitingBytes;

    /// <exception cref="DoppelException">The file cannot be written.</exception>
    public PcapWriter(string path, TimeProvider? time = null)
        : this(Create(path), time)
    {
    }

    /// <param name="output">Disposed of in the end.</param>
    public PcapWriter(Stream output, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        _file = output;
        byte[] header = new byte[FileHeaderLength];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(4), VersionMajor);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(6), VersionMinor);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(16), SnapLength);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(20), LinkTypeEthernet);
        _waitingBytes = header.Length;
        _records.Writer.TryWrite(header);
        _writing = Task.Run(WriteAsync);
    }

    public event Action? RoomAvailable
    {
        add { }
        remove { }
    }

    /// <summary>Nothing: frames are kept as they would be sent.</summary>
    public FrameOffloads Accepts => FrameOffloads.None;

    /// <summary>Frames that are not in the file.</summary>
    public Counter Lost { get; } = new();

    public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        if (Volatile.Read(ref _waitingBytes) > MaxWaitingBytes)
        {
            Lost.Increment();
            return true;
        }

        long ticks = (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks;
        byte[] record = new byte[RecordHeaderLength + frame.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)(ticks / TimeSpan.TicksPerSecond));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(4), (uint)(ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick));
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(8), frame.Length);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(12), frame.Length);
        frame.CopyTo(record.AsSpan(RecordHeaderLength));
        Interlocked.Add(ref _waitingBytes, record.Length);
        if (_records.Writer.TryWrite(record)) return true;
        Interlocked.Add(ref _waitingBytes, -record.Length);
        Lost.Increment();
        return true;
    }

    /// <summary>Completes when nothing is written any more: after <see cref="End"/>, or when the file takes nothing.</summary>
    public Task Ended => _writing;

    /// <summary>Takes no more frames; what is waiting is still written.</summary>
    public void End() => _records.Writer.TryComplete();

    /// <summary>Creates or empties a file for a capture.</summary>
    /// <exception cref="DoppelException">It cannot be written.</exception>
    public static FileStream Create(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 16);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new DoppelException(exception is UnauthorizedAccessException ? ErrorKind.Denied : ErrorKind.NotFound, $"capture: {path} cannot be written: {exception.Message.TrimEnd('.')}", "another path", exception);
        }
    }

    /// <summary>Writes what is waiting and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        End();
        await _writing.ConfigureAwait(false);
        await _file.DisposeAsync().ConfigureAwait(false);
    }

    private async Task WriteAsync()
    {
        try
        {
            while (await _records.Reader.WaitToReadAsync().ConfigureAwait(false))
            {
                while (_records.Reader.TryRead(out byte[]? record))
                {
                    await _file.WriteAsync(record).ConfigureAwait(false);
                    Interlocked.Add(ref _waitingBytes, -record.Length);
                }

                // Whoever reads along sees whole records, soon.
                await _file.FlushAsync().ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The disk is full, or the reader gone: the network goes on, the file ends here.
            End();
        }
    }
}
