using Doppel.Images.Guests;
using Doppel.Tests.Unit.Images.Doubles;

namespace Doppel.Tests.Unit.Images.Guests;

public sealed class GuestFilesTests
{
    [Fact]
    public void Archive_holds_the_files_with_content_and_mode()
    {
        byte[] archive = GuestFiles.ToArchive(new GuestFile("init", "one"u8.ToArray(), (UnixFileMode)0x1ED), new GuestFile("/a/b", "two"u8.ToArray()));
        IReadOnlyDictionary<string, CpioEntry> entries = CpioReader.ReadMerged(archive);
        Assert.Equal(("one", 0x1EDu), (entries["init"].Text, entries["init"].Mode & 0xFFF));
        Assert.Equal(("two", 0x1A4u), (entries["a/b"].Text, entries["a/b"].Mode & 0xFFF));
    }

    [Fact]
    public void Path_out_of_the_archive_is_refused() =>
        Assert.Throws<InvalidDataException>(() => GuestFiles.ToArchive(new GuestFile("../etc/passwd", default)));
}
