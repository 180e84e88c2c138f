using System.Buffers.Binary;
using System.Diagnostics;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Errors;

namespace Doppel.Tests.Unit.Backends.Disk.Qcow2;

/// <summary>Damaged and hostile images end in one clear error, without memory, time or a changed file.</summary>
public sealed class HostileImageTests
{
    [Theory]
    [InlineData(20, 8u, "clusters of 2^8")]
    [InlineData(20, 22u, "clusters of 2^22")]
    [InlineData(20, 0xffffffffu, "clusters of")]
    [InlineData(36, 0xffffffffu, "entries in the L1 table")]
    [InlineData(36, 0u, "too short")]
    [InlineData(40, 0x7fffffffu, "the L1 table")]
    [InlineData(44, 1u, "L1 table is at")]
    [InlineData(44, 0u, "L1 table is at")]
    [InlineData(48, 1u, "refcount table")]
    [InlineData(52, 4096u, "lies on another table")]
    [InlineData(56, 0u, "no refcount table")]
    [InlineData(56, 0x7fffffffu, "clusters of the refcount table")]
    [InlineData(60, 0xffffffffu, "snapshots")]
    [InlineData(24, 0x80000000u, "size of the disk")]
    [InlineData(24, 0x7fffffffu, "too short")]
    [InlineData(28, 1u, "not whole sectors")]
    [InlineData(96, 7u, "order of the reference counts")]
    [InlineData(100, 8u, "a header of 8 bytes")]
    [InlineData(100, 0xfffffff8u, "a header of")]
    [InlineData(116, 0x7fffffffu, "header extension")]
    public void Header_field_out_of_bounds_is_named(int offset, uint value, string message)
    {
        MemoryStore store = TestImage.Create();
        BinaryPrimitives.WriteUInt32BigEndian(store.Bytes.AsSpan(offset), value);
        AssertRefused(store, ErrorKind.Corrupt, message);
    }

    [Theory]
    [InlineData(32, 1u, "encrypted")]
    [InlineData(4, 4u, "version 4")]
    [InlineData(76, 4u, "another file")]
    [InlineData(76, 1u << 20, "incompatible feature 20")]
    public void Feature_that_we_have_not_is_refused_by_name(int offset, uint value, string message)
    {
        MemoryStore store = TestImage.Create();
        BinaryPrimitives.WriteUInt32BigEndian(store.Bytes.AsSpan(offset), value);
        AssertRefused(store, ErrorKind.Failed, message);
    }

    [Fact]
    public void Unknown_feature_is_named_as_the_image_names_it()
    {
        MemoryStore store = TestImage.Create();
        // The first entry of the feature name table becomes bit 33.
        int table = store.Bytes.AsSpan().IndexOf("dirty bit"u8) - 2;
        store.Bytes[table + 1] = 33;
        BinaryPrimitives.WriteUInt64BigEndian(store.Bytes.AsSpan(72), 1UL << 33);
        AssertRefused(store, ErrorKind.Failed, "'dirty bit'");
    }

    [Theory]
    [InlineData(8, 2, ErrorKind.Failed, "method 2")]
    [InlineData(8, 255, ErrorKind.Failed, "method 255")]
    [InlineData(8, 0, ErrorKind.Corrupt, "contradicts its features")]
    [InlineData(0, 1, ErrorKind.Corrupt, "contradicts its features")]
    [InlineData(0, 2, ErrorKind.Corrupt, "contradicts its features")]
    public void Compression_type_that_we_have_not_or_that_contradicts_the_features_is_refused(byte features, byte type, ErrorKind kind, string message)
    {
        MemoryStore store = TestImage.Create();
        store.Bytes[79] = features;
        store.Bytes[104] = type;
        AssertRefused(store, kind, message);
    }

    [Fact]
    public void Header_too_short_for_the_compression_type_that_it_announces_is_refused()
    {
        MemoryStore store = TestImage.Create(zstd: true);
        // What follows is an end of the header's extensions, whatever it was.
        BinaryPrimitives.WriteUInt32BigEndian(store.Bytes.AsSpan(100), 104);
        store.Bytes.AsSpan(104, 8).Clear();
        AssertRefused(store, ErrorKind.Corrupt, "contradicts its features");
    }

    [Fact]
    public void Image_marked_as_damaged_can_be_read_only()
    {
        MemoryStore store = TestImage.Create();
        store.Bytes[79] = 2;
        AssertRefused(store, ErrorKind.Corrupt, "marked as damaged");
        Qcow2Disk.Open(new MemoryStore(store.Bytes, readOnly: true)).Read(0, new byte[512]);
    }

    [Theory]
    [InlineData(0x8000_0000_0000_1000UL, "lies on another table")]
    [InlineData(0x8000_0000_7fff_f000UL, "beyond the end")]
    [InlineData(0x8000_0000_0000_5200UL, "is at")]
    [InlineData(0x8100_0000_0000_5000UL, "reserved bits")]
    [InlineData(0x8000_0000_0000_0000UL, "nowhere")]
    public void L1_entry_out_of_place_is_refused(ulong entry, string message)
    {
        MemoryStore store = TestImage.Create();
        store.SetLength(64 << 10);
        BinaryPrimitives.WriteUInt64BigEndian(store.Bytes.AsSpan(4096), entry);
        AssertRefused(store, ErrorKind.Corrupt, message);
    }

    [Theory]
    [InlineData(0x8000_0000_0000_1000UL, "lies on a table")]
    [InlineData(0x8000_0000_7fff_f000UL, "beyond the end")]
    [InlineData(0x8000_0000_0000_5200UL, "not at the start")]
    [InlineData(0x8000_0000_0000_50f0UL, "reserved bits")]
    [InlineData(0x8000_0000_0000_0000UL, "nowhere")]
    [InlineData(0xc000_0000_0000_7000UL, "compressed and to be written")]
    [InlineData(0x4000_0000_0000_0010UL, "on the header")]
    [InlineData(0x8000_0000_0000_9000UL, "counts as free")]
    public void L2_entry_out_of_place_fails_reads_and_writes_and_changes_nothing(ulong entry, string message)
    {
        MemoryStore store = TestImage.Create();
        Qcow2Disk disk = Qcow2Disk.Open(store);
        disk.Write(0, new byte[512]);
        disk.Close();
        long l2 = (long)(BinaryPrimitives.ReadUInt64BigEndian(store.Bytes.AsSpan(4096)) & L2Entry.OffsetMask);
        store.SetLength(64 << 10);
        BinaryPrimitives.WriteUInt64BigEndian(store.Bytes.AsSpan((int)l2 + 8), entry);
        byte[] before = [.. store.Bytes];
        disk = Qcow2Disk.Open(store);
        Assert.Contains(message, Assert.Throws<DoppelException>(() => disk.Read(0, new byte[512])).Message);
        DoppelException error = Assert.Throws<DoppelException>(() => disk.Write(0, new byte[512]));
        Assert.Equal(ErrorKind.Corrupt, error.Kind);
        Assert.Contains(message, error.Message);
        Assert.Throws<DoppelException>(disk.Flush);
        disk.Close();
        Assert.Equal(before, store.Bytes);
    }

    [Fact]
    public void Two_L1_entries_with_one_table_are_refused()
    {
        MemoryStore store = TestImage.Create();
        Qcow2Disk disk = Qcow2Disk.Open(store);
        disk.Write(0, new byte[512]);
        disk.Close();
        store.Bytes.AsSpan(4096, 8).CopyTo(store.Bytes.AsSpan(4104));
        AssertRefused(store, ErrorKind.Corrupt, "lies on another table");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Compressed_data_that_is_garbage_is_an_error(bool zstd)
    {
        MemoryStore store = TestImage.Create(zstd: zstd);
        Qcow2Disk disk = Qcow2Disk.Open(store);
        var compression = new Qcow2Compression(disk.Image);
        compression.Write(0, compression.Compress(new byte[4096])!);
        disk.Flush();
        ulong entry = disk.Image.L2.Load(0)!.Words[0];
        (long offset, int length) = L2Entry.CompressedPlace(entry, 12);
        store.Bytes.AsSpan((int)offset, length).Fill(0xff);
        Assert.Equal(ErrorKind.Corrupt, Assert.Throws<DoppelException>(() => disk.Read(512, new byte[512])).Kind);
    }

    [Theory]
    [InlineData(512, false, 3, false)]
    [InlineData(4096, false, 3, true)]
    [InlineData(4096, false, 2, false)]
    [InlineData(16384, true, 3, false)]
    [InlineData(512, false, 3, false, true)]
    [InlineData(16384, true, 3, false, true)]
    public void Mutants_end_in_errors_or_work_and_are_not_changed_when_refused(int clusterSize, bool subclusters, int version, bool lazy, bool zstd = false)
    {
        byte[] good = TestImage.Filled(clusterSize, subclusters, version, lazy, zstd).Bytes;
        var random = new Random(clusterSize + version);
        long started = Stopwatch.GetTimestamp();
        int refused = 0;
        int count = clusterSize > 4096 ? 800 : 3100;
        for (int i = 0; i < count; i++)
        {
            byte[] mutant = Mutate(good, clusterSize, random);
            if (Survives(mutant)) continue;
            refused++;
        }

        Assert.InRange(refused, count / 5, count - 1);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60));
    }

    /// <summary>Tables are hit more often than data.</summary>
    private static byte[] Mutate(byte[] good, int clusterSize, Random random)
    {
        byte[] mutant = [.. good];
        if (random.Next(8) == 0) return mutant[..random.Next(mutant.Length)];
        for (int count = random.Next(1, 6); count > 0; count--)
        {
            int at = random.Next(4) switch { 0 => random.Next(112), 1 => random.Next(clusterSize), _ => random.Next(mutant.Length) };
            switch (random.Next(4))
            {
                case 0:
                    mutant[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    random.NextBytes(mutant.AsSpan(at, Math.Min(random.Next(1, 64), mutant.Length - at)));
                    break;
                case 2:
                    // An entry of another table.
                    int from = random.Next(mutant.Length / 8) * 8;
                    mutant.AsSpan(from, 8).CopyTo(mutant.AsSpan(Math.Min(at / 8 * 8, mutant.Length - 8)));
                    break;
                default:
                    mutant[at] = (byte)(random.Next(2) == 0 ? 0xff : 0);
                    break;
            }
        }

        return mutant;
    }

    /// <returns>Whether the image was opened and read.</returns>
    private static bool Survives(byte[] mutant)
    {
        var store = new MemoryStore([.. mutant]);
        bool read = Try(() =>
        {
            Qcow2Disk disk = Qcow2Disk.Open(new MemoryStore(mutant, readOnly: true));
            byte[] buffer = new byte[1 << 16];
            long end = Math.Min(disk.Length, 4 << 20);
            for (long at = 0; at < end; at += buffer.Length) disk.Read(at, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)));
            for (long at = 0; at < end;) at += disk.Map(at, end - at).Length;
        });
        Try(() => TestImage.Check(store));
        Assert.Equal(mutant, store.Bytes);
        Qcow2Disk? writable = null;
        if (!Try(() => writable = Qcow2Disk.Open(store)))
        {
            Assert.Equal(mutant, store.Bytes);
            return false;
        }

        Try(() =>
        {
            long last = Math.Max(0, Math.Min(writable!.Length, 4 << 20) - 4096) / 512 * 512;
            if (writable.Length >= 4096) writable.Write(last, new byte[4096]);
            if (writable.Length >= 8192) writable.WriteZeroes(0, 8192, true, CancellationToken.None);
            writable.Flush();
        });
        Try(() => writable!.Close());
        return read;
    }

    private static bool Try(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (DoppelException exception) when (exception.Kind is ErrorKind.Corrupt or ErrorKind.Failed)
        {
            Assert.NotEmpty(exception.Message);
            return false;
        }
        catch (IOException exception) when (exception.Message.Contains("room", StringComparison.Ordinal))
        {
            return false;
        }
    }

    private static void AssertRefused(MemoryStore store, ErrorKind kind, string message)
    {
        byte[] before = [.. store.Bytes];
        DoppelException error = Assert.Throws<DoppelException>(() => Qcow2Disk.Open(store));
        Assert.Contains(message, error.Message);
        Assert.Equal(kind, error.Kind);
        Assert.NotNull(error.Hint);
        Assert.Equal(before, store.Bytes);
    }
}
