using Doppel.Core.Errors;
using Doppel.Images.Guests;
using Doppel.Tests.Unit.Images.Doubles;

namespace Doppel.Tests.Unit.Images.Guests;

public sealed class GuestCommandTests
{
    [Fact]
    public void Archive_holds_the_arguments_as_they_are()
    {
        CpioEntry argv = CpioReader.ReadMerged(GuestCommand.ToArchive(["sh", "", "a b\n'c'", "ü"]))["doppel/argv"];
        Assert.Equal("sh\0\0a b\n'c'\0ü\0", argv.Text);
    }

    [Fact]
    public void Command_that_cannot_be_passed_is_a_usage_error()
    {
        Assert.Equal(ErrorKind.Usage, Assert.Throws<DoppelException>(() => GuestCommand.ToArchive([])).Kind);
        Assert.Equal(ErrorKind.Usage, Assert.Throws<DoppelException>(() => GuestCommand.ToArchive([""])).Kind);
        Assert.Equal(ErrorKind.Usage, Assert.Throws<DoppelException>(() => GuestCommand.ToArchive(["a", "b\0c"])).Kind);
    }
}
