using Doppel.Core.Errors;

namespace Doppel.Machine;

/// <summary>One thing that is wrong with a <see cref="VmConfig"/>.</summary>
/// <param name="Path">Which setting, such as <c>disks[1].path</c>.</param>
/// <param name="Message">What is wrong with it, without a final full stop.</param>
/// <param name="Hint">What to do about it.</param>
/// <param name="Kind">What kind of error it is when it is the only one.</param>
public sealed record ConfigProblem(string Path, string Message, string Hint, ErrorKind Kind = ErrorKind.Usage)
{
    public override string ToString() => $"{Path}: {Message}";
}
