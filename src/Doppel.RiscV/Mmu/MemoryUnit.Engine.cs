using Doppel.Core.Engine;
using Doppel.RiscV.Csr;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Mmu;

/// <summary>What an engine with generated code asks of memory.</summary>
internal sealed partial class MemoryUnit
{
    private const uint MakeExecutableReadable = 4;

    /// <summary>The part of the context that concerns addresses: privilege of fetches and data, SUM, MXR and satp.</summary>
    public ProcessorContext ContextFor(uint codeMode)
    {
        ulong status = _state.MstatusBits;
        bool sum = _dataMode == PrivilegeMode.Supervisor && (status & Mstatus.Sum) != 0;
        uint dataView = sum ? 2U : (uint)_dataMode;
        if ((status & Mstatus.Mxr) != 0) dataView |= MakeExecutableReadable;

        // M-mode, and S-mode without access to user pages, see nearly everything alike in all address spaces.
        bool sharesData = !sum && _dataMode != PrivilegeMode.User;
        return new ProcessorContext(codeMode, (uint)_state.Mode, _state.Mode != PrivilegeMode.User, dataView, sharesData, _state.Slots[RiscVSlot.Satp]);
    }

    /// <inheritdoc cref="IGuestProcessor.TryMapPage"/>
    public bool TryMapPage(ulong address, PageAccess access, out PageMapping mapping)
    {
        mapping = default;
        AccessKind kind = access switch
        {
            PageAccess.Execute => AccessKind.Fetch,
            PageAccess.Write => AccessKind.Store,
            _ => AccessKind.Load,
        };
        PrivilegeMode mode = kind == AccessKind.Fetch ? _state.Mode : _dataMode;
        if (Walk(address, kind, mode, out Translation translation) != WalkResult.Ok) return false;
        ulong offset = (translation.Physical & PageMask) - _ram.Address;
        if (offset >= _ram.Length || _ram.Length - offset < 4096) return false;
        if (!Pmp.UniformOverPage(translation.Physical) || !Pmp.Allows(translation.Physical, 1, kind, mode)) return false;
        if (kind == AccessKind.Store) _ram.Dirty.Mark(offset);
        mapping = new PageMapping(_ram, offset, translation.Global);
        return true;
    }
}
