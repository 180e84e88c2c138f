using Doppel.RiscV.Hart;
using Doppel.RiscV.Translation;

namespace Doppel.Tests.Unit.RiscV.Translation;

/// <summary>What translations rely on.</summary>
public class CodeModeTests
{
    [Theory]
    [InlineData(PrivilegeMode.User, 3, 0, true, true)]
    [InlineData(PrivilegeMode.Supervisor, 3, 3, true, true)]
    [InlineData(PrivilegeMode.Machine, 3, 4, true, false)]
    [InlineData(PrivilegeMode.Machine, 3, 7, true, false)]
    [InlineData(PrivilegeMode.Supervisor, 2, 1, false, false)]
    [InlineData(PrivilegeMode.User, 0, 0, false, false)]
    public void Mode_tells_privilege_and_what_floating_point_may_be_translated(PrivilegeMode privilege, int fs, int frm, bool dirty, bool hostRounding)
    {
        uint bits = CodeMode.Of(privilege, (ulong)fs << 13, (ulong)frm << 5 | 0x1f);
        var mode = new CodeMode(bits);
        Assert.True(bits < CodeMode.Count);
        Assert.Equal(privilege, mode.Privilege);
        Assert.Equal(dirty, mode.FloatDirty);
        Assert.Equal(hostRounding, mode.HasHostRounding);
        if (hostRounding) Assert.Equal(frm, (int)mode.Rounding);
    }

    [Fact]
    public void Rounding_and_flags_do_not_make_modes_while_floating_point_is_clean() =>
        Assert.Equal(CodeMode.Of(PrivilegeMode.User, 2UL << 13, 0), CodeMode.Of(PrivilegeMode.User, 2UL << 13, 0xff));
}
