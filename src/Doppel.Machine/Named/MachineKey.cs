// An SSH key: RFC 5656 (ECDSA), section 3.1 for the public one; SEC 1 in PEM for the private one, which OpenSSH reads.
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Doppel.Host.Files;

namespace Doppel.Machine.Named;

/// <summary>The key by which a machine's user logs in to its guest: <c>key</c> in the folder <c>ssh</c> of the machine's, made when it is first needed.</summary>
internal static class MachineKey
{
    private const string Type = "ecdsa-sha2-nistp256";
    private const string Curve = "nistp256";

    /// <summary>The file of the private key, for ssh; made if it is not there.</summary>
    /// <param name="folder">Where; made if it is not there, for the user alone.</param>
    /// <exception cref="IOException">There is no room.</exception>
    public static string Ensure(string folder)
    {
        string path = Path.Combine(folder, "key");
        if (File.Exists(path)) return path;
        PrivateFolder.Create(folder);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string made = $"{path}.{Guid.NewGuid():n}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new StreamWriter(made, Encoding.ASCII, options)) file.WriteLine(key.ExportECPrivateKeyPem());
        try
        {
            FileLink.MoveToNew(made, path);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process was quicker.
            File.Delete(made);
        }

        return path;
    }

    /// <summary>The public key that belongs to a private one, as in <c>authorized_keys</c>.</summary>
    public static string ReadPublic(string path, string comment)
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(path));
        return $"{Public(key)} {comment}";
    }

    private static string Public(ECDsa key)
    {
        ECPoint point = key.ExportParameters(includePrivateParameters: false).Q;
        byte[] blob = [.. Text(Type), .. Text(Curve), .. Field([4, .. point.X!, .. point.Y!])];
        return $"{Type} {Convert.ToBase64String(blob)}";
    }

    private static byte[] Text(string text) => Field(Encoding.ASCII.GetBytes(text));

    private static byte[] Field(byte[] content)
    {
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
        return [.. length, .. content];
    }
}
