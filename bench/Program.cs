// Doppel beside QEMU: the same kernel, the same initramfs, the same commands, in turns. Prints one table of medians and writes it to a file.
//   dotnet run --project bench -c Release [-- --rounds N] [--qemu PROGRAM] [--output FILE]
using System.Globalization;
using Doppel.Bench;
using Doppel.Images.Store;

int rounds = int.Parse(Flag("--rounds") ?? "3", CultureInfo.InvariantCulture);
string qemu = Flag("--qemu") ?? "qemu-system-riscv64";
string output = Flag("--output") ?? Path.Combine("artifacts", "bench", "table.md");

using var store = new ImageStore();
GuestImage guest = await store.GetAsync(new GuestImageRequest());
Contender[] contenders = [Contender.Doppel(), Contender.Qemu(qemu, guest)];
var table = new ResultTable(contenders);
for (int round = 1; round <= rounds; round++)
{
    foreach (Contender contender in contenders)
    {
        Console.Error.WriteLine($"bench: round {round} of {rounds}: {contender.Name}");
        foreach (Figure figure in Workloads.All) table.Add(figure, contender, await figure.MeasureAsync(contender));
    }
}

string text = table.Render(guest, rounds);
Console.Write(text);
Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(output))!);
await File.WriteAllTextAsync(output, text);
return 0;

string? Flag(string name) => Array.IndexOf(args, name) is >= 0 and { } at && at + 1 < args.Length ? args[at + 1] : null;
