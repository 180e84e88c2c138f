using System.Globalization;
using Doppel.Backends.Net.User.Loop;
using Doppel.Backends.Net.User.Policy;
using Doppel.Backends.Net.User.Services;
using Doppel.Backends.Net.User.Wire;

namespace Doppel.Backends.Net.User.Dns;

/// <summary>
/// Answers guests' DNS queries: the names of guests (<c>NAME.doppel</c>, with their DHCP leases), <c>gateway.doppel</c>, and the reverse, by itself; everything else as the
/// host's resolvers do. Used on the loop's thread.
/// </summary>
internal sealed class DnsProxy : IDisposable
{
    private const string ReverseDomain = ".in-addr.arpa";
    private readonly UserNetworkConfig _config;
    private readonly EventLoop _loop;
    private readonly LeaseTable _leases;
    private readonly PolicyJudge _judge;
    private readonly GatewayCounters _counters;
    private readonly DnsForwarder _forwarder;
    private readonly CancellationTokenSource _ending = new();
    private int _underWay;

    public DnsProxy(UserNetworkConfig config, EventLoop loop, LeaseTable leases, PolicyJudge judge, GatewayCounters counters, DnsForwarder forwarder) =>
        (_config, _loop, _leases, _judge, _counters, _forwarder) = (config, loop, leases, judge, counters, forwarder);

    /// <summary>Answers a query, at once or later; what is no query is not answered.</summary>
    /// <param name="stream">Whether it came over TCP.</param>
    /// <param name="answered">Called on the loop's thread, at most once.</param>
    /// <returns>Whether there will be an answer.</returns>
    public bool Ask(ReadOnlySpan<byte> query, bool stream, Action<byte[]> answered)
    {
        if (!DnsMessage.TryReadQuery(query, out DnsQuestion question)) return false;
        _counters.DnsQueries.Increment();
        if (AnswerOwn(query, question) is { } own)
        {
            answered(own);
        }
        else if (!_judge.MayResolve(question.Name) || _underWay >= _config.Limits.DnsQueries)
        {
            answered(DnsMessage.Answer(query, question, DnsCode.Refused));
        }
        else
        {
            _underWay++;
            _ = ForwardAsync(query.ToArray(), question, stream, answered);
        }

        return true;
    }

    public void Dispose()
    {
        _ending.Cancel();
        _ending.Dispose();
    }

    private async Task ForwardAsync(byte[] query, DnsQuestion question, bool stream, Action<byte[]> answered)
    {
        // Off the loop's thread: sockets are made and connected.
        byte[]? answer = await Task.Run(() => _forwarder.AskAsync(query, question, stream, _ending.Token)).ConfigureAwait(false);
        _loop.Post(() =>
        {
            _underWay--;
            if (answer is not null)
            {
                foreach ((Address address, uint seconds) in DnsMessage.ReadAddresses(answer)) _judge.Learn(question.Name, address, seconds);
            }

            answered(answer ?? DnsMessage.Answer(query, question, DnsCode.ServerFailure));
        });
    }

    private byte[]? AnswerOwn(ReadOnlySpan<byte> query, in DnsQuestion question)
    {
        if (question.Class != DnsMessage.ClassInternet) return null;
        if (question.Name == _config.Domain) return DnsMessage.Answer(query, question, DnsCode.Ok);
        if (question.Name.EndsWith("." + _config.Domain, StringComparison.Ordinal)) return AnswerName(query, question, question.Name[..^(_config.Domain.Length + 1)]);
        return question.Name.EndsWith(ReverseDomain, StringComparison.Ordinal) && TryReadReverse(question.Name, out Address address) && _config.IsInside(address)
            ? AnswerReverse(query, question, address)
            : null;
    }

    private byte[] AnswerName(ReadOnlySpan<byte> query, in DnsQuestion question, string label)
    {
        Address? v4 = label is "gateway" or "host" ? _config.GatewayV4 : _leases.Find(label)?.Address;
        Address? v6 = label is "gateway" or "host" ? _config.GatewayV6 : null;
        if (v4 is not { } address) return DnsMessage.Answer(query, question, DnsCode.NoSuchName);
        return question.Type switch
        {
            DnsMessage.TypeA or DnsMessage.TypeAny => DnsMessage.Answer(query, question with { Type = DnsMessage.TypeA }, DnsCode.Ok, Bytes(address)),
            DnsMessage.TypeAaaa when v6 is { } six => DnsMessage.Answer(query, question, DnsCode.Ok, Bytes(six)),
            _ => DnsMessage.Answer(query, question, DnsCode.Ok),
        };
    }

    private byte[] AnswerReverse(ReadOnlySpan<byte> query, in DnsQuestion question, in Address address)
    {
        string? label = _config.IsGateway(address) ? "gateway" : _leases.Find(address)?.HostName;
        if (string.IsNullOrEmpty(label)) return DnsMessage.Answer(query, question, DnsCode.NoSuchName);
        return question.Type == DnsMessage.TypePtr
            ? DnsMessage.Answer(query, question, DnsCode.Ok, DnsMessage.EncodeName(label + "." + _config.Domain))
            : DnsMessage.Answer(query, question, DnsCode.Ok);
    }

    private static byte[] Bytes(in Address address)
    {
        byte[] bytes = new byte[(int)address.Family];
        address.Write(bytes);
        return bytes;
    }

    private static bool TryReadReverse(string name, out Address address)
    {
        address = default;
        string[] labels = name[..^ReverseDomain.Length].Split('.');
        if (labels.Length != 4) return false;
        uint value = 0;
        for (int i = 3; i >= 0; i--)
        {
            if (!byte.TryParse(labels[i], NumberStyles.None, CultureInfo.InvariantCulture, out byte part)) return false;
            value = value << 8 | part;
        }

        address = Address.FromV4(value);
        return true;
    }
}
