using Doppel.Backends.Net.User;
using Doppel.Core.Errors;
using Doppel.Machine.Agent;

namespace Doppel.Machine.Named;

/// <summary>Waits for signs of life of a machine's guest. All of it ends with an error when the machine does, or is paused.</summary>
public sealed class GuestSigns(NamedMachine machine)
{
    private const string DefaultGuest = "debian-busybox";
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan BannerPatience = TimeSpan.FromSeconds(20);

    /// <summary>systemd says when it is done with starting, well or not; other systems are taken for done when their agent runs.</summary>
    private const string Started = "[ ! -d /run/systemd/system ] || systemctl is-system-running --wait; :";

    /// <summary>Until the guest's agent answers.</summary>
    public Task UntilAgentAsync(CancellationToken cancel = default) => UntilAsync(async () =>
    {
        GuestAgent agent = await machine.OpenAgentAsync(cancel).ConfigureAwait(false);
        await using (agent.ConfigureAwait(false)) await agent.PingAsync(cancel).ConfigureAwait(false);
        return true;
    }, cancel);

    /// <summary>
    /// Until the guest has booted: its agent answers, and systemd, if that is what it has, is done with starting. Doppel's default guest has no agent: it has booted when it listens for
    /// <c>doppel stop</c>, which it does when its shell starts.
    /// </summary>
    public async Task UntilBootedAsync(CancellationToken cancel = default)
    {
        if ((await machine.LookAsync(cancel).ConfigureAwait(false)).Image is { } image && (image == DefaultGuest || image.StartsWith($"{DefaultGuest}:", StringComparison.Ordinal)))
        {
            await UntilAsync(() => machine.HearsPowerAsync(cancel), cancel).ConfigureAwait(false);
            return;
        }

        await UntilAgentAsync(cancel).ConfigureAwait(false);
        GuestAgent agent = await machine.OpenAgentAsync(cancel).ConfigureAwait(false);
        await using (agent.ConfigureAwait(false)) await agent.CaptureAsync(Started, "", cancel).ConfigureAwait(false);
    }

    /// <summary>Until the guest takes TCP connections on a port.</summary>
    /// <exception cref="DoppelException">The machine has no user-mode network, or has ended.</exception>
    public Task UntilPortAsync(ushort port, CancellationToken cancel = default) => UntilAsync(() => machine.TakesConnectionsAsync(port, cancel), cancel);

    /// <summary>Until an ssh server answers.</summary>
    /// <inheritdoc cref="UntilPortAsync"/>
    public async Task UntilSshAsync(CancellationToken cancel = default)
    {
        await UntilPortAsync(MachineLogin.Port, cancel).ConfigureAwait(false);
        PortForward forward = await machine.AddForwardAsync(new PortForward { GuestPort = MachineLogin.Port }, cancel).ConfigureAwait(false);
        try
        {
            await UntilAsync(() => MachineLogin.AnswersAsync(forward, BannerPatience, cancel), cancel).ConfigureAwait(false);
        }
        finally
        {
            await machine.RemoveForwardAsync(forward, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> sign, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                if (await sign().ConfigureAwait(false)) return;
            }
            catch (DoppelException exception) when (exception.Kind == ErrorKind.Unreachable)
            {
                // Not yet; or the machine ends, which the next question shows.
            }

            await Task.Delay(Period, cancel).ConfigureAwait(false);
        }
    }
}
