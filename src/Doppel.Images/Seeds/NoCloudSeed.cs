// cloud-init's data source NoCloud (cloud-init 24, "Datasource reference, NoCloud"): a disk labelled cidata with the files meta-data and user-data.
using System.Text;
using Doppel.Core.Errors;
using Doppel.Images.Archives;

namespace Doppel.Images.Seeds;

/// <summary>A disk that tells a guest who it is and what it is to do: read by cloud-init, and, as far as docs/debian-disk.md says, by the image debian without it.</summary>
public sealed class NoCloudSeed
{
    private const string Label = "cidata";

    /// <summary>Linux takes no longer ones.</summary>
    private const int MaxHostName = 63;

    /// <summary>Cloud providers take 16 to 64 KiB; this is to be no reason to cut anything.</summary>
    private const long MaxUserData = 1 << 20;

    private static readonly string[] Beginnings = ["#", "Content-Type:", "MIME-Version:", "From "];
    private readonly byte[] _userData;

    /// <summary>A seed without user data: who the machine is, and no more.</summary>
    public NoCloudSeed()
        : this("#cloud-config\n"u8.ToArray())
    {
    }

    private NoCloudSeed(byte[] userData) => _userData = userData;

    /// <summary>What the machine is called in its guest; what a host name cannot have becomes '-'.</summary>
    public required string HostName { get; init; }

    /// <summary>Keys that may log in, each a line as in <c>authorized_keys</c>.</summary>
    public IReadOnlyList<string> AuthorizedKeys { get; init; } = [];

    /// <summary>What is done once for each machine is done again when this is another one.</summary>
    public string InstanceId { get; init; } = $"iid-{Guid.NewGuid():n}";

    /// <summary>Takes user data from a file: <c>#cloud-config</c>, a script, or whatever else cloud-init understands.</summary>
    /// <exception cref="DoppelException">It is not there, too large, or nothing that cloud-init understands.</exception>
    public static NoCloudSeed FromFile(string path, string hostName, params IReadOnlyList<string> keys)
    {
        byte[] userData = Read(path);
        string start = Encoding.ASCII.GetString(userData, 0, Math.Min(userData.Length, 16));
        bool isCompressed = userData is [0x1F, 0x8B, ..];
        if (!isCompressed && !Beginnings.Any(b => start.StartsWith(b, StringComparison.OrdinalIgnoreCase)))
            throw new DoppelException(ErrorKind.Usage, $"{path} is no user data: nothing says how it is to be read", "its first line is #cloud-config, or #! and an interpreter");
        return new NoCloudSeed(userData) { HostName = hostName, AuthorizedKeys = keys };
    }

    /// <summary>Writes the disk, an ISO 9660 file system.</summary>
    /// <param name="path">A new file.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(string path)
    {
        using FileStream output = new(path, FileMode.CreateNew, FileAccess.Write);
        new IsoWriter(Label, TimeProvider.System.GetUtcNow()).Write(output, [Content("meta-data", MetaData()), Content("user-data", _userData)]);
    }

    /// <summary>YAML, in which a JSON string is one as well.</summary>
    internal byte[] MetaData()
    {
        var text = new StringBuilder($"instance-id: {InstanceId}\nlocal-hostname: {ValidHostName()}\n");
        if (AuthorizedKeys.Count > 0) text.Append("public-keys:\n");
        foreach (string key in AuthorizedKeys) text.Append($"  - \"{key}\"\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private string ValidHostName()
    {
        string name = string.Concat(HostName.Select(c => char.IsAsciiLetterOrDigit(c) || c == '.' ? c : '-')).Trim('-', '.');
        return name.Length == 0 ? "doppel" : name[..Math.Min(name.Length, MaxHostName)].TrimEnd('-', '.');
    }

    private static byte[] Read(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Exists && file.Length > MaxUserData) throw new DoppelException(ErrorKind.Usage, $"{path} is larger than {MaxUserData >> 20} MiB", "let the guest fetch what is large");
            return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DoppelException(ErrorKind.NotFound, $"--cloud-init: there is no file {path}", "--cloud-init FILE with user data", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DoppelException(ErrorKind.Denied, $"--cloud-init: {path} cannot be read: {exception.Message.TrimEnd('.')}", "check its permissions", exception);
        }
    }

    private static IsoFile Content(string name, byte[] content) => new(name, content.Length, () => new MemoryStream(content));
}
