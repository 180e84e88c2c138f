using Doppel.Core.Errors;

namespace Doppel.Machine.Boot;

/// <summary>
/// What a machine is made from, judged: its configuration, the images to boot, and where they go. Copies of a machine share it. A machine that goes on where another one was
/// needs the images only when it is reset: they are read when they are first asked for.
/// </summary>
internal sealed record BootPlan(VmConfig Config, Lazy<BootFiles> Files)
{
    public BootPlan(VmConfig config, BootImages images, BootLayout layout)
        : this(config, new Lazy<BootFiles>(new BootFiles(images, layout)))
    {
    }

    /// <exception cref="DoppelException">The files have to be read, and cannot be.</exception>
    public BootImages Images => Files.Value.Images;

    /// <inheritdoc cref="Images"/>
    public BootLayout Layout => Files.Value.Layout;

    /// <summary>Reads the files of a configuration when they are asked for.</summary>
    public static BootPlan Later(VmConfig config) => new(config, new Lazy<BootFiles>(() => Read(config), LazyThreadSafetyMode.PublicationOnly));

    /// <summary>The same for another configuration of the same hardware: with its files, unless they have been read.</summary>
    public BootPlan For(VmConfig config) => Files.IsValueCreated ? this with { Config = config } : Later(config);

    private static BootFiles Read(VmConfig config)
    {
        var problems = new ConfigProblems();
        BootPlan? plan = VmConfigValidator.Check(config, problems);
        problems.ThrowIfAny();
        return plan!.Files.Value;
    }
}

/// <summary>The images to boot, and where they go.</summary>
internal sealed record BootFiles(BootImages Images, BootLayout Layout);
