using System.Runtime.InteropServices;
using Doppel.Backends.Disk;
using Doppel.Core.Errors;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Tests.Unit.Backends.Disk;

public sealed class DiskLockTests : IDisposable
{
    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("doppel-disk-").FullName, "disk.raw");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Closed_image_is_free_though_a_child_still_has_its_opening(bool readOnly)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Open file description locks are Linux's.");
        File.WriteAllBytes(_path, new byte[512]);
        SafeFileHandle copy;
        using (ImageFile image = ImageFile.Open(_path, readOnly))
        {
            Assert.Equal(ErrorKind.WrongState, Assert.Throws<DoppelException>(() => ImageFile.Open(_path, readOnly: false)).Kind);

            // What fork(2) gives a child until it executes its program: another descriptor of the same opening.
            string descriptor = Directory.GetFiles("/proc/self/fd").Single(fd => new FileInfo(fd).LinkTarget == _path);
            copy = new SafeFileHandle(Duplicate(int.Parse(Path.GetFileName(descriptor))), ownsHandle: true);
        }

        using (copy)
        {
            Assert.False(copy.IsInvalid);
            ImageFile.Open(_path, readOnly: false).Dispose();
        }
    }

    [DllImport("libc", EntryPoint = "dup")]
    private static extern int Duplicate(int descriptor);
}
