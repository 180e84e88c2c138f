// Verifies the signature of an InRelease file by the host's gpgv and Debian's keyring, when both are there.
using System.Diagnostics;
using Doppel.Core.Errors;

namespace Doppel.Images.Debian;

/// <summary>What was found out about a signature, and the text that it covers.</summary>
internal sealed record SignatureResult(string Text, bool Verified, string? WhyNot);

/// <summary>Why this is left to gpgv, and what holds without it: docs/decisions, "How is what we download verified?".</summary>
internal sealed class ReleaseSignature(string? gpgv, string? keyring)
{
    private static readonly string[] Keyrings = ["/usr/share/keyrings/debian-archive-keyring.pgp", "/usr/share/keyrings/debian-archive-keyring.gpg"];

    /// <summary>Looks for gpgv on the PATH, and for the keyring of the package debian-archive-keyring.</summary>
    internal static ReleaseSignature FromHost()
    {
        string? gpgv = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Where(directory => directory.Length > 0).Select(directory => Path.Combine(directory, "gpgv")).FirstOrDefault(File.Exists);
        return new ReleaseSignature(gpgv, Keyrings.FirstOrDefault(File.Exists));
    }

    /// <param name="inRelease">The file as it came.</param>
    /// <param name="temporary">A name for a temporary file, which is deleted.</param>
    internal async Task<SignatureResult> VerifyAsync(byte[] inRelease, string temporary, CancellationToken cancel)
    {
        if (gpgv is null) return new SignatureResult(Text(inRelease), false, "gpgv is not installed");
        if (keyring is null) return new SignatureResult(Text(inRelease), false, "the package debian-archive-keyring is not installed");
        string signed = temporary + ".signed", plain = temporary + ".plain";
        try
        {
            await File.WriteAllBytesAsync(signed, inRelease, cancel).ConfigureAwait(false);
            ProcessStartInfo start = new(gpgv, ["--status-fd", "1", "--keyring", keyring, "--output", plain, signed]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using Process process = Process.Start(start) ?? throw new DoppelException(ErrorKind.Failed, $"'{gpgv}' cannot be started");
            Task<string> errors = process.StandardError.ReadToEndAsync(cancel);
            string status = await process.StandardOutput.ReadToEndAsync(cancel).ConfigureAwait(false);
            await errors.ConfigureAwait(false);
            await process.WaitForExitAsync(cancel).ConfigureAwait(false);
            if (!IsGood(status) || !File.Exists(plain))
                throw new DoppelException(ErrorKind.Corrupt, $"the signature of the mirror's InRelease file is not good: {Reason(status)}", "update the package debian-archive-keyring; if it is current, do not trust this mirror");
            // What gpgv wrote is what was signed; the file itself may hold more than that.
            return new SignatureResult(await File.ReadAllTextAsync(plain, cancel).ConfigureAwait(false), true, null);
        }
        finally
        {
            File.Delete(signed);
            File.Delete(plain);
        }
    }

    // Several keys sign; an older keyring may lack some of them. One good signature is enough, one bad is too many: apt's rule too.
    internal static bool IsGood(string status)
    {
        HashSet<string> words = [.. Keywords(status)];
        return words.Contains("GOODSIG") && words.Contains("VALIDSIG") && !words.Contains("BADSIG");
    }

    internal static string Reason(string status)
    {
        HashSet<string> words = [.. Keywords(status)];
        return words.Contains("BADSIG") ? "it does not fit the content"
            : words.Contains("EXPKEYSIG") || words.Contains("REVKEYSIG") ? "its key has expired or was revoked"
            : words.Contains("NO_PUBKEY") ? "none of its keys is in Debian's keyring on this machine"
            : "gpgv found none";
    }

    private static IEnumerable<string> Keywords(string status) =>
        status.Split('\n').Where(line => line.StartsWith("[GNUPG:] ", StringComparison.Ordinal)).Select(line => line.Split(' ')[1].Trim());

    private static string Text(byte[] bytes) => System.Text.Encoding.UTF8.GetString(bytes);
}
