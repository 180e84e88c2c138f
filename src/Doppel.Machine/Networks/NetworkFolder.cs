using System.Text.Json;
using Doppel.Core.Errors;
using Doppel.Host.Files;

namespace Doppel.Machine.Networks;

/// <summary>
/// The folder of one network: <c>network.json</c> (that it is there), <c>lock</c> (held by the process that carries it), <c>socket</c> (where that process answers).
/// </summary>
internal sealed class NetworkFolder(string path)
{
    public string Path => path;

    public string Socket => File("socket");

    public bool Exists => System.IO.File.Exists(File("network.json"));

    public string File(string name) => System.IO.Path.Combine(path, name);

    /// <exception cref="DoppelException">It is damaged, of a later version, or may not be read.</exception>
    public NetworkRecord Read()
    {
        string file = File("network.json");
        try
        {
            NetworkRecord record = JsonSerializer.Deserialize(System.IO.File.ReadAllBytes(file), NetworkJson.Default.NetworkRecord) ?? throw new JsonException("it says null");
            return record.Format == NetworkRecord.CurrentFormat ? record : throw new DoppelException(ErrorKind.Corrupt, $"{file}: format {record.Format} is not known here", "use the version of Doppel that made it");
        }
        catch (JsonException exception)
        {
            throw new DoppelException(ErrorKind.Corrupt, $"{file} is damaged: {exception.Message.TrimEnd('.')}", "remove the network with doppel net rm and make it anew", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new DoppelException(ErrorKind.Denied, $"{file} may not be read", "check its permissions", exception);
        }
    }

    public void Write(NetworkRecord record) => AtomicFile.Write(File("network.json"), JsonSerializer.SerializeToUtf8Bytes(record, NetworkJson.Default.NetworkRecord));

    /// <summary>Takes the network for this process, until what is returned is disposed of or the process ends in whatever way; null if another has it.</summary>
    public IDisposable? TryTake()
    {
        try
        {
            return new FileStream(File("lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
