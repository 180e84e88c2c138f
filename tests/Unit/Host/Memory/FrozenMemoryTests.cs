using System.Runtime.InteropServices;
using Doppel.Host.Memory;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Tests.Unit.Host.Memory;

public sealed class FrozenMemoryTests
{
    private const int Page = 4096;

    [Fact]
    public void Frozen_content_staysWhatItWas()
    {
        using HostMemory memory = HostMemory.Allocate(16 * Page, "test");
        memory.Write64(8, 1);
        using FrozenMemory frozen = memory.Freeze([]);
        memory.Write64(8, 2);

        using HostMemory other = HostMemory.Allocate(16 * Page, "other");
        other.Restore(frozen, []);
        Assert.Equal((1UL, 2UL), (other.Read64(8), memory.Read64(8)));
        other.Write64(8, 3);
        memory.Restore(frozen, [1]);
        Assert.Equal((3UL, 1UL), (other.Read64(8), memory.Read64(8)));
    }

    [Fact]
    public void Frozen_content_outlivesItsBlock_andBlocksOutliveIt()
    {
        using HostMemory heir = HostMemory.Allocate(4 * Page, "heir");
        using (HostMemory memory = HostMemory.Allocate(4 * Page, "test"))
        {
            memory.Write8(Page, 7);
            using FrozenMemory frozen = memory.Freeze([]);
            memory.Dispose();
            heir.Restore(frozen, []);
        }

        Assert.Equal(7, heir.Read8(Page));
    }

    [Fact]
    public void Frozen_content_staysWhatItWas_whileManyWriteAtOnce()
    {
        const int Pages = 2048, Writers = 4;
        using HostMemory memory = HostMemory.Allocate(Pages * Page, "test");
        using HostMemory other = HostMemory.Allocate(Pages * Page, "other");
        ulong[] all = new ulong[Pages / 64];
        Array.Fill(all, ulong.MaxValue);
        memory.Freeze([]).Dispose();
        for (ulong round = 1; round <= 20; round++)
        {
            Write(round);
            using FrozenMemory frozen = memory.Freeze(all);
            if (round % 2 == 0) frozen.BeginCopying();
            Write(round << 32);
            other.Restore(frozen, all);
            for (ulong page = 0; page < Pages; page++) Assert.Equal((round + page, (round << 32) + page), (other.Read64(page * Page), memory.Read64(page * Page)));
            other.Restore(frozen, all);
            memory.Restore(frozen, all);
            for (ulong page = 0; page < Pages; page++) Assert.Equal((round + page, round + page), (other.Read64(page * Page), memory.Read64(page * Page)));
        }

        // Each page by one of them, each in an order of its own.
        void Write(ulong value)
        {
            Thread[] writers = [.. Enumerable.Range(0, Writers).Select(writer => new Thread(() =>
            {
                int[] mine = [.. Enumerable.Range(0, Pages).Where(p => p % Writers == writer)];
                new Random(writer).Shuffle(mine);
                foreach (int page in mine)
                {
                    memory.Keep((ulong)page * Page);
                    memory.Write64((ulong)page * Page, value + (ulong)page);
                }
            }))];
            foreach (Thread writer in writers) writer.Start();
            foreach (Thread writer in writers) writer.Join();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Block_onContentThatIsBeingCopied_readsIt_whileTheOtherIsWrittenTo(bool begins)
    {
        const int Pages = 2048, Threads = 3;
        using HostMemory memory = HostMemory.Allocate(Pages * Page, "test");
        ulong[] all = new ulong[Pages / 64];
        Array.Fill(all, ulong.MaxValue);
        memory.Freeze([]).Dispose();
        for (ulong round = 1; round <= 20; round++)
        {
            for (ulong page = 0; page < Pages; page++) memory.Write64(page * Page, round + page);
            using HostMemory other = HostMemory.Allocate(Pages * Page, "other");
            using FrozenMemory frozen = memory.Freeze(all);
            other.Restore(frozen, []);
            if (begins) frozen.BeginCopying();
            int wrong = 0;
            Thread[] threads = [.. Enumerable.Range(0, Threads).SelectMany(number => (Thread[])[new Thread(() => Overwrite(number)), new Thread(() => Read(number))])];
            foreach (Thread thread in threads) thread.Start();
            foreach (Thread thread in threads) thread.Join();
            Assert.Equal(0, wrong);

            void Overwrite(int number)
            {
                foreach (ulong page in Shuffled(number))
                {
                    if (page % Threads != (ulong)number) continue;
                    memory.Keep(page * Page);
                    memory.Write64(page * Page, ulong.MaxValue);
                }
            }

            void Read(int number)
            {
                foreach (ulong page in Shuffled(~number))
                {
                    if (other.Read64(page * Page) != round + page) Interlocked.Increment(ref wrong);
                }
            }
        }

        static ulong[] Shuffled(int seed)
        {
            ulong[] pages = [.. Enumerable.Range(0, Pages).Select(p => (ulong)p)];
            new Random(seed).Shuffle(pages);
            return pages;
        }
    }

    [Fact]
    public void Block_onContentThatIsNotCopiedYet_hasAllOfIt_howeverItIsReached()
    {
        const int Pages = 64;
        using HostMemory memory = HostMemory.Allocate(Pages * Page, "test");
        memory.Freeze([]).Dispose();
        for (ulong page = 0; page < Pages; page++) memory.Write64(page * Page + 8, page);
        using FrozenMemory frozen = memory.Freeze([ulong.MaxValue]);
        Assert.Equal(1UL, On(block => block.Read64(Page + 8)));
        Assert.Equal(2UL, On(block => block.Read8(2 * Page + 8)));
        Assert.Equal(3UL, On(block => block.CompareExchange64(3 * Page + 8, 0, 3)));
        Assert.Equal(5UL, On(block => block.Span(4 * Page + 8, Page + 1)[^1]));
        Assert.Equal(6UL, On(block => Marshal.ReadByte(block.AddressOf(6 * Page + 8))));
        Assert.Equal(8UL, On(block =>
        {
            // What is written is beside what was there.
            block.Write32(8 * Page, uint.MaxValue);
            return block.Read64(8 * Page + 8);
        }));
        Assert.Equal(10UL, On(block =>
        {
            block.Discard(0, 10 * Page);
            return block.Read64(9 * Page + 8) + block.Read64(10 * Page + 8);
        }));
        Assert.Equal(0UL, On(block =>
        {
            block.Discard(0, Pages * Page);
            return block.Read64(9 * Page + 8);
        }));
        Assert.Equal(11UL, On(block =>
        {
            using FrozenMemory again = block.Freeze([]);
            block.Keep(11 * Page);
            block.Write64(11 * Page + 8, 0);
            byte[] there = new byte[1];
            again.Read(11 * Page + 8, there);
            return there[0];
        }));
        On(block => Assert.Throws<ArgumentOutOfRangeException>(() => block.Read32(Pages * Page - 2)));

        T On<T>(Func<HostMemory, T> look)
        {
            using HostMemory block = HostMemory.Allocate(Pages * Page, "other");
            block.Restore(frozen, []);
            return look(block);
        }
    }

    [Fact]
    public void Block_onContentThatIsNotCopiedYet_outlivesTheOtherBlock()
    {
        const int Pages = 512;
        using HostMemory heir = HostMemory.Allocate(Pages * Page, "heir");
        HostMemory memory = HostMemory.Allocate(Pages * Page, "test");
        ulong[] all = new ulong[Pages / 64];
        Array.Fill(all, ulong.MaxValue);
        memory.Freeze([]).Dispose();
        for (ulong page = 0; page < Pages; page++) memory.Write64(page * Page, page);
        using (FrozenMemory frozen = memory.Freeze(all)) heir.Restore(frozen, []);
        var end = new Thread(memory.Dispose);
        end.Start();
        for (ulong page = 0; page < Pages; page++) Assert.Equal(page, heir.Read64(page * Page));
        end.Join();
    }

    [Fact]
    public void Content_forWhichTheHostHasNoRoom_isAnError_andTheBlockGoesOn()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere frozen pages are not copied later.");
        using HostMemory memory = HostMemory.Allocate(64 * Page, "test");
        using HostMemory heir = HostMemory.Allocate(64 * Page, "heir");
        memory.Freeze([]).Dispose();
        memory.Write64(8, 1);
        using FrozenMemory frozen = memory.Freeze([1]);
        heir.Restore(frozen, []);

        // Behind the end of a file there is no room either.
        int layer = ((MemoryLayer)frozen.Pieces[0].Layer).Descriptor;
        using (SafeFileHandle file = File.OpenHandle($"/proc/self/fd/{layer}", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite)) RandomAccess.SetLength(file, 0);
        memory.Keep(8);
        memory.Write64(8, 2);
        Assert.Throws<OutOfMemoryException>(() => heir.Read64(8));
        Assert.Throws<OutOfMemoryException>(() => frozen.Read(8, new byte[8]));
        using FrozenMemory next = memory.Freeze([1]);
        byte[] content = new byte[8];
        next.Read(8, content);
        Assert.Equal((2UL, 2UL), (memory.Read64(8), BitConverter.ToUInt64(content)));
    }

    [Fact]
    public void Freezes_ofPagesHereAndThere_haveFewPieces_andCopyLittleBesides()
    {
        const int Pages = 8192;
        var random = new Random(1);
        using HostMemory memory = HostMemory.Allocate(Pages * Page, "test");
        for (ulong page = 0; page < Pages; page++) memory.Write64(page * Page, page);
        FrozenMemory frozen = memory.Freeze([]);
        var known = new HashSet<Guid>(frozen.Pieces.Select(p => p.Layer.Id));
        ulong[] expected = [.. Enumerable.Range(0, Pages).Select(p => (ulong)p)];
        ulong sum = 0;
        for (int round = 0; round < 400; round++)
        {
            ulong[] changed = new ulong[Pages / 64];
            for (int i = 0; i < 3; i++)
            {
                int page = random.Next(Pages);
                memory.Keep((ulong)page * Page);
                memory.Write64((ulong)page * Page, expected[page] = (ulong)random.NextInt64());
                changed[page / 64] |= 1UL << (page % 64);
            }

            frozen.Dispose();
            frozen = memory.Freeze(changed);
            ulong copied = frozen.Pieces.Select(p => p.Layer).Where(l => known.Add(l.Id)).SelectMany(l => l.Data(new PageRun(0, Pages * Page))).Aggregate(0UL, (sum, run) => sum + run.Length);
            Assert.InRange(frozen.Pieces.Count, 1, 256);
            Assert.InRange(copied, (ulong)Page, (ulong)Pages / 2 * Page);
            sum += copied;
        }

        Assert.InRange(sum / 400, 0UL, 100UL * Page);

        Assert.All(Enumerable.Range(0, Pages), page =>
        {
            byte[] content = new byte[8];
            frozen.Read((ulong)page * Page, content);
            Assert.Equal(expected[page], BitConverter.ToUInt64(content));
        });
        frozen.Dispose();
    }

    [Fact]
    public void Block_keepsItsAddress()
    {
        using HostMemory memory = HostMemory.Allocate(4 * Page, "test");
        nint address = memory.Address;
        using FrozenMemory frozen = memory.Freeze([]);
        memory.Restore(frozen, []);
        memory.Discard(0, memory.Length);
        Assert.Equal(address, memory.Address);
    }

    [Fact]
    public void Discard_afterFreezing_leavesFrozenContentAlone()
    {
        using HostMemory memory = HostMemory.Allocate(8 * Page, "test");
        memory.Span(0, 8 * Page).Fill(1);
        using FrozenMemory frozen = memory.Freeze([]);

        memory.Discard(Page, 2 * Page);
        Assert.False(memory.Span(Page, 2 * Page).ContainsAnyExcept((byte)0));
        memory.Discard(0, memory.Length);
        Assert.False(memory.Span(0, 8 * Page).ContainsAnyExcept((byte)0));

        memory.Restore(frozen, []);
        Assert.False(memory.Span(0, 8 * Page).ContainsAnyExcept((byte)1));
    }

    [Fact]
    public void Content_ofAnotherLength_isRefused()
    {
        using HostMemory memory = HostMemory.Allocate(4 * Page, "test");
        using HostMemory larger = HostMemory.Allocate(8 * Page, "test");
        using FrozenMemory frozen = larger.Freeze([]);
        Assert.Throws<ArgumentException>(() => memory.Restore(frozen, []));
    }

    /// <summary>Scattered writes give more extents than are kept apart, so that layers are merged on the way.</summary>
    [Theory]
    [InlineData(1, 64, 6)]
    [InlineData(2, 64, 6)]
    [InlineData(3, 16384, 1500)]
    public void Random_writesFreezesAndRestores_equalTheModel(int seed, int pages, int writes)
    {
        var random = new Random(seed);
        var blocks = new List<Block>();
        var frozen = new List<(FrozenMemory Content, byte[] Model)>();
        try
        {
            for (int i = 0; i < 2; i++) blocks.Add(new Block(pages));
            for (int step = 0; step < 40; step++)
            {
                Block block = blocks[random.Next(blocks.Count)];
                switch (random.Next(4))
                {
                    case 0:
                        frozen.Add((block.Memory.Freeze(block.TakeChanged()), (byte[])block.Model.Clone()));
                        break;
                    case 1 when frozen.Count > 0:
                        (FrozenMemory content, byte[] model) = frozen[random.Next(frozen.Count)];
                        block.Memory.Restore(content, block.TakeChanged());
                        model.CopyTo(block.Model, 0);
                        break;
                    default:
                        for (int i = 0; i < writes; i++) block.Write(random.Next(pages), (byte)random.Next(256));
                        break;
                }

                Assert.True(block.IsRight);
            }

            Assert.All(blocks, b => Assert.True(b.IsRight));
        }
        finally
        {
            blocks.ForEach(b => b.Memory.Dispose());
            frozen.ForEach(f => f.Content.Dispose());
        }
    }

    /// <summary>A block, what must be in it (a byte for each page), and which pages changed.</summary>
    private sealed class Block(int pages)
    {
        private ulong[] _changed = new ulong[(pages + 63) / 64];

        public HostMemory Memory { get; } = HostMemory.Allocate((ulong)pages * Page, "test");

        public byte[] Model { get; } = new byte[pages];

        public bool IsRight
        {
            get
            {
                for (int i = 0; i < pages; i++)
                {
                    if (Memory.Read8((ulong)i * Page + 123) != Model[i]) return false;
                }

                return true;
            }
        }

        public void Write(int page, byte value)
        {
            if ((_changed[page / 64] >> (page % 64) & 1) == 0) Memory.Keep((ulong)page * Page);
            Memory.Write8((ulong)page * Page + 123, value);
            Model[page] = value;
            _changed[page / 64] |= 1UL << (page % 64);
        }

        public ulong[] TakeChanged()
        {
            ulong[] taken = _changed;
            _changed = new ulong[taken.Length];
            return taken;
        }
    }
}
