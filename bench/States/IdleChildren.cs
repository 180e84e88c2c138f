using Doppel.Machine;

namespace Doppel.Bench.States;

/// <summary>Many forks of an idle machine in this process.</summary>
internal static class IdleChildren
{
    private const int Count = 100;
    private static readonly TimeSpan Idleness = TimeSpan.FromSeconds(2);

    /// <returns>KiB that each takes when it has idled for two seconds, and how many do not answer a command.</returns>
    public static async Task<IReadOnlyList<double>> MeasureAsync(VirtualMachine parent)
    {
        List<(VirtualMachine Machine, Heartbeat Console)> children = [];
        try
        {
            long before = ProcessMemory.Now();
            for (int i = 0; i < Count; i++)
            {
                var console = new Heartbeat();
                children.Add((await parent.ForkAsync(new VmHost { Console = console }), console));
            }

            await Task.Delay(Idleness);
            double each = (ProcessMemory.Now() - before) / (double)Count;
            int answers = 0;
            foreach ((_, Heartbeat console) in children)
            {
                console.Type("shell true");
                try
                {
                    await console.WaitForAsync("bench end");
                    answers++;
                }
                catch (BenchException)
                {
                    // Counted by who does answer.
                }
            }

            return [each, Count - answers];
        }
        finally
        {
            foreach ((VirtualMachine machine, _) in children) await machine.DisposeAsync();
        }
    }
}
