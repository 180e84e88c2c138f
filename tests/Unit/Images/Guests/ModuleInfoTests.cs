using Doppel.Images.Guests;
using Doppel.Tests.Unit.Images.Doubles;

namespace Doppel.Tests.Unit.Images.Guests;

public sealed class ModuleInfoTests
{
    [Fact]
    public void Parse_gives_dependencies_and_aliases()
    {
        ModuleInfo info = ModuleInfo.Parse(MadePackage.Module("license=GPL", "depends=jbd2,crc-itu-t", "alias=fs-ext4", "alias=fs-ext3", "softdep=pre: crc32c"));
        Assert.Equal(["jbd2", "crc_itu_t"], info.Depends);
        Assert.Equal(["fs-ext4", "fs-ext3"], info.Aliases);
    }

    [Fact]
    public void Parse_of_damage_is_refused_wherever_it_is_cut()
    {
        byte[] module = MadePackage.Module("depends=a");
        for (int length = 0; length < module.Length - 64; length++) Assert.Throws<InvalidDataException>(() => ModuleInfo.Parse(module.AsSpan(0, length)));
        module[4] = 1;
        Assert.Throws<InvalidDataException>(() => ModuleInfo.Parse(module));
    }
}
