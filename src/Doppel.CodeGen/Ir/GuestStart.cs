namespace Doppel.CodeGen.Ir;

/// <summary>Where in a region a guest instruction begins. Temporaries do not live across it.</summary>
/// <param name="First">The first operation of the instruction; if it has none, that of the next one.</param>
/// <param name="Distance">Of its code from the region's page.</param>
public readonly record struct GuestStart(int First, int Distance);
