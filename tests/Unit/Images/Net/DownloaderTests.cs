using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Doppel.Core.Errors;
using Doppel.Images.Net;

namespace Doppel.Tests.Unit.Images.Net;

public sealed class DownloaderTests
{
    private static readonly Uri Address = new("http://mirror.invalid/file");
    private static readonly byte[] Content = [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i * 7))];
    private static readonly string Hash = Convert.ToHexStringLower(SHA256.HashData(Content));

    [Fact]
    public async Task Download_is_resumed_where_it_was_cut()
    {
        Server server = new(
            _ => Cut(Answer(HttpStatusCode.OK, Content[..60_000], Content.Length)),
            request =>
            {
                Assert.Equal("bytes=60000-", request.Headers.Range!.ToString());
                HttpResponseMessage rest = Answer(HttpStatusCode.PartialContent, Content[60_000..], 40_000);
                rest.Content.Headers.ContentRange = new ContentRangeHeaderValue(60_000, 99_999, 100_000);
                return rest;
            });
        Assert.Equal(Content, await Download(server));
    }

    [Fact]
    public async Task Download_starts_anew_when_the_server_does_not_resume()
    {
        Server server = new(
            _ => Cut(Answer(HttpStatusCode.OK, Content[..60_000], Content.Length)),
            _ => Answer(HttpStatusCode.OK, Content, Content.Length));
        Assert.Equal(Content, await Download(server));
    }

    [Fact]
    public async Task Download_is_tried_again_after_what_may_pass()
    {
        Server server = new(
            _ => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable),
            _ => throw new HttpRequestException("connection refused"),
            _ => Answer(HttpStatusCode.OK, Content, Content.Length));
        Assert.Equal(Content, await Download(server));
    }

    [Fact]
    public async Task Download_gives_up_after_some_attempts_and_says_why()
    {
        Server server = new(_ => throw new HttpRequestException("x", new IOException("Name or service not known")));
        DoppelException error = await Assert.ThrowsAsync<DoppelException>(() => Download(server));
        Assert.Equal(ErrorKind.Unreachable, error.Kind);
        Assert.Contains("Name or service not known", error.Message);
        Assert.Equal(4, server.Requests);
    }

    [Fact]
    public async Task Server_that_falls_silent_is_given_up()
    {
        Server server = new(_ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new Silence()) });
        DoppelException error = await Assert.ThrowsAsync<DoppelException>(() => Download(server, new DownloadPatience { Attempts = 2, FirstDelay = TimeSpan.Zero, Silence = TimeSpan.FromMilliseconds(50) }));
        Assert.Equal(ErrorKind.Unreachable, error.Kind);
        Assert.Contains("no answer within", error.Message);
    }

    [Theory]
    [InlineData(HttpStatusCode.NotFound, ErrorKind.NotFound)]
    [InlineData(HttpStatusCode.Forbidden, ErrorKind.Unreachable)]
    public async Task Refusal_is_final(HttpStatusCode status, ErrorKind kind)
    {
        Server server = new(_ => new HttpResponseMessage(status));
        Assert.Equal(kind, (await Assert.ThrowsAsync<DoppelException>(() => Download(server))).Kind);
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task Content_with_another_hash_is_corrupt()
    {
        byte[] other = [.. Content];
        other[5] ^= 1;
        Server server = new(_ => Answer(HttpStatusCode.OK, other, other.Length));
        DoppelException error = await Assert.ThrowsAsync<DoppelException>(() => Download(server));
        Assert.Equal(ErrorKind.Corrupt, error.Kind);
        Assert.Contains(Hash, error.Message);
    }

    [Theory]
    [InlineData(99_999, true)]
    [InlineData(100_001, true)]
    [InlineData(100_001, false)]
    public async Task Content_of_another_size_is_corrupt(int size, bool announced)
    {
        Server server = new(_ => Answer(HttpStatusCode.OK, ((byte[])[.. Content, 1])[..size], announced ? size : null));
        Assert.Equal(ErrorKind.Corrupt, (await Assert.ThrowsAsync<DoppelException>(() => Download(server))).Kind);
    }

    [Fact]
    public async Task Small_file_larger_than_its_limit_is_refused()
    {
        using HttpClient http = new(new Server(_ => Answer(HttpStatusCode.OK, Content, null)));
        DoppelException error = await Assert.ThrowsAsync<DoppelException>(() => new Downloader(http, Quick).GetAsync(Address, 1000, default));
        Assert.Equal(ErrorKind.Corrupt, error.Kind);
    }

    [Fact]
    public async Task Cancelling_is_not_an_error_of_the_network()
    {
        using CancellationTokenSource cancel = new();
        using HttpClient http = new(new Server(_ =>
        {
            cancel.Cancel();
            throw new HttpRequestException("cut");
        }));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new Downloader(http, new DownloadPatience()).GetAsync(Address, 1000, cancel.Token));
    }

    private static DownloadPatience Quick => new() { FirstDelay = TimeSpan.FromMilliseconds(1) };

    private static async Task<byte[]> Download(Server server, DownloadPatience? patience = null)
    {
        using HttpClient http = new(server);
        using MemoryStream target = new();
        long seen = 0;
        await new Downloader(http, patience ?? Quick).DownloadAsync(Address, target, "target", Content.Length, Hash, done => seen = done, default);
        Assert.Equal(Content.Length, seen);
        return target.ToArray();
    }

    private static HttpResponseMessage Answer(HttpStatusCode status, byte[] content, long? length)
    {
        HttpResponseMessage response = new(status) { Content = new StreamContent(new MemoryStream(content)) };
        response.Content.Headers.ContentLength = length;
        if (length is null) response.Content = new StreamContent(new Unseekable(content));
        return response;
    }

    // The handler of a real connection throws when the announced length does not come.
    private static HttpResponseMessage Cut(HttpResponseMessage response)
    {
        long? length = response.Content.Headers.ContentLength;
        response.Content = new StreamContent(new CutStream(response.Content.ReadAsStream()));
        response.Content.Headers.ContentLength = length;
        return response;
    }

    private sealed class Server(params Func<HttpRequestMessage, HttpResponseMessage>[] answers) : HttpMessageHandler
    {
        internal int Requests { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(answers[Math.Min(Requests++, answers.Length - 1)](request));
    }

    private class Unseekable(byte[] content) : MemoryStream(content)
    {
        public override bool CanSeek => false;
    }

    private sealed class CutStream(Stream inner) : MemoryStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int count = await inner.ReadAsync(buffer, cancellationToken);
            return count > 0 ? count : throw new IOException("The response ended prematurely.");
        }
    }

    private sealed class Silence() : Unseekable([])
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        }
    }
}
