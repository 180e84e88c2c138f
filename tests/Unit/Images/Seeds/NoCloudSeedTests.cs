using System.Text;
using Doppel.Core.Errors;
using Doppel.Images.Seeds;

namespace Doppel.Tests.Unit.Images.Seeds;

public sealed class NoCloudSeedTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("doppel-seed-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Seed_isADisk_withItsLabelAndBothFiles()
    {
        string path = Path.Combine(_folder, "seed.iso");
        NoCloudSeed seed = NoCloudSeed.FromFile(File("#cloud-config\nruncmd:\n  - touch /x\n"), "box", "ssh-x AAAA me");
        seed.Write(path);
        string disk = Encoding.Latin1.GetString(System.IO.File.ReadAllBytes(path));
        // ECMA-119, 8.4: the primary descriptor's volume identifier, in sector 16.
        Assert.Equal("cidata", disk.Substring(16 * 2048 + 40, 32).TrimEnd());
        Assert.Contains($"instance-id: {seed.InstanceId}\nlocal-hostname: box\npublic-keys:\n  - \"ssh-x AAAA me\"\n", disk, StringComparison.Ordinal);
        Assert.Contains("#cloud-config\nruncmd:\n  - touch /x\n", disk, StringComparison.Ordinal);
        foreach (string name in (string[])["meta-data", "user-data"]) Assert.Contains(Encoding.Latin1.GetString(Encoding.BigEndianUnicode.GetBytes(name)), disk, StringComparison.Ordinal);
        Assert.NotEqual(seed.InstanceId, NoCloudSeed.FromFile(File("#!/bin/sh\n"), "box").InstanceId);
    }

    [Theory]
    [InlineData("box", "box")]
    [InlineData("my_box.1", "my-box.1")]
    [InlineData("___", "doppel")]
    [InlineData("x: y\nz", "x--y-z")]
    public void HostName_isOne(string machine, string name) =>
        Assert.Contains($"local-hostname: {name}\n", Encoding.UTF8.GetString(NoCloudSeed.FromFile(File("#!/bin/sh\n"), machine).MetaData()), StringComparison.Ordinal);

    [Theory]
    [InlineData("#cloud-config\n")]
    [InlineData("#!/bin/sh\n")]
    [InlineData("#include\n")]
    [InlineData("Content-Type: multipart/mixed\n")]
    [InlineData("\x1f\x8b\x08")]
    public void UserData_ofTheKnownKinds_isTaken(string text) => Assert.NotNull(NoCloudSeed.FromFile(File(text), "box"));

    [Theory]
    [InlineData("")]
    [InlineData("runcmd:\n")]
    [InlineData("\n#cloud-config\n")]
    public void UserData_ofNoKind_isAUsageError(string text)
    {
        DoppelException refused = Assert.Throws<DoppelException>(() => NoCloudSeed.FromFile(File(text), "box"));
        Assert.Equal(ErrorKind.Usage, refused.Kind);
        Assert.NotNull(refused.Hint);
    }

    [Fact]
    public void UserData_thatIsNotThere_orTooLarge_isRefused()
    {
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<DoppelException>(() => NoCloudSeed.FromFile(Path.Combine(_folder, "none"), "box")).Kind);
        Assert.Equal(ErrorKind.Usage, Assert.Throws<DoppelException>(() => NoCloudSeed.FromFile(File("#" + new string('x', 1 << 20)), "box")).Kind);
    }

    private string File(string text)
    {
        string path = Path.Combine(_folder, Guid.NewGuid().ToString("n"));
        System.IO.File.WriteAllBytes(path, Encoding.Latin1.GetBytes(text));
        return path;
    }
}
