namespace Doppel.Tests.Conformance.Machine;

/// <summary>Encodings that QEMU's CPU has beyond Doppel's extensions and that cannot be switched off by a property.</summary>
internal static class QemuExtras
{
    public static bool Knows(uint word) => false;
}
