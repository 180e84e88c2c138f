using System.Text.Json;

namespace Doppel.Bench.Net;

/// <summary>What an iperf3 says has come across.</summary>
/// <param name="Lost">The part of the datagrams that has not; 0 for TCP.</param>
internal sealed record Transfer(double Bytes, double Seconds, double Lost)
{
    public double Megabits => Bytes * 8 / Seconds / 1e6;

    /// <summary>Reads a client's report.</summary>
    /// <param name="report">JSON.</param>
    /// <exception cref="RunFailedException">It says that it has failed, or nothing that makes sense.</exception>
    public static Transfer Read(string report, bool isUdp)
    {
        try
        {
            // What the console of a guest had to say before it.
            using JsonDocument document = JsonDocument.Parse(report[Math.Max(0, report.IndexOf('{', StringComparison.Ordinal))..]);
            if (document.RootElement.TryGetProperty("error", out JsonElement error)) throw new RunFailedException("iperf3: " + error.GetString(), false);
            JsonElement end = document.RootElement.GetProperty("end");
            JsonElement sum = end.GetProperty("sum_received");
            // What the receiver has counted; of datagrams it also says which are missing, but not of those after the last one that it has seen.
            double received = sum.GetProperty("bytes").GetDouble(), sent = end.GetProperty("sum_sent").GetProperty("bytes").GetDouble();
            return new Transfer(received, sum.GetProperty("seconds").GetDouble(), isUdp ? Math.Max(0, 1 - received / Math.Max(1, sent)) : 0);
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new RunFailedException($"iperf3 said: {report[..Math.Min(report.Length, 200)]}", false);
        }
    }
}
