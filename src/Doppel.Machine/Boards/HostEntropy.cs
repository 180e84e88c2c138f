using System.Security.Cryptography;
using Doppel.Core.Backends;

namespace Doppel.Machine.Boards;

/// <summary>Random bytes from the host's operating system.</summary>
internal sealed class HostEntropy : IEntropySource
{
    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
}
