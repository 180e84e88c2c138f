using Doppel.Host.Memory;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Tests.Unit.Host.Memory;

/// <summary>Content that is frozen while what was frozen before is still being copied.</summary>
public sealed class PendingFillsTests
{
    private const int Page = 4096;

    /// <summary>The layer before has all its pages, but its copier has not ended yet.</summary>
    [Fact]
    public void Block_onContentThatIsNotCopiedYet_doesNotWaitForIt_whenTheOneBeforeHasJustBeen()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere frozen pages are not copied later.");
        const int Pages = 256;
        using HostMemory memory = HostMemory.Allocate(Pages * Page, "test");
        using HostMemory heir = HostMemory.Allocate(Pages * Page, "heir");
        memory.Freeze([]).Dispose();
        ulong[] first = new ulong[Pages / 64], last = new ulong[Pages / 64];
        first[0] = 1;
        last[^1] = 1UL << 63;
        memory.Write64(Pages * Page - 8, 1);
        using FrozenMemory before = memory.Freeze(last);
        before.BeginCopying();
        memory.FinishCopying();
        memory.Keep(0);
        memory.Write64(0, 2);
        using FrozenMemory frozen = memory.Freeze(first);
        heir.Restore(frozen, []);
        Assert.False(((MemoryLayer)frozen.Pieces[0].Layer).Fill!.IsCopied);
        Assert.Equal((2UL, 1UL), (heir.Read64(0), heir.Read64(Pages * Page - 8)));
    }

    [Fact]
    public void Contents_frozenOneAfterTheOther_doNotWaitForEachOther_andAreAllRight()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere frozen pages are not copied later.");
        const int Pages = 256, Freezes = 3;
        using HostMemory memory = HostMemory.Allocate(Pages * Page, "test");
        ulong[] all = new ulong[Pages / 64];
        Array.Fill(all, ulong.MaxValue);
        memory.Freeze([]).Dispose();
        for (ulong page = 0; page < Pages; page++) memory.Write64(page * Page, page);
        var contents = new List<FrozenMemory> { memory.Freeze(all) };
        for (ulong number = 1; number < Freezes; number++)
        {
            // One page that was frozen before, and those beside it, which are copied along.
            memory.Keep(number * 10 * Page);
            memory.Write64(number * 10 * Page, ulong.MaxValue);
            contents.Add(memory.Freeze([1UL << (int)(number * 10)]));
        }

        Assert.All(contents, content => Assert.Contains(content.Pieces, p => ((MemoryLayer)p.Layer).Fill is { IsCopied: false }));
        for (int number = 0; number < Freezes; number++)
        {
            using HostMemory heir = HostMemory.Allocate(Pages * Page, "heir");
            heir.Restore(contents[number], []);
            for (ulong page = 0; page < Pages; page++) Assert.Equal(page % 10 == 0 && page > 0 && page <= (ulong)number * 10 ? ulong.MaxValue : page, heir.Read64(page * Page));
        }

        contents.ForEach(c => c.Dispose());
    }

    [Fact]
    public void Contents_frozenWhileThoseBeforeAreCopied_stayWhatTheyWere_whileManyWriteAtOnce()
    {
        const int Pages = 1024, Writers = 3, Rounds = 60;
        using HostMemory memory = HostMemory.Allocate(Pages * Page, "test");
        memory.Freeze([]).Dispose();
        ulong[] changed = new ulong[Pages / 64];
        ulong[] expected = new ulong[Pages];
        var contents = new Queue<(FrozenMemory Content, ulong[] Expected)>();
        for (int round = 1; round <= Rounds; round++)
        {
            Thread[] writers = [.. Enumerable.Range(0, Writers).Select(writer => new Thread(() =>
            {
                var random = new Random(round * Writers + writer);
                for (int i = 0; i < 60; i++)
                {
                    int page = random.Next(Pages / Writers) * Writers + writer;
                    ulong bit = 1UL << (page % 64);
                    if ((Volatile.Read(ref changed[page / 64]) & bit) == 0)
                    {
                        memory.Keep((ulong)page * Page);
                        Interlocked.Or(ref changed[page / 64], bit);
                    }

                    memory.Write64((ulong)page * Page + 8, expected[page] = (ulong)random.NextInt64());
                }
            }))];
            foreach (Thread writer in writers) writer.Start();
            foreach (Thread writer in writers) writer.Join();
            FrozenMemory content = memory.Freeze(changed);
            Array.Clear(changed);
            contents.Enqueue((content, [.. expected]));
            if (round % 4 != 0) content.BeginCopying();
            if (contents.Count > 3) Check(contents.Dequeue());
            if (round % 20 != 0) continue;
            (FrozenMemory back, ulong[] then) = contents.Peek();
            memory.Restore(back, changed);
            then.CopyTo(expected, 0);
            Assert.All(Enumerable.Range(0, Pages), page => Assert.Equal(expected[page], memory.Read64((ulong)page * Page + 8)));
        }

        while (contents.TryDequeue(out (FrozenMemory, ulong[]) last)) Check(last);

        static void Check((FrozenMemory Content, ulong[] Expected) one)
        {
            using HostMemory heir = HostMemory.Allocate(Pages * Page, "heir");
            heir.Restore(one.Content, []);
            Assert.All(Enumerable.Range(0, Pages), page => Assert.Equal(one.Expected[page], heir.Read64((ulong)page * Page + 8)));
            one.Content.Dispose();
        }
    }

    [Fact]
    public void Content_onOneForWhichTheHostHasNoRoom_isAnError_andTheBlockGoesOn()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere frozen pages are not copied later.");
        using HostMemory memory = HostMemory.Allocate(64 * Page, "test");
        memory.Freeze([]).Dispose();
        memory.Write64(8, 1);
        using FrozenMemory frozen = memory.Freeze([1]);
        memory.Keep(32 * Page);
        memory.Write64(32 * Page, 1);
        using FrozenMemory onIt = memory.Freeze([1UL << 32]);
        int layer = ((MemoryLayer)frozen.Pieces[0].Layer).Descriptor;
        using (SafeFileHandle file = File.OpenHandle($"/proc/self/fd/{layer}", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite)) RandomAccess.SetLength(file, 0);
        memory.Keep(8);
        memory.Write64(8, 2);
        Assert.Throws<OutOfMemoryException>(() => onIt.Read(8, new byte[8]));
        using FrozenMemory next = memory.Freeze([1]);
        using HostMemory heir = HostMemory.Allocate(64 * Page, "heir");
        heir.Restore(next, []);
        Assert.Equal((2UL, 1UL), (heir.Read64(8), heir.Read64(32 * Page)));
        memory.Restore(next, []);
        Assert.Equal((2UL, 1UL), (memory.Read64(8), memory.Read64(32 * Page)));
    }
}
