// PCAP Capture File Format, draft-ietf-opsawg-pcap: section 4 "File Header", section 5 "Packet Record".
using System.Buffers.Binary;
using Doppel.Backends.Net.Capture;

namespace Doppel.Machine.Networks;

/// <summary>A capture over a connection: the file as it grows, until either side goes.</summary>
internal static class CaptureLink
{
    private const int FileHeaderLength = 24, RecordHeaderLength = 16, LengthAt = 8;

    /// <summary>More than any frame has.</summary>
    private const int MaxRecord = 1 << 20;

    /// <summary>For what has been recorded when the machine ends.</summary>
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(1);

    /// <summary>The end of the process in which the frames pass.</summary>
    /// <param name="ending">The machine ends.</param>
    public static async Task ServeAsync(Stream stream, CapturePoint point, CancellationToken ending)
    {
        var writer = new PcapWriter(stream);
        await using (writer.ConfigureAwait(false))
        {
            // The client has no more to say: what can be read is its end.
            using (point.Begin(writer)) await Task.WhenAny(writer.Ended, stream.ReadAsync(new byte[1], ending).AsTask()).ConfigureAwait(false);
            writer.End();
            await Task.WhenAny(writer.Ended, Task.Delay(EndPatience, CancellationToken.None)).ConfigureAwait(false);

            // Who does not read holds nobody up.
            await stream.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The user's end: writes whole records only, whenever it ends.</summary>
    /// <param name="open">Opens the output, which is disposed of in the end.</param>
    /// <param name="cancel">Ends it, without an error.</param>
    /// <returns>How many frames were recorded.</returns>
    /// <exception cref="IOException">The other side talks nonsense, or the output cannot be written.</exception>
    public static async Task<long> ReceiveAsync(Stream stream, Func<Stream> open, CancellationToken cancel)
    {
        Stream output = open();
        await using (output.ConfigureAwait(false)) return await CopyAsync(stream, output, cancel).ConfigureAwait(false);
    }

    private static async Task<long> CopyAsync(Stream stream, Stream output, CancellationToken cancel)
    {
        byte[] buffer = new byte[2 * MaxRecord];
        int have = 0, headers = FileHeaderLength;
        long frames = 0;
        while (true)
        {
            int count;
            try
            {
                count = await stream.ReadAsync(buffer.AsMemory(have), cancel).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException)
            {
                // Stopped, or the machine's process is gone: what there is by now is whole.
                return frames;
            }

            if (count == 0) return frames;
            have += count;
            int whole = Math.Min(have, headers);
            headers -= whole;
            while (have - whole >= RecordHeaderLength)
            {
                uint length = BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(whole + LengthAt));
                if (length > MaxRecord - RecordHeaderLength) throw new IOException("what comes is no capture");
                if (have - whole < RecordHeaderLength + (int)length) break;
                whole += RecordHeaderLength + (int)length;
                frames++;
            }

            await output.WriteAsync(buffer.AsMemory(0, whole), CancellationToken.None).ConfigureAwait(false);
            await output.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            buffer.AsSpan(whole, have - whole).CopyTo(buffer);
            have -= whole;
        }
    }
}
