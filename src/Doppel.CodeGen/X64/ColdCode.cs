using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>Code that is wanted rarely, to be written behind the rest of the region: it asks the engine, and goes on where it was left if the engine lets it.</summary>
internal struct ColdCode
{
    public const sbyte NoResult = -1;
    public const sbyte NoRegister = -1;

    /// <summary>Link, Lookup and Attention do not come back.</summary>
    public CallbackKind Kind;

    /// <summary>Where the displacement of the jump is that leads here.</summary>
    public int Jump;

    /// <summary>Of a link, to which several jumps may lead, instead.</summary>
    public Label Entry;

    /// <summary>Where it goes on.</summary>
    public int Back;
    public int Distance;

    /// <summary>Instructions to be given back to the budget, the present one among them; 0 in regions that do not count.</summary>
    public int Unexecuted;

    /// <summary>Of a look-up: the address is the offset in the page that the program counter's slot names.</summary>
    public bool IsInPage;

    /// <summary>Base + offset is a, the address. Of a link: the offset is its index in the region.</summary>
    public Gpr Base;
    public int Offset;

    /// <summary>Of an access that has one.</summary>
    public SiteAccess Site;

    /// <summary>The register for what was loaded, or <see cref="NoResult"/>.</summary>
    public sbyte Result;

    public IrType Type;

    /// <summary>Temporaries to be saved: by scratch register, eight bits each, the number of the spill slot plus one.</summary>
    public ulong Saved;

    /// <summary>Slots whose copies scratch registers hold afterwards, too.</summary>
    public ulong Copies;

    /// <summary>What is stored: in a register, or memory if that is −1, unless it is a constant.</summary>
    public IrOperand Value;
    public sbyte ValueRegister;
    public Mem ValueMemory;
}
