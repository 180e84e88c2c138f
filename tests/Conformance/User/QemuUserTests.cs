using Doppel.RiscV.Isa;
using Doppel.Tests.Conformance.Programs;

namespace Doppel.Tests.Conformance.User;

public sealed class Probe(ITestOutputHelper output)
{
    [Fact]
    public void Show()
    {
        QemuUser qemu = QemuUser.Find()!;
        output.WriteLine(qemu.Version);
        foreach (Extension e in Enum.GetValues<Extension>()) output.WriteLine($"{e} {qemu.Extensions.Contains(e)}");
        var rows = InstructionTable.Rows.Where(r => r.IsIn(qemu.Extensions)).ToArray();
        for (int seed = 0; seed < 5; seed++)
        {
            var program = new RandomProgram(seed, 2000, rows, _ => false);
            ProgramImage image = program.Assemble();
            var watch = System.Diagnostics.Stopwatch.StartNew();
            byte[] result = qemu.Run(image.Bytes, RandomProgram.Address);
            output.WriteLine($"{seed}: image {image.Bytes.Length}, output {result.Length} of {image.OutputLength}, {watch.ElapsedMilliseconds} ms");
        }
    }
}
