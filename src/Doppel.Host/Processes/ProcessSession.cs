using System.Runtime.InteropServices;

namespace Doppel.Host.Processes;

/// <summary>What ties a process to the terminal that it was started from.</summary>
public static partial class ProcessSession
{
    /// <summary>
    /// Makes this process a session of its own, so that what is typed at the terminal, and the terminal's end, no longer concern it (setsid(2)). Without effect where
    /// the host has no sessions, and in a process that leads one already.
    /// </summary>
    public static void Leave()
    {
        if (!OperatingSystem.IsWindows()) _ = SetSid();
    }

    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    private static partial int SetSid();
}
