namespace Doppel.Tests.System.Fuzz;

/// <summary>Bounded runs of the fuzz drivers for the translator.</summary>
public sealed class TranslatorFuzzTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("ir", 4)]
    [InlineData("translation", 4)]
    [InlineData("generated", 10)]
    public async Task Driver_finds_nothing(string driver, int seconds)
    {
        Assert.SkipWhen(driver == "generated" && !Engines.Translator.CodeTranslator.IsSupported, "this host cannot run generated code");
        await FuzzDriver.FindsNothingAsync(driver, seconds, output);
    }

    /// <summary>The first program of this seed stores into the instructions that it executes next, without a fence.</summary>
    [Fact]
    public async Task Driver_does_not_take_old_code_for_a_finding()
    {
        Assert.SkipUnless(Engines.Translator.CodeTranslator.IsSupported, "this host cannot run generated code");
        await FuzzDriver.FindsNothingAsync("generated", 1, 15872, output);
    }
}
