namespace Doppel.Backends.Disk.Qcow2;

/// <summary>A header extension: a type and its bytes, kept as they are if we do not know them.</summary>
internal sealed record Qcow2Extension(uint Type, byte[] Data)
{
    public const uint End = 0;
    public const uint BackingFormat = 0xe2792aca;
    public const uint FeatureNames = 0x6803f857;
    public const uint Bitmaps = 0x23852875;
    public const uint EncryptionHeader = 0x0537be77;
    public const uint DataFileName = 0x44415441;

    /// <summary>Bytes in the header: type, length, data, and padding to 8.</summary>
    public int Size => 8 + (Data.Length + 7) / 8 * 8;
}
