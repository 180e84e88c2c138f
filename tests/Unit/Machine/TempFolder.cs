namespace Doppel.Tests.Unit.Machine;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TempFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("doppel-test-").FullName;

    public string Path => _path;

    /// <summary>Writes a file and gives its path.</summary>
    public string File(string name, byte[] content)
    {
        string path = System.IO.Path.Combine(_path, name);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
