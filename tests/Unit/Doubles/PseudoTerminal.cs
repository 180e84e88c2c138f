using System.Runtime.InteropServices;
using System.Text;

namespace Doppel.Tests.Unit.Doubles;

/// <summary>A terminal without a screen: what the test types at one end is read by a program at the other, and back.</summary>
internal sealed class PseudoTerminal : IDisposable
{
    private const int ReadWriteNoControl = 0x2 | 0x100;
    private readonly int _keyboard;

    public PseudoTerminal()
    {
        _keyboard = OpenMaster(ReadWriteNoControl);
        byte[] name = new byte[128];
        if (_keyboard < 0 || Grant(_keyboard) != 0 || Unlock(_keyboard) != 0 || Name(_keyboard, name, name.Length) != 0) throw new IOException("no pseudo-terminal");
        Descriptor = Open(name, ReadWriteNoControl);
        if (Descriptor < 0) throw new IOException("no pseudo-terminal");
    }

    /// <summary>Why tests with one are skipped, or null.</summary>
    public static string? Missing => OperatingSystem.IsLinux() && File.Exists("/dev/ptmx") ? null : "needs a Linux with pseudo-terminals";

    /// <summary>The program's end.</summary>
    public int Descriptor { get; }

    /// <summary>The local and output modes as numbers: tests compare them before and after.</summary>
    public string Modes
    {
        get
        {
            uint[] termios = new uint[64];
            Assert.Equal(0, GetAttributes(Descriptor, termios));
            return $"{termios[0]:x} {termios[1]:x} {termios[2]:x} {termios[3]:x}";
        }
    }

    /// <summary>ISIG, ICANON, ECHO and OPOST are off.</summary>
    public bool IsRaw
    {
        get
        {
            uint[] termios = new uint[64];
            Assert.Equal(0, GetAttributes(Descriptor, termios));
            return (termios[3] & 0xb) == 0 && (termios[1] & 1) == 0;
        }
    }

    public void Type(string keys)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(keys);
        Assert.Equal(bytes.Length, (int)Write(_keyboard, bytes, bytes.Length));
    }

    /// <summary>Reads the screen until it has shown this text.</summary>
    public string ReadUntil(string text)
    {
        var shown = new StringBuilder();
        byte[] buffer = new byte[4096];
        while (!shown.ToString().Contains(text, StringComparison.Ordinal))
        {
            var poll = new Poll { Descriptor = _keyboard, Events = 1 };
            Assert.True(PollOne(ref poll, 1, 10_000) > 0, $"'{text}' was not shown, only '{shown}'");
            int count = (int)Read(_keyboard, buffer, buffer.Length);
            Assert.True(count > 0, $"the terminal was closed after '{shown}'");
            shown.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        return shown.ToString();
    }

    public void Resize(int columns, int rows) =>
        Assert.Equal(0, Ioctl(_keyboard, 0x5414, [(ushort)rows, (ushort)columns, 0, 0]));

    public void Dispose()
    {
        _ = Close(Descriptor);
        _ = Close(_keyboard);
    }

    [DllImport("libc", EntryPoint = "posix_openpt")]
    private static extern int OpenMaster(int flags);

    [DllImport("libc", EntryPoint = "grantpt")]
    private static extern int Grant(int descriptor);

    [DllImport("libc", EntryPoint = "unlockpt")]
    private static extern int Unlock(int descriptor);

    [DllImport("libc", EntryPoint = "ptsname_r")]
    private static extern int Name(int descriptor, byte[] name, nint length);

    [DllImport("libc", EntryPoint = "open")]
    private static extern int Open(byte[] name, int flags);

    [DllImport("libc", EntryPoint = "read")]
    private static extern nint Read(int descriptor, byte[] buffer, nint count);

    [DllImport("libc", EntryPoint = "write")]
    private static extern nint Write(int descriptor, byte[] buffer, nint count);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int descriptor);

    [DllImport("libc", EntryPoint = "tcgetattr")]
    private static extern int GetAttributes(int descriptor, uint[] termios);

    [DllImport("libc", EntryPoint = "ioctl")]
    private static extern int Ioctl(int descriptor, ulong request, ushort[] argument);

    [DllImport("libc", EntryPoint = "poll")]
    private static extern int PollOne(ref Poll descriptors, nuint count, int milliseconds);

    private struct Poll
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
