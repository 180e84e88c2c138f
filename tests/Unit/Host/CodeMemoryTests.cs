using System.Runtime.InteropServices;
using Doppel.Host.Memory;

namespace Doppel.Tests.Unit.Host;

public sealed class CodeMemoryTests
{
    [Fact]
    public void Written_code_reads_back()
    {
        Assert.SkipUnless(CodeMemory.IsSupported, "This host cannot make code.");
        using var memory = CodeMemory.Allocate(8192);
        memory.Write(100, [1, 2, 3]);
        Assert.Equal([0, 1, 2, 3, 0], memory.Read(99, 5).ToArray());
        Assert.NotEqual(0, memory.Address);
    }

    [Fact]
    public void Patch_changes_four_bytes()
    {
        Assert.SkipUnless(CodeMemory.IsSupported, "This host cannot make code.");
        using var memory = CodeMemory.Allocate(4096);
        memory.Patch(12, 0x04030201);
        Assert.Equal([1, 2, 3, 4], memory.Read(12, 4).ToArray());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4094)]
    [InlineData(int.MaxValue)]
    public void Access_outside_is_refused(int offset)
    {
        Assert.SkipUnless(CodeMemory.IsSupported, "This host cannot make code.");
        using var memory = CodeMemory.Allocate(4096);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Write(offset, [1, 2, 3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Patch(offset, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Read(offset, 3));
    }

    [Fact]
    public void Patch_across_quadwords_is_refused()
    {
        Assert.SkipUnless(CodeMemory.IsSupported, "This host cannot make code.");
        using var memory = CodeMemory.Allocate(4096);
        Assert.Throws<ArgumentException>(() => memory.Patch(6, 0));
    }

    [Fact]
    public void Anonymous_code_is_written_and_executed_at_two_places_that_have_no_name()
    {
        Assert.SkipUnless(CodeMemory.IsSupported, "This host cannot make code.");
        using var memory = CodeMemory.Allocate(8192, anonymous: true);
        memory.Write(4096, [0xb8, 42, 0, 0, 0, 0xc3]); // mov eax, 42; ret
        Assert.Equal(42, Marshal.GetDelegateForFunctionPointer<Function>(memory.Address + 4096)());
        string line = File.ReadLines("/proc/self/maps").Single(l => l.StartsWith($"{memory.Address:x}-", StringComparison.Ordinal));
        Assert.Contains("r-xs", line, StringComparison.Ordinal);
        Assert.DoesNotContain("memfd", line, StringComparison.Ordinal);
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int Function();
}
