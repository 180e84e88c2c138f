namespace Doppel.Fuzz.Inputs;

/// <summary>Damages bytes in the ways that files and hostile people do.</summary>
internal sealed class Mutator(Random random)
{
    private static readonly ulong[] Interesting = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, ulong.MaxValue];

    public Random Random => random;

    public byte[] Mutate(byte[] input)
    {
        byte[] bytes = [.. input];
        for (int count = random.Next(1, 8); count > 0; count--) bytes = Once(bytes);
        return bytes;
    }

    /// <summary>As <see cref="Mutate"/>, without a change of length.</summary>
    public void MutateInPlace(byte[] bytes)
    {
        for (int count = random.Next(1, 8); count > 0 && bytes.Length > 0; count--)
        {
            if (random.Next(2) == 0) bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            else Place(bytes);
        }
    }

    private byte[] Once(byte[] bytes)
    {
        if (bytes.Length == 0) return [(byte)random.Next(256)];
        switch (random.Next(6))
        {
            case 0:
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                Place(bytes);
                return bytes;
            case 2:
                return bytes[..random.Next(bytes.Length)];
            case 3:
                int at = random.Next(bytes.Length);
                byte[] more = new byte[random.Next(1, 64)];
                random.NextBytes(more);
                return [.. bytes[..at], .. more, .. bytes[at..]];
            case 4:
                int from = random.Next(bytes.Length), length = random.Next(bytes.Length - from + 1), to = random.Next(bytes.Length);
                return [.. bytes[..to], .. bytes[from..(from + length)], .. bytes[to..]];
            default:
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                return bytes;
        }
    }

    private void Place(byte[] bytes)
    {
        ulong value = Interesting[random.Next(Interesting.Length)] + (ulong)random.Next(-2, 3);
        int at = random.Next(bytes.Length);
        for (int i = 0, size = 1 << random.Next(4); i < size && at + i < bytes.Length; i++) bytes[at + i] = (byte)(value >> (8 * i));
    }
}
