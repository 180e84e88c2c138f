using Doppel.Core.Errors;
using Doppel.Host.Files;
using Doppel.Machine.Named;
using Doppel.Machine.Portable.Format;

namespace Doppel.Machine.Portable;

/// <summary>
/// Whole machines as files that can be carried away: <c>docs/portable.md</c>. Files are written and read from the first byte to the last, so that pipes do as well.
/// </summary>
public static class MachineFile
{
    /// <summary>Saves a machine. One that is running stands still for a moment, and runs on while it is written.</summary>
    /// <param name="passphrase">If given, all of the file is encrypted.</param>
    /// <param name="progress">From 0 to 1.</param>
    /// <returns>What is in the file.</returns>
    /// <exception cref="DoppelException">It cannot be read, or the host cannot write the file.</exception>
    public static async Task<IReadOnlyList<SavedObject>> SaveAsync(NamedMachine machine, Stream output, string? passphrase = null, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        Stream body = await FileHeader.WriteAsync(output, passphrase, cancel: cancel).ConfigureAwait(false);
        try
        {
            IReadOnlyList<SavedObject> saved = await MachineSaver.SaveAsync(machine, body, progress, cancel).ConfigureAwait(false);
            await FileHeader.EndAsync(body, cancel).ConfigureAwait(false);
            return saved;
        }
        catch (IOException exception)
        {
            throw new DoppelException(ErrorKind.Failed, $"{machine.Name}: cannot be saved: {exception.Message.TrimEnd('.')}", inner: exception);
        }
        finally
        {
            if (body != output) await body.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>As the other overload, into a file, which is not there yet and appears when it is complete.</summary>
    public static async Task<IReadOnlyList<SavedObject>> SaveAsync(NamedMachine machine, string path, string? passphrase = null, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder)) throw new DoppelException(ErrorKind.NotFound, $"{folder}: there is no such directory", $"mkdir -p {folder}");
        if (File.Exists(path) || Directory.Exists(path)) throw new DoppelException(ErrorKind.WrongState, $"{path}: is there already", $"another name, or rm {path}");
        string unfinished = $"{path}.part-{Guid.NewGuid():n}";
        try
        {
            IReadOnlyList<SavedObject> saved;
            FileStream file = Create(unfinished);
            await using (file.ConfigureAwait(false))
            {
                saved = await SaveAsync(machine, file, passphrase, progress, cancel).ConfigureAwait(false);
                await file.FlushAsync(cancel).ConfigureAwait(false);
                FileRange.Flush(file.SafeFileHandle);
            }

            FileLink.MoveToNew(unfinished, path);
            AtomicFile.FlushFolder(folder);
            return saved;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DoppelException(exception is IOException ? ErrorKind.Failed : ErrorKind.Denied, $"{path}: cannot be written: {exception.Message.TrimEnd('.')}", "a directory that can be written", exception);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    /// <summary>Makes a machine of a saved one. If that cannot be done, nothing is left behind.</summary>
    /// <param name="file">How messages call what is read.</param>
    /// <exception cref="DoppelException">
    /// The file is damaged (<see cref="ErrorKind.Corrupt"/>; says where), the passphrase is wrong (<see cref="ErrorKind.Denied"/>), the name is taken, or the host cannot keep it.
    /// </exception>
    public static async Task<NamedMachine> LoadAsync(MachineStore store, Stream input, string file, MachineLoad options, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        Stream body = await FileHeader.ReadAsync(input, file, options.Passphrase, cancel).ConfigureAwait(false);
        try
        {
            using var reader = new PortableReader(body, file, FileHeader.Size);
            return await new MachineLoader(store, reader, file, options, Part(input, progress), cancel).LoadAsync().ConfigureAwait(false);
        }
        finally
        {
            if (body != input) await body.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Reads all of a file and makes nothing of it.</summary>
    /// <inheritdoc cref="LoadAsync"/>
    /// <returns>What is in it; all of that is in order.</returns>
    public static async Task<IReadOnlyList<SavedObject>> CheckAsync(Stream input, string file, Func<string> passphrase, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        Stream body = await FileHeader.ReadAsync(input, file, passphrase, cancel).ConfigureAwait(false);
        try
        {
            using var reader = new PortableReader(body, file, FileHeader.Size);
            var found = new List<SavedObject>();
            var target = new NoTarget();
            while (await reader.NextAsync(cancel).ConfigureAwait(false) is not null) found.Add(SavedObject.Of(await reader.CopyToAsync(target, Part(input, progress), cancel).ConfigureAwait(false)));
            return found;
        }
        finally
        {
            if (body != input) await body.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Nobody but the user can read it: it holds all that the guest had in memory.</summary>
    private static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 1 << 18 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, options);
    }

    private static ReadProgress? Part(Stream input, IProgress<double>? progress) => progress is not null && input.CanSeek && input.Length > 0 ? new ReadProgress(progress, input.Length) : null;

    private sealed class ReadProgress(IProgress<double> progress, long total) : IProgress<long>
    {
        public void Report(long value) => progress.Report((double)value / total);
    }
}
