using Doppel.Core.Errors;

namespace Doppel.Machine;

/// <summary>From a configuration to a machine, step by step.</summary>
internal static class MachineBuilder
{
    public static VirtualMachine Build(VmConfig config, VmHost host)
    {
        var problems = new ConfigProblems();
        VmConfigValidator.Check(config, problems, out _, out _);
        VmConfigValidator.CheckDisks(config, problems);
        problems.ThrowIfAny();
        throw new DoppelException(ErrorKind.Failed, $"{config.Name}: the board is not there yet", host.ToString());
    }
}
