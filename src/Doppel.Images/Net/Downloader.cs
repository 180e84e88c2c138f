using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Doppel.Core.Errors;

namespace Doppel.Images.Net;

/// <summary>How patient a download is. Tests shorten it.</summary>
internal sealed record DownloadPatience
{
    internal int Attempts { get; init; } = 4;

    /// <summary>Before the second attempt; doubled for each further one.</summary>
    internal TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>The longest time without a single byte.</summary>
    internal TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>
/// Fetches files over HTTP. What can pass by itself (no connection, a cut one, a server's 5xx) is tried again, from where it stopped;
/// what cannot (404, wrong content) fails at once.
/// </summary>
internal sealed class Downloader(HttpClient http, DownloadPatience patience)
{
    private const int BufferSize = 1 << 17;

    /// <summary>A small file that nothing vouches for yet, of at most <paramref name="limit"/> bytes.</summary>
    internal async Task<byte[]> GetAsync(Uri uri, int limit, CancellationToken cancel)
    {
        using MemoryStream target = new();
        await FetchAsync(uri, target, size: null, limit, _ => { }, (_, _) => { }, () => target.SetLength(0), cancel).ConfigureAwait(false);
        return target.ToArray();
    }

    /// <summary>Downloads into <paramref name="target"/>, from its start, and verifies size and SHA-256.</summary>
    internal async Task DownloadAsync(Uri uri, Stream target, string targetPath, long size, string sha256, Action<long> progress, CancellationToken cancel)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await FetchAsync(uri, new Checked(target, targetPath), size, size, progress,
            (buffer, count) => hash.AppendData(buffer, 0, count),
            () =>
            {
                target.SetLength(0);
                hash.GetHashAndReset();
            },
            cancel).ConfigureAwait(false);
        string actual = Convert.ToHexStringLower(hash.GetHashAndReset());
        if (actual != sha256)
            throw new DoppelException(ErrorKind.Corrupt, $"{uri} has the wrong checksum: SHA-256 is {actual}, the index says {sha256}", "try again; if it stays so, the mirror's or a proxy's copy is bad");
    }

    private async Task FetchAsync(Uri uri, Stream target, long? size, long limit, Action<long> progress, Action<byte[], int> taken, Action restart, CancellationToken cancel)
    {
        long done = 0;
        EntityTagHeaderValue? tag = null;
        byte[] buffer = new byte[BufferSize];
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                using CancellationTokenSource silence = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                silence.CancelAfter(patience.Silence);
                using HttpRequestMessage request = new(HttpMethod.Get, uri);
                if (done > 0)
                {
                    request.Headers.Range = new RangeHeaderValue(done, null);
                    if (tag is { IsWeak: false }) request.Headers.IfRange = new RangeConditionHeaderValue(tag);
                }
                using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, silence.Token).ConfigureAwait(false);
                ThrowUnlessUsable(uri, response);
                bool resumed = response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From == done;
                if (!resumed && done > 0)
                {
                    restart();
                    done = 0;
                    if (response.StatusCode == HttpStatusCode.PartialContent) throw new IOException("the server sent another part than was asked for");
                }
                tag = response.Headers.ETag;
                if (size is { } expected && response.Content.Headers.ContentLength is { } length && done + length != expected)
                    throw WrongSize(uri, done + length, expected);

                using Stream body = await response.Content.ReadAsStreamAsync(silence.Token).ConfigureAwait(false);
                while (true)
                {
                    silence.CancelAfter(patience.Silence);
                    int count = await body.ReadAsync(buffer, silence.Token).ConfigureAwait(false);
                    if (count == 0) break;
                    if (done + count > limit) throw size is { } wanted ? WrongSize(uri, done + count, wanted) : TooLarge(uri, limit);
                    target.Write(buffer, 0, count);
                    taken(buffer, count);
                    done += count;
                    progress(done);
                }
                if (size is null || done == size) return;
                throw new IOException($"the connection ended after {done} of {size} bytes");
            }
            catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException && !cancel.IsCancellationRequested)
            {
                if (attempt >= patience.Attempts)
                {
                    string why = error switch
                    {
                        OperationCanceledException => $"no answer within {patience.Silence.TotalSeconds:0} seconds",
                        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => $"the name {uri.Host} cannot be resolved",
                        _ => Innermost(error),
                    };
                    throw new DoppelException(ErrorKind.Unreachable, $"{uri} cannot be fetched: {why}", "check the network and the proxy settings (http_proxy), then try again", error);
                }
                await Task.Delay(patience.FirstDelay * (1 << (attempt - 1)), cancel).ConfigureAwait(false);
            }
        }
    }

    private static void ThrowUnlessUsable(Uri uri, HttpResponseMessage response)
    {
        if (response.IsSuccessStatusCode) return;
        int code = (int)response.StatusCode;
        if (code >= 500 || response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests)
            throw new HttpRequestException($"the server answered {code} {response.ReasonPhrase}");
        ErrorKind kind = response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone ? ErrorKind.NotFound : ErrorKind.Unreachable;
        throw new DoppelException(kind, $"{uri} cannot be fetched: the server answered {code} {response.ReasonPhrase}", "the mirror may be incomplete or in the middle of an update: try again later, or another mirror");
    }

    private static DoppelException WrongSize(Uri uri, long actual, long expected) =>
        new(ErrorKind.Corrupt, $"{uri} has the wrong size: {actual} bytes or more, the index says {expected}", "try again; if it stays so, the mirror's or a proxy's copy is bad");

    private static DoppelException TooLarge(Uri uri, long limit) => new(ErrorKind.Corrupt, $"{uri} is larger than {limit} bytes, which it cannot be");

    private static string Innermost(Exception error)
    {
        while (error.InnerException is { } inner) error = inner;
        return error.Message;
    }

    /// <summary>Tells a failure of the disk from one of the network: both are IOExceptions.</summary>
    private sealed class Checked(Stream inner, string path) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => inner.Position = value; }

        public override void Write(byte[] buffer, int offset, int count)
        {
            try
            {
                inner.Write(buffer, offset, count);
            }
            catch (Exception error) when (DiskFault.Is(error))
            {
                throw DiskFault.Explain(error, path);
            }
        }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => inner.SetLength(value);
    }
}
