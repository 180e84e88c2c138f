using Doppel.Core.Snapshot;

namespace Doppel.Tests.Unit.Core.Snapshot;

public sealed class SnapshotReaderTests
{
    [Fact]
    public void Every_kind_of_field_reads_back()
    {
        SnapshotReader reader = Read(w =>
        {
            w.Write("u", ulong.MaxValue);
            w.Write("i", long.MinValue);
            w.Write("yes", true);
            w.Write("text", "grüße");
            w.Write("many", [1UL, 2, 3]);
            w.Write("bytes", new byte[] { 9, 8 });
            w.WriteGroup("group", g => g.Write("inner", 5UL));
        });
        Assert.Equal(ulong.MaxValue, reader.GetUInt64("u"));
        Assert.Equal(long.MinValue, reader.GetInt64("i"));
        Assert.True(reader.GetBoolean("yes"));
        Assert.Equal("grüße", reader.GetString("text", ""));
        ulong[] many = new ulong[3];
        reader.GetUInt64s("many", many);
        Assert.Equal([1UL, 2, 3], many);
        Assert.Equal([9, 8], reader.GetBytes("bytes", 2).ToArray());
        Assert.Equal(5UL, reader.GetGroup("group").GetUInt64("inner"));
        Assert.True(reader.Has("u"));
    }

    [Fact]
    public void Missing_fields_give_what_was_asked_for()
    {
        var reader = new SnapshotReader(default);
        Assert.Equal(7UL, reader.GetUInt64("x", 7));
        Assert.Equal(-7, reader.GetInt64("x", -7));
        Assert.True(reader.GetBoolean("x", true));
        Assert.Equal("d", reader.GetString("x", "d"));
        Assert.True(reader.GetBytes("x", 0).IsEmpty);
        ulong[] kept = [1, 2];
        reader.GetUInt64s("x", kept);
        Assert.Equal([1UL, 2], kept);
        Assert.False(reader.GetGroup("x").Has("y"));
    }

    [Fact]
    public void Values_of_another_size_or_range_are_refused()
    {
        SnapshotReader reader = Read(w =>
        {
            w.Write("short", new byte[7]);
            w.Write("two", 2UL);
            w.Write("bad text", new byte[] { 0xff, 0xfe });
        });
        Assert.Throws<SnapshotException>(() => reader.GetUInt64("short"));
        Assert.Throws<SnapshotException>(() => reader.GetUInt64("two", 0, 1));
        Assert.Equal(2UL, reader.GetUInt64("two", 0, 2));
        Assert.Throws<SnapshotException>(() => reader.GetBoolean("two"));
        Assert.Throws<SnapshotException>(() => reader.GetString("bad text", ""));
        Assert.Throws<SnapshotException>(() => reader.GetBytes("short", 6));
        Assert.Throws<SnapshotException>(() => reader.GetUInt64s("short", new ulong[1]));
        Assert.Throws<SnapshotException>(() => reader.GetGroup("bad text"));
    }

    [Theory]
    [InlineData("00")]
    [InlineData("01")]
    [InlineData("0161")]
    [InlineData("0161000000")]
    [InlineData("016101000000")]
    [InlineData("0161ffffffff")]
    [InlineData("0161ffffff7f")]
    [InlineData("ff61")]
    [InlineData("01ff00000000")]
    [InlineData("011b00000000")]
    [InlineData("016100000000016100000000")]
    [InlineData("01610000000000")]
    public void Malformed_input_is_refused(string hex) =>
        Assert.Throws<SnapshotException>(() => new SnapshotReader(Convert.FromHexString(hex)));

    [Fact]
    public void Random_input_is_refused_or_read_and_never_crashes()
    {
        var random = new Random(5);
        int read = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] input = new byte[random.Next(60)];
            random.NextBytes(input);
            // Small numbers make plausible lengths.
            for (int j = 0; j < input.Length; j++) input[j] = random.Next(3) == 0 ? (byte)random.Next(4) : random.Next(2) == 0 ? (byte)random.Next(97, 123) : input[j];
            try
            {
                var reader = new SnapshotReader(input);
                read++;
                reader.GetUInt64("a");
            }
            catch (SnapshotException)
            {
            }
        }

        Assert.True(read > 0);
    }

    [Fact]
    public void Tags_have_1_to_255_bytes()
    {
        var writer = new SnapshotWriter();
        Assert.Throws<ArgumentException>(() => writer.Write("", 1UL));
        Assert.Throws<ArgumentException>(() => writer.Write(new string('x', 256), 1UL));
        writer.Write(new string('x', 255), 1UL);
        Assert.Equal(1UL, new SnapshotReader(writer.Written.ToArray()).GetUInt64(new string('x', 255)));
    }

    private static SnapshotReader Read(Action<SnapshotWriter> write)
    {
        var writer = new SnapshotWriter();
        write(writer);
        return new SnapshotReader(writer.Written.ToArray());
    }
}
