using Doppel.Core.Backends;
using Doppel.Machine.Agent;

namespace Doppel.Machine.Named;

/// <summary>The byte channels that a named machine has besides those of its configuration, if it has a virtio console to carry them.</summary>
internal sealed class MachinePorts
{
    public MachinePorts(VmConfig config)
    {
        if (!config.VirtioConsole) return;
        Power = new PowerButton();
        Agent = new AgentPort();
        // New ones go behind: saved states know ports by their numbers.
        (string Name, IConsoleBackend Backend)[] all = [(PowerButton.PortName, Power), (AgentPort.PortName, Agent)];
        Names = [.. all.Select(p => p.Name).Except(config.Ports)];
        Backends = all.ToDictionary(p => p.Name, p => p.Backend);
    }

    public PowerButton? Power { get; }

    public AgentPort? Agent { get; }

    public IReadOnlyList<string> Names { get; } = [];

    public IReadOnlyDictionary<string, IConsoleBackend> Backends { get; } = new Dictionary<string, IConsoleBackend>();
}
