using Doppel.CodeGen.X64;
using Doppel.Core.Backends;
using Doppel.Core.Bus;
using Doppel.Core.Clock;
using Doppel.Core.DeviceTree;
using Doppel.Core.Interrupts;
using Doppel.Core.Memory;
using Doppel.Core.Metrics;
using Doppel.Core.Net;
using Doppel.Core.Snapshot;
using Doppel.Core.Trace;
using Doppel.Core.Vcpu;
using Doppel.Devices.Identity;
using Doppel.Devices.Interrupt;
using Doppel.Devices.Power;
using Doppel.Devices.Rtc;
using Doppel.Devices.Serial;
using Doppel.Devices.Virtio;
using Doppel.Devices.Virtio.Mmio;
using Doppel.Engines.Translator;
using Doppel.Engines.Translator.Observation;
using Doppel.Machine.Boot;
using Doppel.Machine.Lifecycle;
using Doppel.Machine.Networks;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Sbi;
using Doppel.RiscV.Translation;

namespace Doppel.Machine.Boards;

/// <summary>The board <c>riscv-virt</c>: harts, interrupt controllers and devices, wired and put in their places of <see cref="RiscVVirtMap"/>. Complete once it has been plugged together (<see cref="Plug"/>).</summary>
internal sealed class RiscVVirt : ISbiPlatform
{
    // Interrupt inputs of a hart: the bits of mip.
    private const int MachineSoftware = 3;
    private const int MachineTimer = 7;
    private const int SupervisorExternal = 9;
    private const int MachineExternal = 11;

    /// <summary>Of a copy, twice what an idle Linux executes, and what it takes to become idle; see <see cref="TranslatorOptions.ColdInstructions"/>.</summary>
    private const int ColdInstructions = 250_000;

    private readonly VmConfig _config;
    private readonly List<(IDeviceTreeSource Source, MapEntry Place)> _described = [];
    private readonly List<VirtioMmio> _virtio = [];
    private readonly List<VirtioNet> _adapters = [];
    private readonly List<ISnapshotPart> _parts = [];
    private readonly List<IDisposable> _owned = [];
    private readonly SystemBus _bus;
    private readonly Plic _plic;
    private readonly TestFinisher _finisher;
    private readonly IEntropySource _entropy;
    private readonly uint _plicPhandle;

    /// <param name="isCopy">The machine goes on from a snapshot: it may be one of many, that take little memory each if they do little.</param>
    public RiscVVirt(VmConfig config, VmHost host, IMachineClock clock, GuestMemory memory, MachineControl control, bool isCopy = false)
    {
        _config = config;
        Clock = clock;
        Memory = memory;
        Machine = control;
        Trace = new MachineTrace(config.Trace, host.TraceLine, host.Warning);
        Console = host.Serial ?? NoConsole.Instance;
        _plicPhandle = CpuNodes.FirstFreePhandle(config.Cpus);
        _parts.Add(new ClockPart(clock));
        _entropy = Entropy();

        // RAM, harts, and the time that they and the interruptor show.
        var time = new TickCounter(clock, HartConfig.TimebaseFrequency);
        Ram = memory.AddRegion(RiscVVirtMap.RamName, RiscVVirtMap.Ram.Address, config.MemoryBytes);
        _bus = new SystemBus(Trace);
        var hartConfig = new HartConfig { MaxMode = Enum.Parse<VirtualAddressMode>(config.Cpu.Paging.ToString()) };
        Harts = [.. Enumerable.Range(0, config.Cpus).Select(id => new RiscVHart(id, hartConfig, memory, _bus, clock, Trace, time))];
        _parts.AddRange(Harts);
        _owned.AddRange(Harts);
        NoteTheWay();
        Translator = config.Engine != EngineKind.Interpreter && VmConfigValidator.Supports(EngineKind.Translator) ? Translate(hartConfig, host, isCopy) : null;

        // Interrupt controllers. Of each hart the PLIC serves first machine mode, then supervisor mode.
        uint[] hartPhandles = [.. Harts.Select(h => CpuNodes.InterruptPhandle(h.Id))];
        _plic = new Plic(RiscVVirtMap.PlicSources, [.. Harts.SelectMany(h => new[] { new VcpuLine(h, MachineExternal), new VcpuLine(h, SupervisorExternal) })])
        {
            Phandle = _plicPhandle,
            HartPhandles = hartPhandles,
        };
        var clint = new Aclint(time, [.. Harts.Select(h => ((IInterruptLine)new VcpuLine(h, MachineSoftware), (IInterruptLine)new VcpuLine(h, MachineTimer)))])
        {
            HartPhandles = hartPhandles,
        };

        // Devices.
        _finisher = new TestFinisher(control) { Phandle = _plicPhandle + 1 };
        Map(_finisher, RiscVVirtMap.TestFinisher);
        Map(new GoldfishRtc(clock, Line(RiscVVirtMap.Rtc)), RiscVVirtMap.Rtc);
        GenerationId = new VmGenerationId(_entropy, Line(RiscVVirtMap.GenerationId));
        Map(GenerationId, RiscVVirtMap.GenerationId);
        Map(clint, RiscVVirtMap.Clint);
        Map(_plic, RiscVVirtMap.Plic);
        Map(new Uart16550(Console, Line(RiscVVirtMap.Uart)), RiscVVirtMap.Uart);
    }

    public MemoryRegion Ram { get; }

    /// <summary>What executes the harts' code, if not the interpreter.</summary>
    public CodeTranslator? Translator { get; }

    public VmGenerationId GenerationId { get; }

    public IReadOnlyList<RiscVHart> Harts { get; }

    /// <summary>Where the harts' traps are noted; null under the real clock.</summary>
    public TraceHash? Hash { get; private set; }

    public GuestMemory Memory { get; }

    public IMachineClock Clock { get; }

    IVmClock ISbiPlatform.Clock => Clock;

    public MachineControl Machine { get; }

    IMachineControl ISbiPlatform.Machine => Machine;

    /// <summary>The wire of the serial port, which firmware calls and test programs share.</summary>
    public IConsoleBackend Console { get; }

    public ITrace Trace { get; }

    /// <summary>What devices have counted.</summary>
    public IEnumerable<Statistic> Statistics => _adapters.SelectMany((adapter, i) => adapter.Statistics.Select(s => s with { Name = $"net{i}.{s.Name}" }));

    public SystemBus Bus => _bus;

    public IReadOnlyList<ISnapshotPart> Parts => _parts;

    /// <summary>What must be told that the machine is gone: it takes events from clocks and consoles.</summary>
    public IReadOnlyList<IDisposable> Owned => _owned;

    /// <summary>How many disks fit beside the other virtio devices: entropy, and the console if there is one.</summary>
    public static int DiskSlots(VmConfig config) => RiscVVirtMap.VirtioSlots - 1 - (config.VirtioConsole ? 1 : 0);

    /// <summary>How many network adapters fit beside the disks.</summary>
    public static int NetworkSlots(VmConfig config) => DiskSlots(config) - config.Disks.Count;

    /// <summary>Puts the virtio devices in: those with something of the host's behind them. Once, before anything runs.</summary>
    public void Plug(VmHost host, IReadOnlyList<IBlockBackend> disks) => MapVirtio([.. VirtioDevices(_config, host, disks)]);

    /// <summary>Devices finish the I/O that is under way and begin no new one.</summary>
    public Task QuiesceAsync() => Task.WhenAll(_virtio.Select(v => v.QuiesceAsync()));

    public void Resume()
    {
        foreach (VirtioMmio virtio in _virtio) virtio.Resume();
    }

    /// <summary>The machine lives a moment once more: the guest is told, and asked to tell its networks where it is now.</summary>
    public void Relived()
    {
        GenerationId.Renew();
        foreach (VirtioNet adapter in _adapters) adapter.Announce();
    }

    /// <summary>Writes the device tree: what each part says of itself, where everything to boot is, and the user's changes.</summary>
    public byte[] DescribeAll(BootLayout layout, BootImages images)
    {
        var root = new DeviceTreeNode("");
        root.Cells("#address-cells", 2).Cells("#size-cells", 2).Strings("compatible", "riscv-virtio").Strings("model", "doppel,riscv-virt");
        DescribeChosen(root.Child("chosen"), layout, images);
        root.Child("aliases").Strings("serial0", $"/soc/serial@{RiscVVirtMap.Uart.Address:x}");
        root.Child($"memory@{Ram.Address:x}").Strings("device_type", "memory").Reg(Ram.Address, Ram.Length);
        CpuNodes.Describe(root, Harts);
        PmuNode.Describe(root);
        DeviceTreeNode soc = root.Child("soc")
            .Cells("#address-cells", 2)
            .Cells("#size-cells", 2)
            .Strings("compatible", "simple-bus")
            .Cells("interrupt-parent", _plicPhandle)
            .Flag("ranges")
            // Devices and processors see the same memory, although there are instructions to manage caches.
            .Flag("dma-coherent");
        foreach ((IDeviceTreeSource source, MapEntry place) in _described) source.Describe(soc, place.Address, place.Interrupt);
        _finisher.DescribePower(root);
        foreach (string change in _config.DeviceTreeChanges) DeviceTreeChange.Parse(change).Apply(root);
        return DeviceTreeBlob.Write(root);
    }

    private CodeTranslator Translate(HartConfig config, VmHost host, bool isCopy)
    {
        bool counts = _config.Clock == ClockKind.Virtual;
        var frontEnd = new RiscVFrontEnd(config.Extensions, X64Host.Supports, counts, Trace.Enabled(TraceCategory.Irq));
        var options = new TranslatorOptions { Counts = counts, ColdInstructions = isCopy ? ColdInstructions : 0, Observers = [.. Observers(host)] };
        if (_config.CodeCacheBytes is { } bytes) options = options with { CodeBytes = (int)bytes };
        var translator = new CodeTranslator(frontEnd, Ram, Harts.Count, RiscVSlot.Count, RiscVSlot.ReservationAddress, options);
        foreach (RiscVHart hart in Harts) hart.Engine = translator.Attach(hart.Processor);
        _owned.Add(translator);
        return translator;
    }

    private IEnumerable<ICodeObserver> Observers(VmHost host)
    {
        if (Trace.Enabled(TraceCategory.Tb)) yield return new TranslationTrace(Trace);
        if (!host.PerfMap) yield break;
        PerfMap map = PerfMap.Open();
        _owned.Add(map);
        yield return map;
    }

    private void DescribeChosen(DeviceTreeNode chosen, BootLayout layout, BootImages images)
    {
        byte[] seed = new byte[32];
        (_config.Clock == ClockKind.Virtual ? new SeededEntropy(~_config.Seed.GetValueOrDefault()) : _entropy).Fill(seed);
        chosen.Strings("stdout-path", $"/soc/serial@{RiscVVirtMap.Uart.Address:x}").Bytes("rng-seed", seed);
        if (images.Kernel is null) return;
        chosen.Strings("bootargs", _config.Append);
        if (images.Initrd.IsEmpty) return;
        chosen.Cells64("linux,initrd-start", layout.InitrdAddress).Cells64("linux,initrd-end", layout.InitrdAddress + (ulong)images.Initrd.Length);
    }

    /// <summary>Under the virtual clock everything that the guest sees is to repeat.</summary>
    private IEntropySource Entropy()
    {
        if (_config.Clock != ClockKind.Virtual) return new HostEntropy();
        var entropy = new SeededEntropy(_config.Seed.GetValueOrDefault());
        _parts.Add(entropy);
        return entropy;
    }

    private void NoteTheWay()
    {
        if (_config.Clock != ClockKind.Virtual) return;
        Hash = new TraceHash(Trace);
        foreach (RiscVHart hart in Harts) hart.Hash = Hash;
        _parts.Add(new TraceHashPart(Hash));
    }

    private IEnumerable<VirtioDevice> VirtioDevices(VmConfig config, VmHost host, IReadOnlyList<IBlockBackend> disks)
    {
        if (config.VirtioConsole)
        {
            IConsoleBackend console = host.Console ?? NoConsole.Instance;
            yield return config.Ports.Count == 0
                ? new VirtioConsole(console)
                : new VirtioConsole([new VirtioConsolePort(console, IsConsole: true), .. config.Ports.Select(name => new VirtioConsolePort(host.Ports.GetValueOrDefault(name) ?? NoConsole.Instance, name))]);
        }

        yield return new VirtioEntropy(_entropy);
        foreach (IBlockBackend disk in disks) yield return new VirtioBlock(disk);
        for (int i = 0; i < config.Networks.Count; i++)
        {
            _ = MacAddress.TryParse(config.Networks[i].Mac, out MacAddress mac);
            var adapter = new VirtioNet(host.Networks.ElementAtOrDefault(i) ?? new NoNetwork(), mac, config.Networks[i].Mtu);
            _adapters.Add(adapter);
            foreach (RiscVHart hart in Harts) hart.Idle += adapter.OnGuestIdle;
            yield return adapter;
        }
    }

    /// <summary>Every slot answers: the first ones with the devices, the rest as empty.</summary>
    private void MapVirtio(IReadOnlyList<VirtioDevice> devices)
    {
        for (int slot = 0; slot < RiscVVirtMap.VirtioSlots; slot++)
        {
            MapEntry place = RiscVVirtMap.Virtio(slot);
            if (slot >= devices.Count)
            {
                Map(new EmptyVirtioMmio(), place, $"virtio@{place.Address:x}");
                continue;
            }

            var mmio = new VirtioMmio(devices[slot], Memory, Line(place), Trace, $"virtio@{place.Address:x}");
            if (_config.Clock == ClockKind.Virtual) mmio.Later = work => Clock.CreateAlarm(work).Set(Clock.Nanoseconds);
            else if (devices[slot] is VirtioNet adapter) mmio.Later = Own(new WorkThread($"{_config.Name}-adapter{_adapters.IndexOf(adapter)}")).Post;
            _virtio.Add(mmio);
            Map(mmio, place);
        }
    }

    private T Own<T>(T one)
        where T : IDisposable
    {
        _owned.Add(one);
        return one;
    }

    private IInterruptLine Line(MapEntry place) => _plic.Source((int)place.Interrupt);

    private void Map<T>(T device, MapEntry place)
        where T : IBusDevice, IDeviceTreeSource, ISnapshotPart
    {
        Map(device, place, device.SnapshotName);
        _parts.Add(device);
    }

    private void Map<T>(T device, MapEntry place, string name)
        where T : IBusDevice, IDeviceTreeSource
    {
        _bus.Map(name, place.Address, device);
        _described.Add((device, place));
        if (device is IDisposable disposable) _owned.Add(disposable);
    }
}
