namespace Doppel.Core.Engine;

/// <summary>What a page is wanted for.</summary>
public enum PageAccess
{
    Read,
    Write,
    Execute,
}
