using System.Text;
using Doppel.Images.Archives;
using Doppel.Images.Xz;

namespace Doppel.Images.Guests;

/// <summary>The kernel's modules that go into the guest, gathered while its package is read, closed under their dependencies.</summary>
internal sealed class DriverSet
{
    private const int LargestModule = 64 << 20;

    /// <summary>Loaded at every boot, as far as the machine has the device: uncompressed, since the guest is slower than we are.</summary>
    private static readonly string[] Eager = ["virtio_mmio", "virtio_blk", "virtio_rng", "virtio_net"];

    /// <summary>
    /// Loaded when first used. They stay compressed, the kernel unpacks them by itself: ext4 alone is 7 MB unpacked, and would take
    /// that much of every guest's memory. crc32c_generic is what ext4's checksums ask for by an alias, not by a dependency.
    /// </summary>
    private static readonly string[] Lazy = ["ext4", "crc32c_generic", "vfat", "nls_cp437", "nls_ascii", "nls_utf8", "loop", "overlay", "isofs"];

    /// <summary>Dependencies as we know them, so that one pass over the package is enough; what is missing here costs a second pass.</summary>
    private static readonly string[] Expected = ["jbd2", "mbcache", "crc16", "fat", "cdrom", "net_failover", "failover"];

    private readonly HashSet<string> _wanted = [.. Eager, .. Lazy, .. Expected];
    private readonly SortedDictionary<string, Module> _modules = new(StringComparer.Ordinal);

    /// <summary>Names what this class makes of a kernel's package, for the cache.</summary>
    internal static string Recipe => "1:" + string.Join(',', [.. Eager, "/", .. Lazy]);

    internal string? KernelRelease { get; private set; }

    /// <summary>Modules that are needed and have not been seen yet.</summary>
    internal IReadOnlyList<string> Missing => [.. Needed().Where(name => !_modules.ContainsKey(name)).Order(StringComparer.Ordinal)];

    /// <summary>Takes a file of the package if it is a module that is wanted.</summary>
    internal void Offer(string path, Stream? content)
    {
        // usr/lib/modules/RELEASE/kernel/…/NAME.ko.xz
        string[] parts = path.Split('/');
        int modules = Array.IndexOf(parts, "modules");
        if (modules < 0 || modules + 2 >= parts.Length || content is null) return;
        string file = parts[^1];
        bool compressed = file.EndsWith(".ko.xz", StringComparison.Ordinal);
        if (!compressed && !file.EndsWith(".ko", StringComparison.Ordinal)) return;
        string name = ModuleInfo.NormalName(file[..file.IndexOf(".ko", StringComparison.Ordinal)]);
        if (_modules.ContainsKey(name) || !_wanted.Contains(name)) return;

        KernelRelease = parts[modules + 1];
        byte[] packed = ReadAll(content);
        byte[] unpacked = packed;
        if (compressed)
        {
            using XzStream xz = new(new MemoryStream(packed));
            unpacked = ReadAll(xz);
        }
        ModuleInfo info = ModuleInfo.Parse(unpacked);
        bool eager = Eager.Contains(name);
        _modules.Add(name, new Module(name, eager || !compressed ? name + ".ko" : name + ".ko.xz", eager ? unpacked : packed, info));
        _wanted.UnionWith(info.Depends);
    }

    /// <summary>Writes the modules with the two tables that modprobe reads.</summary>
    internal void Write(CpioWriter archive)
    {
        string directory = $"usr/lib/modules/{KernelRelease}";
        StringBuilder dependencies = new(), aliases = new();
        HashSet<string> needed = Needed();
        foreach (Module module in _modules.Values.Where(module => needed.Contains(module.Name)))
        {
            archive.File($"{directory}/{module.File}", module.Content);
            dependencies.Append(module.File).Append(':');
            foreach (string dependency in Closure(module)) dependencies.Append(' ').Append(_modules[dependency].File);
            dependencies.Append('\n');
            foreach (string alias in module.Info.Aliases) aliases.Append("alias ").Append(alias).Append(' ').Append(module.Name).Append('\n');
        }
        archive.File($"{directory}/modules.dep", Encoding.UTF8.GetBytes(dependencies.ToString()));
        archive.File($"{directory}/modules.alias", Encoding.UTF8.GetBytes(aliases.ToString()));
    }

    // What the roots need, by what the modules say; Expected is a hint only.
    private HashSet<string> Needed()
    {
        HashSet<string> needed = [];
        Stack<string> open = new([.. Eager, .. Lazy]);
        while (open.TryPop(out string? name))
        {
            if (!needed.Add(name) || !_modules.TryGetValue(name, out Module? module)) continue;
            foreach (string dependency in module.Info.Depends) open.Push(dependency);
        }
        return needed;
    }

    // As depmod writes them: a module comes before those that it needs itself; they are loaded from the end.
    private List<string> Closure(Module module)
    {
        List<string> closure = [];
        foreach (string dependency in module.Info.Depends)
        {
            closure.Remove(dependency);
            closure.Add(dependency);
            foreach (string further in Closure(_modules[dependency]))
            {
                closure.Remove(further);
                closure.Add(further);
            }
        }
        return closure;
    }

    private static byte[] ReadAll(Stream stream)
    {
        using MemoryStream all = new();
        byte[] buffer = new byte[1 << 16];
        for (int count; (count = stream.Read(buffer)) > 0;)
        {
            if (all.Length + count > LargestModule) throw new InvalidDataException("a kernel module is too large");
            all.Write(buffer, 0, count);
        }
        return all.ToArray();
    }

    private sealed record Module(string Name, string File, byte[] Content, ModuleInfo Info);
}
