namespace Doppel.RiscV.Isa.Assembly;

/// <summary>A line that is no assembly language.</summary>
public sealed class AssemblyException(int line, string text, string why) : Exception($"line {line}: {why}: {text}")
{
    public int Line { get; } = line;
}
