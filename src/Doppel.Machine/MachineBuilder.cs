using Doppel.Core.Errors;

namespace Doppel.Machine;

/// <summary>From a configuration to a machine, step by step.</summary>
internal static class MachineBuilder
{
    public static VirtualMachine Build(VmConfig config, VmHost host)
    {
        VmConfigValidator.ThrowIfInvalid(config);
        throw new DoppelException(ErrorKind.Failed, $"{config.Name}: the board is not there yet", host.ToString());
    }
}
