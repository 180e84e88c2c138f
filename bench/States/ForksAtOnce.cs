using Doppel.Machine;

namespace Doppel.Bench.States;

/// <summary>Many forks of a machine, alive at once in this process.</summary>
internal static class ForksAtOnce
{
    private const int Count = 100;

    /// <returns>How many do not answer a command.</returns>
    public static async Task<IReadOnlyList<double>> MeasureAsync(VirtualMachine parent)
    {
        List<(VirtualMachine Machine, Heartbeat Console)> children = [];
        try
        {
            for (int i = 0; i < Count; i++)
            {
                var console = new Heartbeat();
                children.Add((await parent.ForkAsync(new VmHost { Serial = console }), console));
            }

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

            return [Count - answers];
        }
        finally
        {
            foreach ((VirtualMachine machine, _) in children) await machine.DisposeAsync();
        }
    }
}
