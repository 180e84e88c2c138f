using Doppel.Engines.Translator;

namespace Doppel.Tests.Unit.Engines.Translator;

public sealed class CodeUsersTests
{
    [Fact]
    public void Who_is_outside_has_left()
    {
        var users = new CodeUsers(3);
        Assert.True(users.HaveLeft(users.Withdraw()));
    }

    [Fact]
    public void Who_was_inside_has_left_when_it_enters_again()
    {
        var users = new CodeUsers(2);
        Assert.False(users.Enter(0));
        Assert.False(users.Enter(1));
        int withdrawal = users.Withdraw();
        Assert.False(users.HaveLeft(withdrawal));
        users.Leave(0);
        Assert.True(users.Enter(0));
        Assert.False(users.HaveLeft(withdrawal));
        Assert.True(users.HaveLeft(withdrawal, except: 1));
        users.Leave(1);
        Assert.True(users.HaveLeft(withdrawal));
        users.Leave(0);
        Assert.False(users.Enter(0));
        Assert.True(users.Enter(1));
        Assert.True(users.HaveLeft(withdrawal));
    }

    [Fact]
    public void Withdrawals_that_came_while_it_was_outside_are_told_once()
    {
        var users = new CodeUsers(1);
        users.Withdraw();
        int last = users.Withdraw();
        Assert.Equal(last, users.Latest);
        Assert.True(users.Enter(0));
        users.Leave(0);
        Assert.False(users.Enter(0));
        Assert.False(users.HaveLeft(users.Latest + 1));
    }
}
