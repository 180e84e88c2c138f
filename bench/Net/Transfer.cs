using System.Text.Json;

namespace Doppel.Bench.Net;

/// <summary>What an iperf3 says has come across.</summary>
/// <param name="Lost">The part of the datagrams that has not; 0 for TCP.</param>
internal sealed record Transfer(double Bytes, double Seconds, double Lost)
{
    public double Megabits => Bytes * 8 / Seconds / 1e6;

    /// <summary>Reads a client's report.</summary>
    /// <param name="report">JSON.</param>
    /// <param name="datagram">Bytes of a datagram; 0 is TCP.</param>
    /// <exception cref="RunFailedException">It says that it has failed, or nothing that makes sense.</exception>
    public static Transfer Read(string report, int datagram)
    {
        try
        {
            // What the console of a guest had to say before it.
            using JsonDocument document = JsonDocument.Parse(report[Math.Max(0, report.IndexOf('{', StringComparison.Ordinal))..]);
            if (document.RootElement.TryGetProperty("error", out JsonElement error)) throw new RunFailedException("iperf3: " + error.GetString(), false);
            JsonElement end = document.RootElement.GetProperty("end");
            JsonElement sum = end.GetProperty(datagram == 0 ? "sum_received" : "sum");
            double seconds = sum.GetProperty("seconds").GetDouble();
            if (datagram == 0) return new Transfer(sum.GetProperty("bytes").GetDouble(), seconds, 0);
            double sent = sum.GetProperty("packets").GetDouble(), lost = sum.GetProperty("lost_packets").GetDouble();
            return new Transfer((sent - lost) * datagram, seconds, lost / Math.Max(1, sent));
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new RunFailedException($"iperf3 said: {report[..Math.Min(report.Length, 200)]}", false);
        }
    }
}
