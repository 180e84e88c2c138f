using System.Buffers.Binary;
using System.Text;
using Doppel.Core.Errors;
using Doppel.Machine.Tools;

namespace Doppel.Tests.Unit.Machine.Tools;

public sealed class CodeListingTests : IDisposable
{
    // addi a0,zero,5; c.jr ra
    private static readonly byte[] Code = [0x13, 0x05, 0x50, 0x00, 0x82, 0x80];
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Raw_code_is_listed_from_its_address()
    {
        CodeLine[] lines = List(Code, address: 0x80000000);
        Assert.Equal([(0x80000000, 4, "li a0,5"), (0x80000004, 2, "ret")], lines.Select(l => (l.Address, l.Length, l.Text)));
        Assert.All(lines, l => Assert.Null(l.Symbol));
    }

    [Fact]
    public void Executable_is_listed_with_its_sections_and_symbols()
    {
        CodeLine[] lines = List(Elf());
        Assert.Equal([(".text", "first", 0x1000), (null, "second", 0x1004)], lines.Select(l => (l.Section, l.Symbol, (int)l.Address)));
    }

    [Fact]
    public void Symbol_selects_its_own_code_only() => Assert.Equal("ret", Assert.Single(List(Elf(), symbol: "second")).Text);

    [Fact]
    public void Symbol_that_there_is_not_is_not_found() => AssertError(ErrorKind.NotFound, Elf(), symbol: "third");

    [Fact]
    public void File_for_another_machine_is_refused()
    {
        byte[] elf = Elf();
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(18), 62);
        Assert.Contains("another instruction set", AssertError(ErrorKind.Failed, elf).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Address_of_an_elf_file_is_its_own() => AssertError(ErrorKind.Usage, Elf(), address: 0);

    [Fact]
    public void File_that_there_is_not_is_not_found() =>
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<DoppelException>(() => CodeListing.Of(_path + ".nope")).Kind);

    [Fact]
    public void Damaged_files_are_errors_and_never_crash()
    {
        byte[] whole = Elf();
        var random = new Random(7);
        for (int round = 0; round < 400; round++)
        {
            byte[] damaged = whole[..random.Next(5, whole.Length + 1)];
            for (int i = 0; i < 4; i++) damaged[random.Next(4, damaged.Length)] = (byte)random.Next();
            try
            {
                Assert.True(List(damaged).Length <= damaged.Length);
            }
            catch (DoppelException exception)
            {
                Assert.StartsWith(_path, exception.Message, StringComparison.Ordinal);
            }
        }
    }

    private CodeLine[] List(byte[] file, ulong? address = null, string? symbol = null)
    {
        File.WriteAllBytes(_path, file);
        return [.. CodeListing.Of(_path, address, symbol)];
    }

    private DoppelException AssertError(ErrorKind kind, byte[] file, ulong? address = null, string? symbol = null)
    {
        DoppelException error = Assert.Throws<DoppelException>(() => List(file, address, symbol));
        Assert.Equal(kind, error.Kind);
        return error;
    }

    /// <summary>Header, code, names, two symbols, then four section headers: none, code, symbols, names.</summary>
    private static byte[] Elf()
    {
        byte[] names = Encoding.ASCII.GetBytes("\0.text\0first\0second\0");
        const int codeAt = 64, namesAt = 80, symbolsAt = 112, sectionsAt = 192;
        byte[] file = new byte[sectionsAt + (4 * 64)];
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(file);
        U16(16, 2);
        U16(18, 243);
        U64(40, sectionsAt);
        U16(60, 4);
        U16(62, 3);
        Code.CopyTo(file, codeAt);
        names.CopyTo(file, namesAt);
        Symbol(symbolsAt, 7, 0x1000);
        Symbol(symbolsAt + 24, 13, 0x1004);
        Section(1, 1, 1, 6, 0x1000, codeAt, Code.Length, 0);
        Section(2, 0, 2, 0, 0, symbolsAt, 48, 3);
        Section(3, 0, 3, 0, 0, namesAt, names.Length, 0);
        return file;

        void U16(int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at), value);
        void U32(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(at), value);
        void U64(int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(at), value);

        void Symbol(int at, uint name, ulong value)
        {
            U32(at, name);
            file[at + 4] = 2;
            U16(at + 6, 1);
            U64(at + 8, value);
        }

        void Section(int index, uint name, uint type, ulong flags, ulong address, int offset, int length, uint link)
        {
            int at = sectionsAt + (index * 64);
            U32(at, name);
            U32(at + 4, type);
            U64(at + 8, flags);
            U64(at + 16, address);
            U64(at + 24, (ulong)offset);
            U64(at + 32, (ulong)length);
            U32(at + 40, link);
        }
    }
}
