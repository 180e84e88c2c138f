using System.Buffers.Binary;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Doppel.Machine.Named;

namespace Doppel.Tests.Unit.Machine.Named;

[UnsupportedOSPlatform("windows")]
public sealed class MachineKeyTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Key_isMadeOnce_andIsTheUsersAlone()
    {
        string place = Path.Combine(_folder.Path, "ssh");
        string path = MachineKey.Ensure(place);
        string text = File.ReadAllText(path);
        Assert.Equal(path, MachineKey.Ensure(place));
        Assert.Equal(text, File.ReadAllText(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(place));
        Assert.Single(Directory.GetFiles(place));
    }

    [Fact]
    public void Key_ofWhichManyAskAtOnce_isOne()
    {
        string place = Path.Combine(_folder.Path, "ssh");
        string[] keys = new string[20];
        Parallel.For(0, keys.Length, i => keys[i] = MachineKey.ReadPublic(MachineKey.Ensure(place), ""));
        Assert.Single(keys.Distinct());
        Assert.Single(Directory.GetFiles(place));
    }

    [Fact]
    public void PublicKey_isAsOpenSshWritesIt()
    {
        string path = MachineKey.Ensure(_folder.Path);
        string[] parts = MachineKey.ReadPublic(path, "doppel-box").Split(' ');
        Assert.Equal(("ecdsa-sha2-nistp256", "doppel-box"), (parts[0], parts[2]));
        ReadOnlySpan<byte> blob = Convert.FromBase64String(parts[1]);
        Assert.Equal("ecdsa-sha2-nistp256", Encoding.ASCII.GetString(Take(ref blob)));
        Assert.Equal("nistp256", Encoding.ASCII.GetString(Take(ref blob)));
        byte[] point = Take(ref blob);
        Assert.True(blob.IsEmpty);
        Assert.Equal((65, 4), (point.Length, point[0]));
        using var own = ECDsa.Create();
        own.ImportFromPem(File.ReadAllText(path));
        ECPoint q = own.ExportParameters(false).Q;
        Assert.Equal([.. q.X!, .. q.Y!], point[1..]);
    }

    private static byte[] Take(ref ReadOnlySpan<byte> blob)
    {
        int length = BinaryPrimitives.ReadInt32BigEndian(blob);
        byte[] field = blob.Slice(4, length).ToArray();
        blob = blob[(4 + length)..];
        return field;
    }
}
