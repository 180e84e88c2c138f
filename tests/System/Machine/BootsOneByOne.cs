namespace Doppel.Tests.System.Machine;

/// <summary>Tests that boot guests do it one after the other, and alone: they measure time, and the machine has few processors.</summary>
[CollectionDefinition(nameof(BootsOneByOne), DisableParallelization = true)]
public sealed class BootsOneByOne;
