namespace Doppel.Engines.Translator;

/// <summary>Cached translations of one view of memory, in one address space or shared by all.</summary>
internal interface IViewTables
{
    /// <summary>The address space whose translations it holds beside the global ones.</summary>
    ulong Space { get; set; }

    /// <summary>The flush count at which it was last cleared.</summary>
    uint Generation { get; set; }

    void DropPage(ulong page);

    /// <summary>Drops what is not global.</summary>
    void DropLocal();

    void Clear();
}
