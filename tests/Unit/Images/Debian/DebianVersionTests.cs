using Doppel.Images.Debian;

namespace Doppel.Tests.Unit.Images.Debian;

public sealed class DebianVersionTests
{
    [Theory]
    [InlineData("1.0", "1.0", 0)]
    [InlineData("1.0-0", "1.0", 0)]
    [InlineData("0:1.0", "1.0", 0)]
    [InlineData("1.00", "1.0", 0)]
    [InlineData("1.2", "1.10", -1)]
    [InlineData("6.12.9-1", "6.12.107-1", -1)]
    [InlineData("1.0~rc1", "1.0", -1)]
    [InlineData("1.0~~", "1.0~", -1)]
    [InlineData("1.0~~a", "1.0~", -1)]
    [InlineData("1.0", "1.0a", -1)]
    [InlineData("1.0a", "1.0+", -1)]
    [InlineData("1:0.1", "9.9", 1)]
    [InlineData("2.41-12+deb13u4", "2.41-12", 1)]
    [InlineData("2.41-12+deb13u4", "2.41-12+deb13u10", -1)]
    [InlineData("1.47.2-3+b12", "1.47.2-3", 1)]
    [InlineData("1-2-3", "1-2-4", -1)]
    [InlineData("1.0-1", "1.0-1.1", -1)]
    public void Compare_follows_policy(string left, string right, int order)
    {
        Assert.Equal(order, Math.Sign(DebianVersion.Compare(left, right)));
        Assert.Equal(-order, Math.Sign(DebianVersion.Compare(right, left)));
    }

    [Theory]
    [InlineData("2", ">=", "1", true)]
    [InlineData("1", ">=", "1", true)]
    [InlineData("1", ">>", "1", false)]
    [InlineData("1", "=", "1", true)]
    [InlineData("2", "=", "1", false)]
    [InlineData("1", "<<", "2", true)]
    [InlineData("1", "<<", "1", false)]
    [InlineData("1", "<=", "1", true)]
    [InlineData("1", "?", "1", false)]
    public void Satisfies_knows_the_relations(string version, string relation, string other, bool expected) =>
        Assert.Equal(expected, DebianVersion.Satisfies(version, relation, other));
}
