using Doppel.Core.Errors;

namespace Doppel.Machine;

/// <summary>Collects problems, so that a user learns of all of them at once.</summary>
internal sealed class ConfigProblems
{
    private readonly List<ConfigProblem> _all = [];

    public IReadOnlyList<ConfigProblem> All => _all;

    public void Add(string path, string message, string hint, ErrorKind kind = ErrorKind.Usage) => _all.Add(new ConfigProblem(path, message, hint, kind));

    /// <summary>Whether something is wrong with this setting already.</summary>
    public bool Concerns(string path) => _all.Any(p => p.Path == path);

    /// <exception cref="DoppelException">There are any: a line of message for each. Problems of different kinds are together a usage error.</exception>
    public void ThrowIfAny(Exception? inner = null)
    {
        if (_all.Count == 0) return;
        ErrorKind kind = _all.Select(p => p.Kind).Distinct().Count() == 1 ? _all[0].Kind : ErrorKind.Usage;
        throw new DoppelException(kind, string.Join('\n', _all), string.Join("; ", _all.Select(p => p.Hint).Distinct()), inner);
    }
}
