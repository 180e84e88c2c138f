namespace Doppel.Machine.Loaders;

/// <summary>A file is not the image that it was given as. The builder turns it into a problem with the setting's path.</summary>
/// <param name="message">What is wrong, to be read after the file's name: "is truncated: …".</param>
/// <param name="hint">What to do about it.</param>
internal sealed class ImageFormatException(string message, string hint) : Exception(message)
{
    public string Hint { get; } = hint;
}
