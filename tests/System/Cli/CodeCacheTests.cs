using System.Globalization;
using System.Text.RegularExpressions;

namespace Doppel.Tests.System.Cli;

/// <summary>A guest whose translated code does not fit into the code cache, by far.</summary>
[Collection(BootCollection.Name)]
public sealed class CodeCacheTests(DefaultGuest guest)
{
    [Theory]
    [InlineData(1, "2M")]
    [InlineData(4, "4M")]
    public async Task Guest_runs_with_a_code_cache_that_is_too_small(int processors, string size)
    {
        guest.Require();
        DoppelResult result = await DoppelProcess.RunAsync(Limits.Boot, [],
            "run", "--cpus", processors.ToString(CultureInfo.InvariantCulture), "--code-cache", size, "--stats", "--", "sh", "-c", "nproc; for i in 1 2 3 4; do (echo $i; head -c 200000 /dev/zero | md5sum) & done; wait");
        Assert.Equal(0, result.Code);
        Assert.StartsWith($"{processors}\n", result.Out, StringComparison.Ordinal);
        Assert.Equal(4, Regex.Count(result.Out, "4a1e4325031b13f933ac4f1db9ecb63f"));
        Match evictions = Regex.Match(result.Error, @"^doppel: translator\.evictions (\d+)$", RegexOptions.Multiline);
        Assert.True(int.Parse(evictions.Groups[1].Value, CultureInfo.InvariantCulture) > 16, result.Error);
    }
}
