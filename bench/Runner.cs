namespace Doppel.Bench;

/// <summary>Runs all programs on all contenders, in turns.</summary>
internal sealed class Runner(BenchOptions options, Results results, Action<string> progress)
{
    private readonly HashSet<string> _missing = [];

    /// <summary>The contenders that turned out not to be offered here.</summary>
    public IReadOnlySet<string> Missing => _missing;

    /// <summary>
    /// One round on one guest: every contender is started anew, since two runs of one process are more alike than two processes are; then each program runs
    /// on all of them before the next one does, so that the host's moods meet all. Contenders that wait use no time.
    /// </summary>
    /// <param name="guest">The guest for each.</param>
    public async Task RoundAsync(Func<Contender, BenchGuest> guest, IReadOnlyList<BenchProgram> programs, IReadOnlyList<Contender> contenders, int round)
    {
        Dictionary<Contender, Session> sessions = [];
        try
        {
            foreach (Contender contender in contenders.Where(c => !Missing.Contains(c.Name))) await StartAsync(sessions, contender, guest(contender));
            foreach (BenchProgram program in programs)
            {
                foreach (Contender contender in contenders.Where(sessions.ContainsKey))
                {
                    progress($"round {round} of {options.Rounds}: {program.Name}: {contender.Name}");
                    try
                    {
                        results.Add(program, contender, await sessions[contender].RunAsync(program, options.Scale, options.Timeout));
                    }
                    catch (RunFailedException failure)
                    {
                        results.Fail(program, contender, failure.Message);
                        if (!failure.SessionLost) continue;
                        if (sessions.Remove(contender, out Session? lost)) await lost.DisposeAsync();
                        await StartAsync(sessions, contender, guest(contender));
                    }
                }
            }
        }
        finally
        {
            foreach (Session session in sessions.Values) await session.DisposeAsync();
        }
    }

    /// <summary>One boot on each contender.</summary>
    public async Task BootAsync(BenchGuest guest, BenchProgram program, IReadOnlyList<Contender> contenders, int round)
    {
        foreach (Contender contender in contenders.Where(c => c is not NativeContender && !Missing.Contains(c.Name)))
        {
            progress($"round {round} of {options.Rounds}: {program.Class} {program.Name}: {contender.Name}");
            try
            {
                results.Add(program, contender, await BootRun.MeasureAsync(contender, guest, program.Place, options.Timeout));
            }
            catch (EngineMissingException missing)
            {
                Skip(contender, missing);
            }
            catch (RunFailedException failure)
            {
                results.Fail(program, contender, failure.Message);
            }
        }
    }

    private async Task StartAsync(Dictionary<Contender, Session> sessions, Contender contender, BenchGuest guest)
    {
        progress($"starting {contender.Name}");
        try
        {
            Session session = await Session.StartAsync(contender, guest, options.Timeout);
            sessions[contender] = session;
            foreach (BenchProgram program in Catalog.WarmUp) await session.RunAsync(program, 1, options.Timeout);
        }
        catch (EngineMissingException missing)
        {
            Skip(contender, missing);
        }
        catch (RunFailedException failure)
        {
            results.Fail(null, contender, failure.Message);
        }
    }

    private void Skip(Contender contender, EngineMissingException missing)
    {
        _missing.Add(contender.Name);
        progress($"{contender.Name} is left out: {missing.Message}");
    }
}
