using Doppel.Core.Errors;
using Doppel.Machine.Tools;
using Doppel.RiscV.Isa.Assembly;

namespace Doppel.Tests.Unit.Machine.Tools;

public sealed class RegionListingTests : IDisposable
{
    private const ulong Base = 0x8000_0000;
    private const string Program = "li t0, 5; top: add a0, a0, t0; lw a1, 8(a0); addi t0, t0, -1; bnez t0, top; ret; .align 4096; other: fadd.d fa0, fa1, fa2; ret";
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Region_shows_guest_instructions_operations_and_host_code()
    {
        string[] lines = List(new(Ir: true, Host: true, Mode: ListingMode.Machine));
        Assert.Matches(@"^region at 0x80000000, mode M\+frne\+z: 6 instructions, 24 guest bytes, \d+ host bytes$", lines[0]);
        Assert.StartsWith("in registers: ", lines[1], StringComparison.Ordinal);
        Assert.Contains(", a0 rbx,", lines[1], StringComparison.Ordinal);
        string[] order = [.. lines.Where(l => l.StartsWith("0x", StringComparison.Ordinal)).Select(l => l[..10])];
        Assert.Equal(["0x80000000", "0x80000004", "0x80000008", "0x8000000c", "0x80000010", "0x80000014"], order);
        Assert.Contains("        a0 = add a0, t0", lines);
        Assert.Contains(lines, l => l.EndsWith("; attention", StringComparison.Ordinal) && l.Contains("cmp rbp, [rbp", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("; the engine: load32 at 0x80000008", StringComparison.Ordinal));
        Assert.Contains("out of line:", lines);
        Assert.DoesNotContain(lines, l => l.Contains("(bad)", StringComparison.Ordinal));

        // The look for attention of the loop belongs to its first instruction.
        int top = Array.FindIndex(lines, l => l.StartsWith("0x80000004", StringComparison.Ordinal));
        Assert.Equal("        @0:", lines[top + 1]);
        Assert.EndsWith("; attention", lines[top + 4], StringComparison.Ordinal);
    }

    [Fact]
    public void Host_code_is_whole_and_each_byte_is_shown_once()
    {
        string[] lines = List(new(Ir: false, Host: true), Base + 4096);
        int length = int.Parse(lines[0].Split(", ")[^1].Split(' ')[0]);
        (int Offset, int Bytes)[] shown = [.. lines.Where(l => l.StartsWith("    ", StringComparison.Ordinal)).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(w => (Convert.ToInt32(w[0].TrimEnd(':'), 16), w[1].Length / 2))];
        int next = 0;
        foreach ((int offset, int bytes) in shown.Order())
        {
            Assert.Equal(next, offset);
            next += bytes;
        }

        Assert.Equal(length, next);
        Assert.Contains(lines, l => l.Contains("addsd", StringComparison.Ordinal));
    }

    [Fact]
    public void Operations_are_shown_before_the_passes_too()
    {
        Assert.Equal("li t0,5", List(new(Ir: true, Host: false))[2].Split(": ")[1]);
        int after = List(new(Ir: true, Host: false), Base + 4096).Length, before = List(new(Ir: true, Host: false, Passes: false), Base + 4096).Length;
        Assert.True(before >= after, $"{before} lines before the passes, {after} behind them");
    }

    [Theory]
    [InlineData(ListingMode.User, true)]
    [InlineData(ListingMode.Supervisor, false)]
    public void Code_for_the_host_is_that_of_the_engine_for_this_mode(ListingMode mode, bool remembersPages) =>
        Assert.Equal(remembersPages, List(new(Ir: false, Host: true, Mode: mode)).Any(l => l.Contains("; site ", StringComparison.Ordinal)));

    [Theory]
    [InlineData(Base - 4, ErrorKind.NotFound)]
    [InlineData(Base + 0x10000, ErrorKind.NotFound)]
    [InlineData(ulong.MaxValue, ErrorKind.NotFound)]
    [InlineData(Base + 1, ErrorKind.Usage)]
    public void Place_without_code_is_an_error(ulong address, ErrorKind kind) =>
        Assert.Equal(kind, Assert.Throws<DoppelException>(() => List(new(Ir: true, Host: true), address)).Kind);

    [Fact]
    public void Any_bytes_can_be_listed()
    {
        var random = new Random(3);
        for (int round = 0; round < 200; round++)
        {
            byte[] bytes = new byte[random.Next(2, 9000)];
            random.NextBytes(bytes);
            File.WriteAllBytes(_path, bytes);
            ulong at = Base + ((ulong)random.Next(bytes.Length / 2) * 2);
            Assert.NotEmpty(RegionListing.Of(_path, Base, null, at, new(Ir: true, Host: true, Passes: round % 2 == 0, (ListingMode)(round % 3))).ToArray());
        }
    }

    private string[] List(RegionListingOptions options, ulong address = Base)
    {
        File.WriteAllBytes(_path, Assembler.Assemble(Program, Base));
        return [.. RegionListing.Of(_path, Base, null, address, options)];
    }
}
