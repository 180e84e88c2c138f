using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Interpreter;

/// <summary>
/// Turns instruction words into the form that the interpreter runs and the translator reads: register fields become slot numbers – f registers follow the x registers,
/// and a destination x0 becomes <see cref="RiscVSlot.Sink"/> – so that no case of the switch has to ask.
/// </summary>
/// <remarks>Immutable: all harts of all machines that have the same extensions share one, since its tables take half a megabyte and some milliseconds to make.</remarks>
internal sealed class Predecoder
{
    private static readonly ConcurrentDictionary<ExtensionSet, Lazy<Predecoder>> Made = [];

    private readonly Decoder _decoder;

    // By number of the decoder's row; null for a reserved encoding.
    private readonly Extraction?[] _extractions;

    private Predecoder(ExtensionSet extensions)
    {
        _decoder = new Decoder(extensions);
        _extractions = [.. _decoder.Rows.Select(row => row.Op == Op.Illegal ? null : new Extraction(row, InstructionTable.Of(row.Op)))];
    }

    public static Predecoder For(ExtensionSet extensions) => Made.GetOrAdd(extensions, set => new Lazy<Predecoder>(() => new Predecoder(set))).Value;

    public Instruction Decode(uint bits)
    {
        Decode(bits, out Instruction instruction);
        return instruction;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Decode(uint bits, out Instruction instruction)
    {
        int number = _decoder.FindNumber(bits);
        if (number >= 0 && _extractions[number] is { } extraction) extraction.Extract(bits, out instruction);
        else instruction = Decoder.Illegal(bits);
    }
}
