using Doppel.Cli.Run;
using Doppel.Core.Errors;

namespace Doppel.Tests.Unit.Cli;

public class GuestMemoryTests
{
    private const ulong Mega = 1UL << 20;

    [Theory]
    [InlineData(4, 512)]
    [InlineData(100, 512)]
    [InlineData(311, 1408)]
    public void Memory_thatNobodyChose_isEnoughForTheFiles(ulong files, ulong memory) => Assert.Equal(memory * Mega, GuestMemory.For(files * Mega, null));

    [Theory]
    [InlineData(4, 96)]
    [InlineData(10, 128)]
    [InlineData(311, 1088)]
    public void Memory_thatIsEnough_isLeftAsItIs(ulong files, ulong memory) => Assert.Equal(memory * Mega, GuestMemory.For(files * Mega, memory * Mega));

    [Fact]
    public void Memory_thatIsTooLittleForTheFiles_isAUsageError_thatSaysHowMuch()
    {
        DoppelException exception = Assert.Throws<DoppelException>(() => GuestMemory.For(311 * Mega, 1024 * Mega));
        Assert.Equal(ErrorKind.Usage, exception.Kind);
        Assert.Contains("311 MiB", exception.Message, StringComparison.Ordinal);
        Assert.Equal("--memory 1088M", exception.Hint);
    }

    [Fact]
    public void Memory_thatIsTooLittleForTheKernel_isAUsageError()
    {
        GuestMemory.CheckForKernel(null);
        GuestMemory.CheckForKernel(96 * Mega);
        Assert.Equal("--memory 96M", Assert.Throws<DoppelException>(() => GuestMemory.CheckForKernel(64 * Mega)).Hint);
    }
}
