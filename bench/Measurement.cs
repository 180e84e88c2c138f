namespace Doppel.Bench;

/// <summary>One run of one program.</summary>
/// <param name="Checksum">What it computed.</param>
/// <param name="Wall">By the guest's clock, where there is a guest that has one.</param>
/// <param name="Cpu">Of the whole emulator, by the host's account.</param>
internal sealed record Measurement(string Checksum, TimeSpan Wall, TimeSpan Cpu);

/// <summary>A program did not end as it should.</summary>
/// <param name="message">How.</param>
/// <param name="sessionLost">The machine is of no use any more.</param>
internal sealed class RunFailedException(string message, bool sessionLost) : Exception(message)
{
    public bool SessionLost => sessionLost;
}
