using System.Globalization;

namespace Doppel.Bench;

/// <summary>Where a program runs.</summary>
internal enum Place
{
    /// <summary>In any guest, and on the host.</summary>
    Anywhere,

    /// <summary>In a guest with two processors, and on the host.</summary>
    TwoProcessors,

    /// <summary>In a guest with a disk.</summary>
    GuestWithDisk,

    /// <summary>In the guest that has Debian's packages: a script in bench/guest/debian.</summary>
    DebianGuest,

    /// <summary>It is a machine of its own, from the start of the process to its end.</summary>
    ToPowerOff,

    /// <summary>It is a machine of its own, from the start of the process to Debian's login prompt.</summary>
    ToLogin,
}

/// <summary>One line of the table.</summary>
/// <param name="Class">What the line is counted with.</param>
/// <param name="Count">How much work it is, at scale 1.</param>
internal sealed record BenchProgram(string Class, string Name, long Count, Place Place = Place.Anywhere)
{
    /// <summary>What the names of programs on two processors end with.</summary>
    public const string Twice = "-on-2";

    /// <summary>How many processors its guest has.</summary>
    public int Cpus => Name.EndsWith(Twice, StringComparison.Ordinal) ? 2 : 1;

    /// <summary>What the agent in the guest is told.</summary>
    public string Command(double scale)
    {
        long count = Math.Max(1, (long)(Count * scale));
        return Place == Place.DebianGuest ? string.Create(CultureInfo.InvariantCulture, $"shell sh /bench/{Name}.sh {count}") : string.Create(CultureInfo.InvariantCulture, $"{Name.Replace(Twice, "", StringComparison.Ordinal)} {count}");
    }
}
