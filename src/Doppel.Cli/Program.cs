using Doppel.Cli;

return await new DoppelCommand(CommandContext.OfProcess()).InvokeAsync(args).ConfigureAwait(false);
