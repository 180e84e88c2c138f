using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Errors;

namespace Doppel.Backends.Disk;

/// <summary>Opens and makes disk images with their layers.</summary>
public static class DiskImage
{
    /// <summary>Opens an image and the layers below it, and locks them.</summary>
    /// <exception cref="DoppelException">It cannot be used; the kind says whether it is missing, denied, in use, damaged, or not what it is said to be.</exception>
    public static SynchronousDisk Open(string path, DiskOpenOptions? options = null)
    {
        options ??= new DiskOpenOptions();
        if (options.Format is null) DiskFormats.CheckName(path);
        ImageFile file = ImageFile.Open(path, options.ReadOnly, options.Locked);
        var chain = new BackingChain(file, options);
        SynchronousDisk disk = OpenLayer(file, options.Format ?? DiskFormats.OfName(path), options.Format is not null);
        try
        {
            if (options.WithBacking && disk is Qcow2Disk qcow2) chain.Attach(qcow2);
            return disk;
        }
        catch
        {
            disk.Close();
            throw;
        }
    }

    /// <summary>Makes an empty qcow2 image.</summary>
    /// <param name="size">Of the disk, in bytes.</param>
    /// <exception cref="DoppelException">There is such a file already, or the options make no sense; nothing is left behind then.</exception>
    public static void CreateQcow2(string path, long size, Qcow2Options options) => Make(path, store => Qcow2Creator.Create(store, size, options));

    /// <summary>The size of the disk that a new image is to lie on, opened as it would be from there.</summary>
    /// <param name="path">Of the new image.</param>
    /// <param name="options">Name the layer below.</param>
    public static long SizeOfBacking(string path, Qcow2Options options, bool allowAnywhere)
    {
        string below = BackingChain.Resolve(path, options.BackingName!);
        SynchronousDisk disk = Open(below, new DiskOpenOptions { ReadOnly = true, Format = options.BackingFormat, AllowBackingAnywhere = allowAnywhere });
        long length = disk.Length;
        disk.Close();
        return length;
    }

    /// <summary>Makes an empty raw image, sparse where the file system is.</summary>
    /// <inheritdoc cref="CreateQcow2"/>
    public static void CreateRaw(string path, long size)
    {
        if (size <= 0 || size % DiskRange.BlockSize != 0) throw new DoppelException(ErrorKind.Usage, $"{size} bytes are no size for a disk: it has whole sectors of {DiskRange.BlockSize} bytes", "1G");
        Make(path, store => store.SetLength(size));
    }

    /// <summary>A layer by itself. Takes over the store, also if it fails.</summary>
    internal static SynchronousDisk OpenLayer(ImageStore store, DiskFormat format, bool isExplicit)
    {
        try
        {
            DiskFormats.CheckContents(store, format, isExplicit);
            if (format == DiskFormat.Raw) return new RawDisk(store);
        }
        catch
        {
            store.Dispose();
            throw;
        }

        return Qcow2Disk.Open(store);
    }

    private static void Make(string path, Action<ImageStore> fill)
    {
        try
        {
            using ImageFile file = ImageFile.Create(path);
            fill(file);
        }
        catch (Exception exception) when (exception is not DoppelException { Kind: ErrorKind.WrongState })
        {
            File.Delete(path);
            if (exception is IOException) throw new DoppelException(ErrorKind.Failed, $"{path}: {exception.Message.TrimEnd('.')}", inner: exception);
            throw;
        }
    }
}
