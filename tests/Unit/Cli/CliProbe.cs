using Doppel.Cli;

namespace Doppel.Tests.Unit.Cli;

/// <summary>Runs the command in this process with captured output and an environment of its own.</summary>
internal sealed class CliProbe
{
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public Dictionary<string, string> Environment { get; } = [];

    public string Out => _out.ToString();

    public string Error => _error.ToString();

    public int Code { get; private set; }

    public static async Task<CliProbe> RunAsync(params string[] arguments)
    {
        var probe = new CliProbe();
        await probe.InvokeAsync(arguments);
        return probe;
    }

    public async Task InvokeAsync(params string[] arguments) => Code = await new DoppelCommand(Context()).InvokeAsync(arguments);

    public CommandContext Context() => new()
    {
        Out = _out,
        Error = _error,
        OpenInput = () => new MemoryStream(),
        OpenOutput = () => new MemoryStream(),
        OpenError = () => new MemoryStream(),
        InputIsTerminal = false,
        OutputIsTerminal = false,
        ErrorIsTerminal = false,
        ProbesNetwork = false,
        Variable = Environment.GetValueOrDefault,
    };
}
