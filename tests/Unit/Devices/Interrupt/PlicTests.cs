using Doppel.Core.DeviceTree;
using Doppel.Devices.Interrupt;
using Doppel.Tests.Unit.Doubles;
using Doppel.Tests.Unit.Snapshot;

namespace Doppel.Tests.Unit.Devices.Interrupt;

public sealed class PlicTests
{
    private const ulong Claim0 = 0x20_0004;
    private const ulong Claim1 = 0x20_1004;
    private readonly RecordingLine[] _contexts = [new(), new(), new(), new()];
    private readonly Plic _plic;

    public PlicTests() => _plic = new Plic(95, _contexts);

    [Fact]
    public void Source_pending_and_enabled_raises_only_its_context()
    {
        Prepare(10, priority: 1, context: 1);
        _plic.Source(10).Set(true);
        Assert.Equal([false, true, false, false], _contexts.Select(c => c.Level));
        Assert.Equal(1u << 10, Read(0x1000));
    }

    [Fact]
    public void Source_of_priority_0_never_interrupts_and_is_not_claimed()
    {
        Prepare(10, priority: 0, context: 0);
        _plic.Source(10).Set(true);
        Assert.False(_contexts[0].Level);
        Assert.Equal(0u, Read(Claim0));
    }

    [Fact]
    public void Claim_takes_the_highest_priority_and_then_the_lowest_number()
    {
        Prepare(5, 2, 0);
        Prepare(64, 3, 0);
        Prepare(33, 3, 0);
        foreach (int source in (int[])[5, 64, 33]) _plic.Source(source).Set(true);
        Assert.Equal([33u, 64u, 5u, 0u], (uint[])[Read(Claim0), Read(Claim0), Read(Claim0), Read(Claim0)]);
        Assert.False(_contexts[0].Level);
    }

    [Fact]
    public void Threshold_masks_the_wire_but_not_the_claim()
    {
        Prepare(7, 3, 0);
        Write(0x20_0000, 3);
        _plic.Source(7).Set(true);
        Assert.False(_contexts[0].Level);
        Write(0x20_0000, 2);
        Assert.True(_contexts[0].Level);
        Write(0x20_0000, 3);
        Assert.Equal(7u, Read(Claim0));
    }

    [Fact]
    public void Level_source_asks_again_only_after_completion()
    {
        Prepare(1, 1, 0);
        _plic.Source(1).Set(true);
        Assert.Equal(1u, Read(Claim0));
        Assert.Equal(0u, Read(Claim0));
        _plic.Source(1).Set(false);
        _plic.Source(1).Set(true);
        Assert.False(_contexts[0].Level);
        Write(Claim0, 1);
        Assert.True(_contexts[0].Level);
        Assert.Equal(1u, Read(Claim0));
        _plic.Source(1).Set(false);
        Write(Claim0, 1);
        Assert.False(_contexts[0].Level);
    }

    [Fact]
    public void Request_once_made_stays_although_the_wire_falls()
    {
        Prepare(1, 1, 0);
        _plic.Source(1).Set(true);
        _plic.Source(1).Set(false);
        Assert.True(_contexts[0].Level);
        Assert.Equal(1u, Read(Claim0));
        Write(Claim0, 1);
        Assert.False(_contexts[0].Level);
    }

    [Fact]
    public void Completion_by_a_context_without_the_source_enabled_is_ignored()
    {
        Prepare(3, 1, 0);
        _plic.Source(3).Set(true);
        Assert.Equal(3u, Read(Claim0));
        Write(Claim1, 3);
        Assert.False(_contexts[0].Level);
        Write(Claim0, 96);
        Write(Claim0, uint.MaxValue);
        Assert.False(_contexts[0].Level);
        Write(Claim0, 3);
        Assert.True(_contexts[0].Level);
    }

    [Fact]
    public void Source_enabled_twice_is_claimed_by_one_context_only()
    {
        Prepare(3, 1, 0);
        Prepare(3, 1, 1);
        _plic.Source(3).Set(true);
        Assert.True(_contexts[0].Level && _contexts[1].Level);
        Assert.Equal(3u, Read(Claim1));
        Assert.False(_contexts[0].Level || _contexts[1].Level);
        Assert.Equal(0u, Read(Claim0));
    }

    [Fact]
    public void Registers_keep_only_the_bits_that_exist()
    {
        foreach (ulong offset in (ulong[])[0, 4, 95 * 4, 96 * 4, 0x1000, 0x1008, 0x2000, 0x2008, 0x200c, 0x2200, 0x20_0000, 0x20_4000, 0x5f_fffc]) Write(offset, uint.MaxValue);
        Assert.Equal(0u, Read(0));
        Assert.Equal(7u, Read(4));
        Assert.Equal(7u, Read(95 * 4));
        Assert.Equal(0u, Read(96 * 4));
        Assert.Equal(0u, Read(0x1000));
        Assert.Equal(0xffff_fffeu, Read(0x2000));
        Assert.Equal(0xffff_ffffu, Read(0x2008));
        Assert.Equal(0u, Read(0x200c));
        Assert.Equal(0u, Read(0x2200));
        Assert.Equal(7u, Read(0x20_0000));
        Assert.Equal(0u, Read(0x20_4000));
        Assert.Equal(0u, Read(0x5f_fffc));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public void Access_of_another_width_than_32_bits_does_nothing(int size)
    {
        Prepare(1, 1, 0);
        _plic.Source(1).Set(true);
        Assert.Equal(0UL, _plic.Read(0x20_0000, size));
        _plic.Write(4, size, 0);
        Assert.Equal(1u, Read(4));
        Assert.True(_contexts[0].Level);
    }

    [Fact]
    public void Reset_clears_everything_and_samples_the_wires_anew()
    {
        Prepare(1, 1, 0);
        Prepare(2, 1, 0);
        _plic.Source(1).Set(true);
        _plic.Source(2).Set(true);
        Assert.Equal(1u, Read(Claim0));
        lock (_plic) _plic.Reset();
        Assert.False(_contexts[0].Level);
        // The device of source 1 is reset after the controller: no interrupt is left of it.
        _plic.Source(1).Set(false);
        Assert.Equal(0u, Read(4));
        Prepare(1, 1, 0);
        Prepare(2, 1, 0);
        Assert.Equal(2u, Read(Claim0));
        Assert.Equal(0u, Read(Claim0));
    }

    [Fact]
    public void Source_numbers_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _plic.Source(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => _plic.Source(96));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Plic(1024, []));
    }

    [Fact]
    public async Task Sources_driven_by_many_threads_are_all_served()
    {
        for (int source = 1; source <= 4; source++) Prepare(source, 1, 0);
        int[] served = new int[5];
        Task[] devices = [.. Enumerable.Range(1, 4).Select(source => Task.Run(() =>
        {
            for (int i = 0; i < 300; i++)
            {
                int before = Volatile.Read(ref served[source]);
                _plic.Source(source).Set(true);
                SpinWait.SpinUntil(() => Volatile.Read(ref served[source]) != before);
            }
        }))];
        var all = Task.WhenAll(devices);
        while (!all.IsCompleted)
        {
            uint source;
            lock (_plic) source = (uint)_plic.Read(Claim0, 4);
            if (source == 0) continue;
            _plic.Source((int)source).Set(false);
            lock (_plic) _plic.Write(Claim0, 4, source);
            Interlocked.Increment(ref served[source]);
        }

        await all;
        Assert.Equal([0, 300, 300, 300, 300], served);
    }

    [Fact]
    public void Random_accesses_never_throw() =>
        DeviceFuzz.Run(_plic, 100_000, random => _plic.Source(random.Next(1, 96)).Set(random.Next(2) == 0));

    [Fact]
    public void Snapshot_keeps_the_contract() =>
        SnapshotContract.Check(() => new Plic(95, [new RecordingLine(), new RecordingLine()]), plic =>
        {
            plic.Source(9).Set(true);
            plic.Source(94).Set(true);
            plic.Write(9 * 4, 4, 3);
            plic.Write(94 * 4, 4, 2);
            plic.Write(0x2080, 4, 1 << 9);
            plic.Write(0x2088, 4, 1 << 30);
            plic.Write(0x20_1000, 4, 1);
            Assert.Equal(9UL, plic.Read(Claim1, 4));
        });

    [Fact]
    public void Load_drives_the_wires_of_the_state_loaded()
    {
        Prepare(1, 1, 2);
        _plic.Source(1).Set(true);
        var line = new RecordingLine();
        var other = new Plic(95, [new RecordingLine(), new RecordingLine(), line, new RecordingLine()]);
        SnapshotContract.Load(other, SnapshotContract.Save(_plic));
        Assert.True(line.Level);
    }

    [Fact]
    public void Node_is_the_one_that_kernels_know()
    {
        var root = new DeviceTreeNode("");
        new Plic(95, [new RecordingLine(), new RecordingLine(), new RecordingLine(), new RecordingLine()]) { Phandle = 5, HartPhandles = [4, 2] }.Describe(root, 0xc00_0000, 0);
        DeviceTreeNode node = Assert.Single(root.Children);
        Assert.Equal("plic@c000000", node.Name);
        Assert.Equal("\"sifive,plic-1.0.0\", \"riscv,plic0\"", DeviceTreeProbe.Text(node, "compatible"));
        Assert.Equal("<0x0 0xc000000 0x0 0x600000>", DeviceTreeProbe.Text(node, "reg"));
        Assert.Equal("<0x4 0xb 0x4 0x9 0x2 0xb 0x2 0x9>", DeviceTreeProbe.Text(node, "interrupts-extended"));
        Assert.Equal("<0x5f>", DeviceTreeProbe.Text(node, "riscv,ndev"));
        Assert.Equal("<0x5>", DeviceTreeProbe.Text(node, "phandle"));
    }

    private void Prepare(int source, uint priority, int context)
    {
        Write((ulong)source * 4, priority);
        ulong enable = 0x2000 + (ulong)context * 0x80 + (ulong)source / 32 * 4;
        Write(enable, Read(enable) | 1u << source % 32);
    }

    private uint Read(ulong offset)
    {
        lock (_plic) return (uint)_plic.Read(offset, 4);
    }

    private void Write(ulong offset, uint value)
    {
        lock (_plic) _plic.Write(offset, 4, value);
    }
}
