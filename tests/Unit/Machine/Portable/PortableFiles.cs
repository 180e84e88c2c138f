using Doppel.Machine.Portable.Format;

namespace Doppel.Tests.Unit.Machine.Portable;

/// <summary>Files of the format in memory.</summary>
internal static class PortableFiles
{
    public const string Passphrase = "correct horse";

    /// <summary>A file of some objects.</summary>
    public static async Task<byte[]> WriteAsync(bool encrypted, params IEnumerable<(string Name, byte[] Content)> objects)
    {
        var file = new MemoryStream();
        Stream body = await FileHeader.WriteAsync(file, encrypted ? Passphrase : null, Seal.MinIterations);
        using (var writer = new PortableWriter(body))
        {
            foreach ((string name, byte[] content) in objects) await writer.WriteAsync(name, new ByteContent(content));
            await writer.FinishAsync();
        }

        await FileHeader.EndAsync(body);
        return file.ToArray();
    }

    /// <summary>All objects of a file, by <paramref name="input"/>.</summary>
    public static async Task<List<(PortableObject Object, byte[] Content)>> ReadAsync(Stream input, string passphrase = Passphrase, long maxLength = 1 << 24)
    {
        var all = new List<(PortableObject, byte[])>();
        Stream body = await FileHeader.ReadAsync(input, "test.doppel", () => passphrase);
        using var reader = new PortableReader(body, "test.doppel", FileHeader.Size);
        while (await reader.NextAsync() is { } entry)
        {
            var target = new ByteContent(new byte[Math.Min(entry.Length, maxLength)]);
            all.Add((await reader.CopyToAsync(target), target.Bytes));
        }

        return all;
    }

    /// <summary>Content that neither repeats itself nor can be packed.</summary>
    public static byte[] Noise(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
