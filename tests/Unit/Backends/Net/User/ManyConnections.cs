namespace Doppel.Tests.Unit.Backends.Net.User;

/// <summary>
/// Tests with hundreds of connections to the host run when the others are done. Beside those, <see cref="TcpTests.Many_connections_at_once_all_work"/> failed now and then: connections to the host failed that
/// the host had accepted, which is not understood.
/// </summary>
[CollectionDefinition(nameof(ManyConnections), DisableParallelization = true)]
public sealed class ManyConnections;
