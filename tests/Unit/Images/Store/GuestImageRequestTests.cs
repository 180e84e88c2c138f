using Doppel.Core.Errors;
using Doppel.Images.Store;

namespace Doppel.Tests.Unit.Images.Store;

public sealed class GuestImageRequestTests
{
    [Fact]
    public void Parse_and_full_name_are_each_others_inverse()
    {
        GuestImageRequest request = GuestImageRequest.Parse("debian-busybox:e2fsprogs,libstdc++6,e2fsprogs");
        Assert.Equal(["e2fsprogs", "libstdc++6"], request.Packages);
        Assert.Equal("debian-busybox:e2fsprogs,libstdc++6", request.FullName);
        Assert.Equal(request, GuestImageRequest.Parse(request.FullName));
        Assert.Equal(new GuestImageRequest(), GuestImageRequest.Parse("debian-busybox"));
    }

    [Fact]
    public void Image_that_is_not_known_is_not_found() =>
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<DoppelException>(() => GuestImageRequest.Parse("ubuntu")).Kind);

    [Theory]
    [InlineData("../x")]
    [InlineData("A")]
    [InlineData("a b")]
    [InlineData("ü1")]
    public void Package_with_an_impossible_name_is_a_usage_error(string package) =>
        Assert.Equal(ErrorKind.Usage, Assert.Throws<DoppelException>(() => new GuestImageRequest(packages: package)).Kind);
}
