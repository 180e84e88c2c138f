using Doppel.Engines.Translator;
using Doppel.Tests.Unit.Backends.Net;

namespace Doppel.Tests.Unit.Engines.Translator;

public sealed class ColdAllowanceTests
{
    private readonly SteppedTime _time = new();

    [Fact]
    public void Allowance_lasts_two_seconds()
    {
        var allowance = new ColdAllowance(1000, _time);
        allowance.Spend(1999);
        Assert.True(allowance.IsLeft);
        allowance.Spend(1);
        Assert.False(allowance.IsLeft);
    }

    [Fact]
    public void Allowance_usedUp_isThereAgain_whenHalfOfItHasComeTogether()
    {
        var allowance = new ColdAllowance(1000, _time);
        allowance.Spend(5000);
        _time.Step(TimeSpan.FromSeconds(0.9));
        Assert.False(allowance.IsLeft);
        _time.Step(TimeSpan.FromSeconds(0.2));
        Assert.True(allowance.IsLeft);
        allowance.Spend(1099);
        Assert.True(allowance.IsLeft);
        allowance.Spend(1);
        Assert.False(allowance.IsLeft);

        // However long it takes.
        _time.Step(TimeSpan.FromHours(1));
        Assert.True(allowance.IsLeft);
        allowance.Spend(2000);
        Assert.False(allowance.IsLeft);
    }

    [Fact]
    public void Allowance_ofNone_isNeverThere()
    {
        var allowance = new ColdAllowance(0, _time);
        Assert.False(allowance.IsLeft);
        _time.Step(TimeSpan.FromHours(1));
        Assert.False(allowance.IsLeft);
    }
}
