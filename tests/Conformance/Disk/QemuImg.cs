using Doppel.Tests.Conformance.Programs;

namespace Doppel.Tests.Conformance.Disk;

/// <summary>QEMU's disk tools.</summary>
internal static class QemuImg
{
    private static readonly Lazy<bool> Present = new(() =>
    {
        try
        {
            return QemuProcess.Run("qemu-img", ["--version"]).Code == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    });

    public static void Require() => Assert.SkipUnless(Present.Value, "needs qemu-img (Debian package qemu-utils)");

    /// <summary>Runs a tool that must succeed.</summary>
    /// <returns>What it wrote.</returns>
    public static string Run(string tool, params string[] arguments)
    {
        (int code, byte[] output, string errors) = QemuProcess.Run(tool, arguments);
        Assert.True(code == 0, $"{tool} {string.Join(' ', arguments)}: {code}\n{System.Text.Encoding.UTF8.GetString(output)}{errors}");
        return System.Text.Encoding.UTF8.GetString(output);
    }

    /// <summary>The image has no error; leaked clusters (code 3) only if they are allowed.</summary>
    public static void Check(string path, bool allowsLeaks = false)
    {
        (int code, byte[] output, string errors) = QemuProcess.Run("qemu-img", ["check", "-f", "qcow2", path]);
        Assert.True(code == 0 || allowsLeaks && code == 3, $"qemu-img check {path}: {code}\n{System.Text.Encoding.UTF8.GetString(output)}{errors}");
    }

    /// <summary>Both read as the same disk.</summary>
    public static void Compare(string qcow2, string raw) => Run("qemu-img", "compare", "-f", "qcow2", "-F", "raw", qcow2, raw);

    /// <summary>Commands of qemu-io on an image.</summary>
    public static void Io(string path, params string[] commands) => Run("qemu-io", ["-f", "qcow2", .. commands.SelectMany(c => new[] { "-c", c }), path]);
}
