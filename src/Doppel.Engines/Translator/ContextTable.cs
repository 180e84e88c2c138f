using Doppel.CodeGen.X64;
using Doppel.Host.Memory;

namespace Doppel.Engines.Translator;

/// <summary>
/// The contexts that generated code can select without asking, direct-mapped: where the tables of each are. Only contexts of the present address space, and none whose tables may have
/// to be cleared before they are used again. One vCPU's.
/// </summary>
internal sealed class ContextTable
{
    /// <summary>No context has this number.</summary>
    public const ulong None = ulong.MaxValue;

    private readonly SlotBlock _entries = new(X64Target.ContextEntries * X64Target.ContextWords);

    public ContextTable() => Clear();

    public nint Address => _entries.Address;

    public void Fill(ulong number, DataTables data, FetchTables fetch)
    {
        int entry = X64Target.ContextIndex(number) * X64Target.ContextWords;
        _entries.At(entry) = number;
        _entries.At(entry + 1) = (ulong)data.ReadAddress;
        _entries.At(entry + 2) = (ulong)data.WriteAddress;
        _entries.At(entry + 3) = (ulong)fetch.JumpsAddress;
        _entries.At(entry + 4) = (ulong)fetch.PresentAddress;
    }

    public void Clear()
    {
        for (int i = 0; i < X64Target.ContextEntries; i++) _entries.At(i * X64Target.ContextWords) = None;
    }
}
