using System.Text.Json;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Errors;
using Doppel.Core.Snapshot;
using Doppel.Host.Memory;
using Doppel.Machine.Boards;
using Doppel.Machine.Json;

namespace Doppel.Machine.Snapshots;

/// <summary>
/// Writes a snapshot as files that other programs read: <c>ram.elf</c> (a core file with RAM at its guest-physical addresses), <c>diskN.raw</c> or <c>diskN.qcow2</c>, <c>device-tree.dtb</c>,
/// <c>config.json</c>, and <c>state.json</c> (the fields of each part in hexadecimal digits).
/// </summary>
internal sealed class SnapshotExport(VmSnapshot snapshot, string folder, DiskFormat format, IProgress<double>? progress, CancellationToken cancel)
{
    private const int Unit = 1 << 20;
    private double _total = 1;
    private long _done;

    public async Task RunAsync()
    {
        string unfinished = $"{folder}.part-{Guid.NewGuid():n}";
        try
        {
            if (Path.Exists(folder)) throw new DoppelException(ErrorKind.WrongState, $"{folder}: is there already", "another name");
            Directory.CreateDirectory(unfinished);
            _total = Math.Max(1, snapshot.Regions.Sum(r => r.Content.Data().Sum(d => (double)d.Length)) + snapshot.Disks.OfType<FrozenDisk>().Sum(d => (double)d.Length));
            await File.WriteAllBytesAsync(Path.Combine(unfinished, "config.json"), StrictJson.Write(snapshot.Config, VmConfigJson.Write), cancel).ConfigureAwait(false);
            if (snapshot.IsLive)
            {
                await File.WriteAllBytesAsync(Path.Combine(unfinished, "device-tree.dtb"), snapshot.DeviceTree.ToArray(), cancel).ConfigureAwait(false);
                WriteState(Path.Combine(unfinished, "state.json"));
                WriteMemory(Path.Combine(unfinished, "ram.elf"));
            }

            for (int i = 0; i < snapshot.Disks.Count; i++)
            {
                if (snapshot.Disks[i] is { } disk) await WriteDiskAsync(disk, Path.Combine(unfinished, $"disk{i}.{format.ToString().ToLowerInvariant()}")).ConfigureAwait(false);
            }

            Directory.Move(unfinished, folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DoppelException(exception is IOException ? ErrorKind.Failed : ErrorKind.Denied, $"{folder}: cannot be written: {exception.Message.TrimEnd('.')}", "another folder", exception);
        }
        finally
        {
            if (Directory.Exists(unfinished)) Directory.Delete(unfinished, recursive: true);
        }
    }

    private void WriteState(string path)
    {
        using FileStream file = File.Create(path);
        using var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        foreach (VmSnapshot.PartState part in snapshot.Parts)
        {
            var fields = new SnapshotReader(part.State);
            json.WriteStartObject(part.Name);
            foreach (string tag in fields.Tags) json.WriteString(tag, Convert.ToHexStringLower(fields.GetBytes(tag, int.MaxValue).Span));
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private void WriteMemory(string path)
    {
        VmSnapshot.RegionContent ram = snapshot.Regions.First(r => r.Name == RiscVVirtMap.RamName);
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        byte[] header = ElfCore.Header(RiscVVirtMap.Ram.Address, ram.Content.Length);
        RandomAccess.Write(file, header, 0);
        RandomAccess.SetLength(file, ElfCore.DataOffset + (long)ram.Content.Length);
        byte[] buffer = new byte[Unit];
        foreach (PageRun run in ram.Content.Data())
        {
            for (ulong offset = run.Offset; offset < run.End; offset += Unit)
            {
                cancel.ThrowIfCancellationRequested();
                int length = (int)Math.Min(Unit, run.End - offset);
                ram.Content.Read(offset, buffer.AsSpan(0, length));
                RandomAccess.Write(file, buffer.AsSpan(0, length), ElfCore.DataOffset + (long)offset);
                Report(length);
            }
        }
    }

    private async Task WriteDiskAsync(FrozenDisk disk, string path)
    {
        if (format == DiskFormat.Raw) DiskImage.CreateRaw(path, disk.Length);
        else DiskImage.CreateQcow2(path, disk.Length, new Qcow2Options());
        SynchronousDisk target = DiskImage.Open(path, new DiskOpenOptions { Format = format });
        await using (target.ConfigureAwait(false))
        {
            byte[] buffer = new byte[LayerFormat.UnitSize];
            for (long offset = await disk.NextDataAsync(0, cancel).ConfigureAwait(false); offset < disk.Length; offset = await disk.NextDataAsync(offset, cancel).ConfigureAwait(false))
            {
                offset = offset / LayerFormat.UnitSize * LayerFormat.UnitSize;
                Memory<byte> bytes = buffer.AsMemory(0, (int)Math.Min(buffer.Length, disk.Length - offset));
                await disk.ReadAsync(offset, bytes, cancel).ConfigureAwait(false);
                if (bytes.Span.ContainsAnyExcept((byte)0)) await target.WriteAsync(offset, bytes, cancel).ConfigureAwait(false);
                offset += bytes.Length;
                Report(bytes.Length);
            }

            await target.FlushAsync(cancel).ConfigureAwait(false);
        }
    }

    private void Report(long bytes)
    {
        _done += bytes;
        progress?.Report(Math.Min(1, _done / _total));
    }
}
