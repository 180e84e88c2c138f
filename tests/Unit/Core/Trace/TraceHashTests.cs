using Doppel.Core.Trace;

namespace Doppel.Tests.Unit.Core.Trace;

public sealed class TraceHashTests
{
    [Fact]
    public void Hash_is_the_one_that_is_documented()
    {
        var hash = new TraceHash();
        hash.Add([1], []);
        ulong one = ulong.RotateLeft(unchecked((0x6a09_e667_f3bc_c908 ^ 1) * 0x9e37_79b9_7f4a_7c15), 29);
        Assert.Equal(one, hash.Value);
        hash.Add([], [2]);
        Assert.Equal(ulong.RotateLeft((one ^ 2) * 0x9e37_79b9_7f4a_7c15, 29), hash.Value);
        Assert.Equal(2, hash.Events);
    }

    [Fact]
    public void Order_and_every_word_count()
    {
        ulong[][] ways = [[1, 2, 3], [2, 1, 3], [1, 2, 4], [1, 2], [1, 2, 3, 0], [0, 1, 2, 3]];
        Assert.Equal(ways.Length, ways.Select(Of).Distinct().Count());
        Assert.Equal(Of([1, 2, 3]), Of([1, 2, 3]));
    }

    [Fact]
    public void Every_so_many_events_there_is_a_line()
    {
        var lines = new Lines();
        var hash = new TraceHash(lines, 2);
        for (ulong i = 0; i < 5; i++) hash.Add([i], [i]);
        Assert.Equal(2, lines.Texts.Count);
        Assert.EndsWith(" after 2 traps", lines.Texts[0], StringComparison.Ordinal);
        hash.Write();
        Assert.Equal(hash.ToString(), lines.Texts[2]);
    }

    private static ulong Of(ulong[] words)
    {
        var hash = new TraceHash();
        hash.Add(words.AsSpan(0, 1), words.AsSpan(1));
        return hash.Value;
    }

    private sealed class Lines : ITrace
    {
        public List<string> Texts { get; } = [];

        public bool Enabled(TraceCategory category) => category == TraceCategory.Hash;

        public void Write(TraceCategory category, string text) => Texts.Add(text);

        public void Warn(string text)
        {
        }
    }
}
