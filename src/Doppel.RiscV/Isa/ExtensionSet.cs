namespace Doppel.RiscV.Isa;

/// <summary>A set of extensions.</summary>
public readonly record struct ExtensionSet
{
    private readonly ulong _bits;

    private ExtensionSet(ulong bits) => _bits = bits;

    public ExtensionSet(params ReadOnlySpan<Extension> extensions)
    {
        foreach (Extension extension in extensions) _bits |= Bit(extension);
    }

    /// <summary>Everything that the rows know.</summary>
    public static ExtensionSet All { get; } = new(Enum.GetValues<Extension>());

    public bool Contains(Extension extension) => (_bits & Bit(extension)) != 0;

    public ExtensionSet With(Extension extension) => new(_bits | Bit(extension));

    public ExtensionSet Without(Extension extension) => new(_bits & ~Bit(extension));

    private static ulong Bit(Extension extension) => 1UL << (int)extension;
}
