using System.Text.Json;
using Doppel.Backends.Disk;

namespace Doppel.Machine.Json;

/// <summary>A configuration as JSON: as it lies in the records of machines and snapshots. What is not said has its usual value.</summary>
internal static class VmConfigJson
{
    /// <exception cref="JsonException">It is not what it should be.</exception>
    public static VmConfig Read(JsonElement element)
    {
        var fields = new JsonFields(element);
        var usual = new VmConfig();
        return new VmConfig
        {
            Name = fields.Text("name", usual.Name),
            Cpus = fields.Number("cpus", usual.Cpus),
            MemoryBytes = fields.Number("memoryBytes", usual.MemoryBytes),
            Cpu = fields.Object("cpu") is { } cpu ? new CpuConfig { Paging = new JsonFields(cpu).Choice("paging", usual.Cpu.Paging) } : usual.Cpu,
            Engine = fields.Choice("engine", usual.Engine),
            CodeCacheBytes = fields.OptionalNumber("codeCacheBytes"),
            Clock = fields.Choice("clock", usual.Clock),
            Seed = fields.OptionalNumber("seed"),
            StartTime = fields.OptionalTime("startTime"),
            Kernel = fields.OptionalText("kernel"),
            Initrd = fields.OptionalText("initrd"),
            InitrdExtras = fields.Bytes("initrdExtras"),
            Append = fields.Text("append", usual.Append),
            Bios = fields.OptionalText("bios"),
            Disks = fields.Array("disks", static (disk, _) => ReadDisk(new JsonFields(disk))),
            Networks = fields.Array("networks", static (network, _) => ReadNetwork(new JsonFields(network))),
            VirtioConsole = fields.Flag("virtioConsole", usual.VirtioConsole),
            Ports = fields.Texts("ports"),
            DeviceTreeChanges = fields.Texts("deviceTreeChanges"),
            NoReboot = fields.Flag("noReboot", usual.NoReboot),
            Trace = fields.Choice("trace", usual.Trace),
        };
    }

    public static void Write(Utf8JsonWriter writer, VmConfig config)
    {
        writer.WriteStartObject();
        writer.WriteString("name", config.Name);
        writer.WriteNumber("cpus", config.Cpus);
        writer.WriteNumber("memoryBytes", config.MemoryBytes);
        writer.WriteStartObject("cpu");
        writer.WriteString("paging", config.Cpu.Paging.ToString());
        writer.WriteEndObject();
        writer.WriteString("engine", config.Engine.ToString());
        WriteNumber(writer, "codeCacheBytes", config.CodeCacheBytes);
        writer.WriteString("clock", config.Clock.ToString());
        WriteNumber(writer, "seed", config.Seed);
        if (config.StartTime is { } time) writer.WriteString("startTime", time);
        else writer.WriteNull("startTime");
        writer.WriteString("kernel", config.Kernel);
        writer.WriteString("initrd", config.Initrd);
        writer.WriteStartArray("initrdExtras");
        foreach (ReadOnlyMemory<byte> extra in config.InitrdExtras) writer.WriteBase64StringValue(extra.Span);
        writer.WriteEndArray();
        writer.WriteString("append", config.Append);
        writer.WriteString("bios", config.Bios);
        writer.WriteStartArray("disks");
        foreach (DiskConfig disk in config.Disks) Write(writer, disk);
        writer.WriteEndArray();
        writer.WriteStartArray("networks");
        foreach (NetworkConfig network in config.Networks) Write(writer, network);
        writer.WriteEndArray();
        writer.WriteBoolean("virtioConsole", config.VirtioConsole);
        WriteTexts(writer, "ports", config.Ports);
        WriteTexts(writer, "deviceTreeChanges", config.DeviceTreeChanges);
        writer.WriteBoolean("noReboot", config.NoReboot);
        writer.WriteString("trace", config.Trace.ToString());
        writer.WriteEndObject();
    }

    private static DiskConfig ReadDisk(JsonFields fields) => new(
        fields.RequiredText("path"),
        fields.Flag("readOnly"),
        fields.OptionalChoice<DiskFormat>("format"),
        fields.Flag("allowBackingAnywhere"),
        fields.Flag("copyOnWrite"));

    private static void Write(Utf8JsonWriter writer, DiskConfig disk)
    {
        writer.WriteStartObject();
        writer.WriteString("path", disk.Path);
        writer.WriteBoolean("readOnly", disk.ReadOnly);
        writer.WriteString("format", disk.Format?.ToString());
        writer.WriteBoolean("allowBackingAnywhere", disk.AllowBackingAnywhere);
        writer.WriteBoolean("copyOnWrite", disk.CopyOnWrite);
        writer.WriteEndObject();
    }

    private static NetworkConfig ReadNetwork(JsonFields fields)
    {
        var usual = new NetworkConfig();
        return new NetworkConfig
        {
            Kind = fields.Choice("kind", usual.Kind),
            Name = fields.OptionalText("name"),
            Mac = fields.OptionalText("mac"),
            Mtu = fields.Number("mtu", usual.Mtu),
            User = fields.Object("user") is { } user ? ReadUser(new JsonFields(user)) : null,
            Vlan = fields.Number("vlan", usual.Vlan),
            Trunk = fields.Shorts("trunk"),
            Isolated = fields.Flag("isolated", usual.Isolated),
            Locked = fields.Flag("locked", usual.Locked),
            Addresses = fields.Texts("addresses"),
            BytesPerSecond = fields.Number("bytesPerSecond", usual.BytesPerSecond),
            Capture = fields.OptionalText("capture"),
        };
    }

    private static void Write(Utf8JsonWriter writer, NetworkConfig network)
    {
        writer.WriteStartObject();
        writer.WriteString("kind", network.Kind.ToString());
        writer.WriteString("name", network.Name);
        writer.WriteString("mac", network.Mac);
        writer.WriteNumber("mtu", network.Mtu);
        if (network.User is null) writer.WriteNull("user");
        else Write(writer, network.User);
        writer.WriteNumber("vlan", network.Vlan);
        writer.WriteStartArray("trunk");
        foreach (ushort vlan in network.Trunk) writer.WriteNumberValue(vlan);
        writer.WriteEndArray();
        writer.WriteBoolean("isolated", network.Isolated);
        writer.WriteBoolean("locked", network.Locked);
        WriteTexts(writer, "addresses", network.Addresses);
        writer.WriteNumber("bytesPerSecond", network.BytesPerSecond);
        writer.WriteString("capture", network.Capture);
        writer.WriteEndObject();
    }

    private static UserNetworkSettings ReadUser(JsonFields fields)
    {
        var usual = new UserNetworkSettings();
        return new UserNetworkSettings
        {
            Network = fields.OptionalText("network"),
            V6 = fields.Flag("v6", usual.V6),
            Restrict = fields.Flag("restrict", usual.Restrict),
            HostLoopback = fields.Flag("hostLoopback", usual.HostLoopback),
            PrivateNetworks = fields.Flag("privateNetworks", usual.PrivateNetworks),
            Allow = fields.Texts("allow"),
            Deny = fields.Texts("deny"),
            Forwards = fields.Texts("forwards"),
        };
    }

    private static void Write(Utf8JsonWriter writer, UserNetworkSettings user)
    {
        writer.WriteStartObject("user");
        writer.WriteString("network", user.Network);
        writer.WriteBoolean("v6", user.V6);
        writer.WriteBoolean("restrict", user.Restrict);
        writer.WriteBoolean("hostLoopback", user.HostLoopback);
        writer.WriteBoolean("privateNetworks", user.PrivateNetworks);
        WriteTexts(writer, "allow", user.Allow);
        WriteTexts(writer, "deny", user.Deny);
        WriteTexts(writer, "forwards", user.Forwards);
        writer.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter writer, string name, IReadOnlyList<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (string text in texts) writer.WriteStringValue(text);
        writer.WriteEndArray();
    }

    private static void WriteNumber(Utf8JsonWriter writer, string name, ulong? number)
    {
        if (number is { } value) writer.WriteNumber(name, value);
        else writer.WriteNull(name);
    }
}
