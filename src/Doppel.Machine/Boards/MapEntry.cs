namespace Doppel.Machine.Boards;

/// <summary>A place in a board's memory map.</summary>
/// <param name="Interrupt">The input at the platform's interrupt controller; 0 for none.</param>
internal readonly record struct MapEntry(ulong Address, ulong Length, uint Interrupt = 0);
