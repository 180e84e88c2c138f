using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Interpreter;

/// <summary>
/// Turns instruction words into the form that the interpreter runs and the translator reads: register fields become slot numbers – f registers follow the x registers,
/// and a destination x0 becomes <see cref="RiscVSlot.Sink"/> – so that no case of the switch has to ask.
/// </summary>
/// <remarks>Immutable: all harts of all machines that have the same extensions share one, since its tables take a megabyte and some milliseconds to make.</remarks>
internal sealed class Predecoder
{
    private static readonly ConcurrentDictionary<ExtensionSet, Lazy<Predecoder>> Made = [];

    private readonly Decoder _decoder;

    // By number of the decoder's row.
    private readonly Extraction[] _extractions;

    // By word.
    private readonly Instruction[] _compressed = new Instruction[0x10000];

    private Predecoder(ExtensionSet extensions)
    {
        _decoder = new Decoder(extensions);
        _extractions = [.. _decoder.Rows.Select(row => row.Op == Op.Illegal ? default : new Extraction(row, InstructionTable.Of(row.Op)))];
        FillCompressed();
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
        if ((bits & 3) != 3) instruction = _compressed[(ushort)bits];
        else Find(bits, out instruction);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FillCompressed()
    {
        for (uint word = 0; word < _compressed.Length; word++)
        {
            if ((word & 3) == 3) continue;
            int number = _decoder.FindNumber(word);
            if (number >= 0 && !_extractions[number].IsReserved) _extractions[number].ExtractCompressed(word, out _compressed[word]);
            else _compressed[word] = Decoder.Illegal(word);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Find(uint bits, out Instruction instruction)
    {
        int number = _decoder.FindNumber(bits);
        if (number >= 0 && !_extractions[number].IsReserved) _extractions[number].Extract(bits, out instruction);
        else instruction = Decoder.Illegal(bits);
    }
}
