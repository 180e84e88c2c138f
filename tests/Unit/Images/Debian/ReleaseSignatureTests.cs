using Doppel.Images.Debian;

namespace Doppel.Tests.Unit.Images.Debian;

public sealed class ReleaseSignatureTests
{
    private const string Good = "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 6ED0E7B82643E131 Debian\n[GNUPG:] VALIDSIG 4CB5 2026-09-12\n";

    [Theory]
    [InlineData(Good, true)]
    [InlineData("[GNUPG:] ERRSIG 78DB 1 8 01 1 9\n[GNUPG:] NO_PUBKEY 78DB\n" + Good, true)]
    [InlineData(Good + "[GNUPG:] BADSIG 78DB Debian\n", false)]
    [InlineData("[GNUPG:] NO_PUBKEY 78DB\n", false)]
    [InlineData("[GNUPG:] EXPKEYSIG 78DB Debian\n[GNUPG:] VALIDSIG 4CB5 2026-09-12\n", false)]
    [InlineData("GOODSIG VALIDSIG\n", false)]
    [InlineData("", false)]
    public void Status_of_gpgv_is_good_when_one_key_vouches_and_none_is_broken(string status, bool good) => Assert.Equal(good, ReleaseSignature.IsGood(status));

    [Theory]
    [InlineData(Good + "[GNUPG:] BADSIG 78DB Debian\n", "does not fit")]
    [InlineData("[GNUPG:] NO_PUBKEY 78DB\n", "none of its keys")]
    [InlineData("[GNUPG:] EXPKEYSIG 78DB Debian\n", "expired")]
    [InlineData("", "found none")]
    public void Reason_says_what_is_wrong(string status, string expected) => Assert.Contains(expected, ReleaseSignature.Reason(status));

    [Fact]
    public async Task Verify_without_gpgv_says_so_and_gives_the_text()
    {
        SignatureResult result = await new ReleaseSignature(null, "/keys").VerifyAsync("text"u8.ToArray(), "/nonexistent/x", default);
        Assert.Equal(new SignatureResult("text", false, "gpgv is not installed"), result);
    }

    [Fact]
    public async Task Verify_without_keyring_says_so()
    {
        SignatureResult result = await new ReleaseSignature("/usr/bin/gpgv", null).VerifyAsync("text"u8.ToArray(), "/nonexistent/x", default);
        Assert.Contains("debian-archive-keyring", result.WhyNot);
    }
}
