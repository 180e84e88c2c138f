using Doppel.CodeGen.Ir;

namespace Doppel.CodeGen.Passes;

/// <summary>
/// What is done to a region between the front end and the backend. Every pass takes time that is linear in the operations and allocates nothing for them; none
/// changes what can be seen of the slots wherever the region may be left.
/// </summary>
/// <param name="pcSlot">The slot with the address of the region's page (<see cref="IFrontEnd.PcSlot"/>).</param>
public sealed class PassPipeline(int pcSlot)
{
    private readonly ForwardPass _forward = new(pcSlot);
    private readonly SelectPass _selects = new();
    private readonly DeadWritePass _deadWrites = new();
    private readonly LoopPass _loops = new();

    public void Run(IrRegion region)
    {
        _forward.Run(region);
        _selects.Run(region, _forward.Branches);
        _deadWrites.Run(region);
        if (_forward.HasShortLoops) _loops.Run(region);
    }
}
