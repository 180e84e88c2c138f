using System.Text.Json;
using System.Text.Json.Serialization;
using Doppel.Backends.Disk;
using Doppel.Core.Trace;
using Doppel.Machine.Json;
using Doppel.Machine.Named;

namespace Doppel.Machine.Portable;

/// <summary>What a saved machine is: the object <c>machine</c>, the first one of a file.</summary>
/// <param name="Format">Version of this record.</param>
/// <param name="IsLive">Whether it was switched on: then there is a <see cref="SavedState"/>.</param>
/// <param name="Machine">As in its folder, but without a path of the host: files are called by the names of their objects.</param>
internal sealed record PortableRecord(int Format, bool IsLive, MachineRecord Machine)
{
    public const int CurrentFormat = 1;

    /// <summary>The name of the object of this record.</summary>
    public const string ObjectName = "machine";

    /// <summary>A record that says nothing of the host.</summary>
    public static PortableRecord Of(MachineRecord record, bool isLive) => new(CurrentFormat, isLive, record with { Config = WithoutPaths(record.Config) });

    /// <summary>A configuration that says nothing of the host, but which files there are.</summary>
    public static VmConfig WithoutPaths(VmConfig config) => config with
    {
        Kernel = config.Kernel is null ? null : BootFile.Kernel,
        Initrd = config.Initrd is null ? null : BootFile.Initrd,
        Bios = config.Bios is null ? null : BootFile.Bios,
        Disks = [.. config.Disks.Select(disk => disk with { Path = "", Format = disk.Format ?? DiskFormats.OfName(disk.Path), AllowBackingAnywhere = false, CopyOnWrite = false })],
        Trace = TraceCategory.None,
    };

    /// <summary>The name of the object of a disk.</summary>
    public static string DiskName(int index) => $"disk/{index}";

    /// <exception cref="JsonException">It is not what it should be.</exception>
    public static PortableRecord Parse(ReadOnlyMemory<byte> text)
    {
        PortableRecord record = StrictJson.Read(text, PortableJson.Default.PortableRecord);
        if (record.Format != CurrentFormat) throw new JsonException($"it has format {record.Format}");
        VmConfig config = record.Machine.Config;
        // Names are shown, and paths are never taken from a file that others made.
        if (record.Machine.Image?.Any(char.IsControl) == true) throw new JsonException("its image has a name with control characters");
        if (config.Disks.Any(d => d.Format is null)) throw new JsonException("it has a disk without a format");
        return record;
    }
}

/// <summary>Names of the files that a machine boots, in its folder and as objects.</summary>
internal static class BootFile
{
    public const string Kernel = "kernel";
    public const string Initrd = "initrd";
    public const string Bios = "bios";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, Converters = [typeof(MachineRecordConverter)])]
[JsonSerializable(typeof(PortableRecord))]
internal sealed partial class PortableJson : JsonSerializerContext;
