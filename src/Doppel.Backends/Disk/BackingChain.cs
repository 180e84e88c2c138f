using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Errors;

namespace Doppel.Backends.Disk;

/// <summary>Opens the layers below an image. What an image names is not trusted: the format must be said, and the file be where the user allows it.</summary>
internal sealed class BackingChain
{
    private readonly DiskOpenOptions _options;
    private readonly List<string> _folders;
    private readonly HashSet<string> _seen;

    public BackingChain(ImageFile top, DiskOpenOptions options)
    {
        _options = options;
        _seen = [top.RealPath];
        // What it names is looked at as it is called, and once more when links have been followed.
        _folders = [Path.GetDirectoryName(top.RealPath)!, Path.GetDirectoryName(Path.GetFullPath(top.Path))!, .. options.BackingFolders.Select(Path.GetFullPath)];
    }

    /// <summary>Opens all layers below this one, for reading.</summary>
    public void Attach(Qcow2Disk disk)
    {
        for (Qcow2Disk? layer = disk; layer is not null; layer = layer.Image.Backing as Qcow2Disk)
        {
            if (layer.Image.Header.BackingName is { } name) layer.Image.Backing = Open(layer, name);
        }
    }

    /// <summary>Where the image that another one names lies; relative names begin in the folder of the one that names it.</summary>
    public static string Resolve(string imagePath, string name)
    {
        // Names such as nbd:… and json:… are QEMU's, for things that are no files.
        int colon = name.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0 && !name[..colon].Contains('/', StringComparison.Ordinal))
            throw new DoppelException(ErrorKind.Failed, $"{imagePath}: its backing file '{name}' is no file", $"qemu-img rebase it onto a file, or doppel disk rebase --name-only --backing FILE {imagePath}");
        return Path.Combine(Path.GetDirectoryName(imagePath) ?? "", name);
    }

    /// <summary>The format of the layer below, which must be said.</summary>
    public static DiskFormat Format(Qcow2Disk layer) => layer.Image.Header.BackingFormat switch
    {
        "raw" or "file" or "host_device" => DiskFormat.Raw,
        "qcow2" => DiskFormat.Qcow2,
        null => throw new DoppelException(
            ErrorKind.Failed,
            $"{layer.Path}: does not say which format its backing file has, and formats are not guessed",
            $"doppel disk rebase --name-only --backing {layer.Image.Header.BackingName} --backing-format qcow2|raw {layer.Path}"),
        { } other => throw new DoppelException(ErrorKind.Failed, $"{layer.Path}: its backing file is said to be '{other}'; only raw and qcow2 can be used", "qemu-img convert the layers to one qcow2 image"),
    };

    private SynchronousDisk Open(Qcow2Disk layer, string name)
    {
        string path = Resolve(layer.Path, name);
        DiskFormat format = Format(layer);
        Allow(layer, path, Path.GetFullPath(path));
        ImageFile file;
        try
        {
            file = ImageFile.Open(path, readOnly: true, _options.Locked);
        }
        catch (DoppelException exception)
        {
            throw new DoppelException(exception.Kind, $"{layer.Path}: its backing file: {exception.Message}", exception.Kind == ErrorKind.NotFound ? $"doppel disk rebase --name-only --backing FILE {layer.Path}, if it has moved" : exception.Hint, exception);
        }

        try
        {
            // Links have been followed now.
            Allow(layer, path, file.RealPath);
            if (!_seen.Add(file.RealPath)) throw Qcow2Errors.Corrupt(layer.Path, $"its backing file {path} is also above it, so the layers have no end");
            if (_seen.Count > Qcow2Limits.MaxLayers) throw Qcow2Errors.Corrupt(layer.Path, $"there are more than {Qcow2Limits.MaxLayers} layers");
        }
        catch
        {
            file.Dispose();
            throw;
        }

        return DiskImage.OpenLayer(file, format, isExplicit: true);
    }

    private void Allow(Qcow2Disk layer, string path, string realPath)
    {
        if (_options.AllowBackingAnywhere || _folders.Exists(f => realPath.StartsWith(f.TrimEnd('/') + "/", StringComparison.Ordinal))) return;
        throw new DoppelException(
            ErrorKind.Denied,
            $"{layer.Path}: its backing file {path} is outside of the image's folder",
            "allow it (--disk FILE,backing=anywhere; doppel disk: --allow-backing), if you trust the image, or put the files into one folder");
    }
}
