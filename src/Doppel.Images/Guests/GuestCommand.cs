using System.Text;
using Doppel.Core.Errors;
using Doppel.Images.Archives;

namespace Doppel.Images.Guests;

/// <summary>The command that the default guest shall run instead of a shell; docs/guest.md says how.</summary>
public static class GuestCommand
{
    /// <summary>An archive to append to the guest's initramfs: /doppel/argv holds the arguments, each ended by a NUL.</summary>
    public static byte[] ToArchive(IReadOnlyList<string> arguments)
    {
        if (arguments.Count == 0 || arguments[0].Length == 0) throw new DoppelException(ErrorKind.Usage, "there is no command to run");
        if (arguments.Any(argument => argument.Contains('\0'))) throw new DoppelException(ErrorKind.Usage, "an argument of the command holds a NUL character");
        using MemoryStream output = new();
        CpioWriter archive = new(output);
        archive.File("doppel/argv", Encoding.UTF8.GetBytes(string.Concat(arguments.Select(argument => argument + "\0"))));
        archive.Finish();
        return output.ToArray();
    }
}
