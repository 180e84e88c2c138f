using Doppel.Core.Errors;

namespace Doppel.Cli.Run;

/// <summary>How much memory a guest of ours has. Its files are in it twice while it boots, and may take half of what is left then (docs/guest.md): more files need more memory.</summary>
internal static class GuestMemory
{
    /// <summary>What a machine has if nobody says otherwise.</summary>
    public const ulong Default = 512UL << 20;

    /// <summary>Debian's kernel panics below about 72 MiB, before it can say so: it is 36 MiB large and allocates a table of 32 MiB first.</summary>
    private const ulong LeastForKernel = 96UL << 20;

    private const ulong Kernel = 80UL << 20;

    /// <summary>Of the files' bytes, in tenths: as they come, and as much again, rounded up to pages, both as what they take and as what has to be left.</summary>
    private const ulong Tenths = 32;

    private const ulong Step = 64UL << 20;

    /// <summary>Refuses what cannot be enough for any guest of ours.</summary>
    /// <exception cref="DoppelException">Of kind <see cref="ErrorKind.Usage"/>.</exception>
    public static void CheckForKernel(ulong? wanted)
    {
        if (wanted < LeastForKernel)
            throw new DoppelException(ErrorKind.Usage, $"memory: {wanted >> 20} MiB are too little for Debian's kernel, which takes about 70 MiB for itself", $"--memory {LeastForKernel >> 20}M");
    }

    /// <summary>The memory of a guest with files of so many bytes: what is wanted, or, if nothing is, enough for them and as much again to work with.</summary>
    /// <exception cref="DoppelException">Of kind <see cref="ErrorKind.Usage"/>: what is wanted is too little; the guest would boot without some of its files.</exception>
    public static ulong For(ulong fileBytes, ulong? wanted)
    {
        ulong least = Kernel + fileBytes * Tenths / 10;
        if (wanted is not { } bytes) return Math.Max(Default, RoundUp(least + fileBytes));
        return bytes >= least ? bytes : throw new DoppelException(ErrorKind.Usage, $"memory: {bytes >> 20} MiB are too little for a guest whose files take {fileBytes >> 20} MiB, twice while it boots", $"--memory {RoundUp(least) >> 20}M");
    }

    private static ulong RoundUp(ulong bytes) => (bytes + Step - 1) / Step * Step;
}
