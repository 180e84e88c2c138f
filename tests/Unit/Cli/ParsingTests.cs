using Doppel.Backends.Disk;
using Doppel.Cli.Parsing;
using Doppel.Core.Errors;
using Doppel.Core.Trace;
using Doppel.Machine;

namespace Doppel.Tests.Unit.Cli;

public sealed class ParsingTests
{
    [Theory]
    [InlineData("64M", 64UL << 20)]
    [InlineData("2G", 2UL << 30)]
    [InlineData("512MiB", 512UL << 20)]
    [InlineData("1.5g", 3UL << 29)]
    [InlineData("1024K", 1UL << 20)]
    [InlineData("1073741824", 1UL << 30)]
    [InlineData("1T", 1UL << 40)]
    [InlineData("0", 0UL)]
    public void Memory_size_with_unit_is_bytes(string text, ulong bytes) => Assert.Equal(bytes, MemorySize.Parse("--memory", text));

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("-1M")]
    [InlineData("64Q")]
    [InlineData("6 4M")]
    [InlineData("0x40M")]
    [InlineData("99999999999999999999G")]
    public void Memory_size_without_sense_is_a_usage_error(string text) => AssertUsage("--memory", () => MemorySize.Parse("--memory", text));

    [Fact]
    public void Memory_size_without_unit_suggests_megabytes() =>
        Assert.Equal("--memory 512M", Assert.Throws<DoppelException>(() => MemorySize.Parse("--memory", "512")).Hint);

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(32_925_286, "31.4 MiB")]
    public void Memory_size_formats_for_people(long bytes, string text) => Assert.Equal(text, MemorySize.Format(bytes));

    [Theory]
    [InlineData("0", "1")]
    [InlineData("9", "8")]
    [InlineData("99999999999", "8")]
    [InlineData("-1", "1")]
    [InlineData("x", "1")]
    public void Number_out_of_range_suggests_the_nearest(string text, string suggestion)
    {
        DoppelException error = AssertUsage("--cpus", () => WholeNumber.Parse("--cpus", text, 1, 8));
        Assert.Equal($"--cpus {suggestion}", error.Hint);
    }

    [Theory]
    [InlineData("0x80000000", 0x80000000)]
    [InlineData("0xffffffff_80000000", 0xffffffff_80000000)]
    [InlineData("4096", 4096)]
    public void Address_is_decimal_or_hexadecimal(string text, ulong address) => Assert.Equal(address, WholeNumber.ParseAddress("--address", text));

    [Theory]
    [InlineData("0x")]
    [InlineData("80000000h")]
    [InlineData("0x1_0000_0000_0000_0000")]
    public void Address_without_sense_is_a_usage_error(string text) => AssertUsage("--address", () => WholeNumber.ParseAddress("--address", text));

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("30", 30)]
    [InlineData("30s", 30)]
    [InlineData("1.5m", 90)]
    [InlineData("2h", 7200)]
    public void Duration_with_unit_is_time(string text, double seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), Duration.Parse("--timeout", text));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-5s")]
    [InlineData("5d")]
    [InlineData("999999h")]
    public void Duration_without_sense_is_a_usage_error(string text) => AssertUsage("--timeout", () => Duration.Parse("--timeout", text));

    [Theory]
    [InlineData("d.img", "d.img", false)]
    [InlineData("/a b/d.img,ro", "/a b/d.img", true)]
    [InlineData("a,,b.img,ro", "a,b.img", true)]
    [InlineData("d.img,ro,rw", "d.img", false)]
    [InlineData("d,format=qcow2", "d", false, DiskFormat.Qcow2)]
    [InlineData("d.qcow2,ro,format=raw", "d.qcow2", true, DiskFormat.Raw)]
    [InlineData("d.qcow2,backing=anywhere", "d.qcow2", false, null, true)]
    public void Disk_names_a_file_and_its_settings(string text, string path, bool readOnly, DiskFormat? format = null, bool anywhere = false) =>
        Assert.Equal(new DiskConfig(path, readOnly, format, anywhere), DiskSpec.Parse(text));

    [Fact]
    public void Disk_that_is_not_to_change_is_copied_on_write() => Assert.Equal(new DiskConfig("d.img", CopyOnWrite: true), DiskSpec.Parse("d.img,cow"));

    [Theory]
    [InlineData("")]
    [InlineData(",ro")]
    [InlineData("d.img,")]
    [InlineData("d.img,readonly")]
    [InlineData("d.img,format=vmdk")]
    [InlineData("d.img,backing=somewhere")]
    public void Disk_without_sense_is_a_usage_error(string text) => AssertUsage("--disk", () => DiskSpec.Parse(text));

    [Theory]
    [InlineData("exec", TraceCategory.Exec, null)]
    [InlineData("irq,mmio:out.log", TraceCategory.Irq | TraceCategory.Mmio, "out.log")]
    [InlineData("sbi:C:/x", TraceCategory.Sbi, "C:/x")]
    public void Trace_names_categories_and_a_file(string text, TraceCategory categories, string? file) => Assert.Equal(new TraceSpec(categories, file), TraceSpec.Parse(text));

    [Theory]
    [InlineData("2026-02-03", "2026-02-03T00:00:00Z")]
    [InlineData("2026-02-03T04:05:06", "2026-02-03T04:05:06Z")]
    [InlineData("2026-02-03T04:05:06Z", "2026-02-03T04:05:06Z")]
    [InlineData("2026-02-03T04:05+02:00", "2026-02-03T02:05:00Z")]
    public void Moment_without_a_zone_is_utc(string text, string expected) =>
        Assert.Equal(DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), Moment.Parse("--start-time", text));

    [Theory]
    [InlineData("")]
    [InlineData("1969-12-31T23:59:59Z")]
    [InlineData("2026-13-01")]
    [InlineData("3 o'clock")]
    public void Moment_without_sense_is_a_usage_error(string text) => AssertUsage("--start-time", () => Moment.Parse("--start-time", text));

    [Fact]
    public void Trace_all_is_every_category() => Assert.All(Enum.GetValues<TraceCategory>(), c => Assert.True(TraceSpec.Parse("all").Categories.HasFlag(c)));

    [Theory]
    [InlineData("")]
    [InlineData("exce")]
    [InlineData("exec,")]
    [InlineData("exec:")]
    [InlineData("Exec")]
    public void Trace_without_sense_is_a_usage_error(string text) => AssertUsage("--trace", () => TraceSpec.Parse(text));

    [Fact]
    public void Choice_that_is_none_lists_them_and_suggests_the_nearest()
    {
        DoppelException error = AssertUsage("--engine", () => Choice.Parse<EngineKind>("--engine", "interpeter"));
        Assert.Contains("auto, interpreter, translator, kvm", error.Message, StringComparison.Ordinal);
        Assert.Equal("--engine interpreter", error.Hint);
    }

    [Theory]
    [InlineData("--memry", "--memory")]
    [InlineData("--mem", "--memory")]
    [InlineData("--kernle", "--kernel")]
    [InlineData("--frobnicate", null)]
    [InlineData("", null)]
    public void Suggestion_is_the_nearest_word_if_it_is_near(string word, string? expected) =>
        Assert.Equal(expected, Suggestion.Nearest(word, ["--memory", "--kernel", "--disk"]));

    private static DoppelException AssertUsage(string flag, Action parse)
    {
        DoppelException error = Assert.Throws<DoppelException>(parse);
        Assert.Equal(ErrorKind.Usage, error.Kind);
        Assert.StartsWith(flag, error.Message, StringComparison.Ordinal);
        Assert.False(string.IsNullOrEmpty(error.Hint));
        return error;
    }
}
