using System.Buffers.Binary;
using System.Text;
using Doppel.Core.Snapshot;

namespace Doppel.Tests.Unit.Snapshot;

/// <summary>What every part of a snapshot must keep to; one call per part is its contract test.</summary>
internal static class SnapshotContract
{
    private const int Mutations = 300;

    /// <summary>
    /// Save, load and save again give the same bytes; missing fields mean the reset value; unknown fields are skipped; truncated and damaged input
    /// is refused with <see cref="SnapshotException"/> or gives a state that can itself be saved and loaded.
    /// </summary>
    /// <param name="make">Makes a new part in its state after power-on. Called often; time must stand still for what it makes.</param>
    /// <param name="stir">Brings a part into a state that differs from power-on in as many fields as possible.</param>
    public static void Check<T>(Func<T> make, Action<T>? stir = null)
        where T : ISnapshotPart
    {
        T original = make();
        byte[] fresh = Save(original);
        stir?.Invoke(original);
        byte[] saved = Save(original);
        Assert.Equal(original.SnapshotName, make().SnapshotName);
        Assert.NotEmpty(original.SnapshotName);
        // A stirred part that saves the same as a fresh one proves nothing.
        if (stir is not null) Assert.NotEqual(fresh, saved);

        T other = make();
        Load(other, saved);
        Assert.Equal(saved, Save(other));
        Load(other, saved);
        Assert.Equal(saved, Save(other));
        Load(other, [.. saved, .. Field("a field of a later version", [1, 2, 3])]);
        Assert.Equal(saved, Save(other));
        Load(other, []);
        Assert.Equal(fresh, Save(other));

        CheckDamage(make, saved);
    }

    /// <summary>The bytes that the part saves.</summary>
    public static byte[] Save(ISnapshotPart part)
    {
        var writer = new SnapshotWriter();
        part.Save(writer);
        return writer.Written.ToArray();
    }

    public static void Load(ISnapshotPart part, byte[] saved) => part.Load(new SnapshotReader(saved));

    private static void CheckDamage<T>(Func<T> make, byte[] saved)
        where T : ISnapshotPart
    {
        T part = make();
        T witness = make();
        var random = new Random(1);
        for (int i = 0; i < Mutations; i++)
        {
            Try(part, witness, saved[..random.Next(saved.Length + 1)]);
            byte[] garbage = new byte[random.Next(200)];
            random.NextBytes(garbage);
            Try(part, witness, garbage);
            if (saved.Length == 0) continue;
            byte[] flipped = [.. saved];
            flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
            Try(part, witness, flipped);
            byte[] overwritten = [.. saved];
            int start = random.Next(overwritten.Length);
            overwritten.AsSpan(start, Math.Min(random.Next(1, 40), overwritten.Length - start)).Fill((byte)(random.Next(2) * 0xff));
            Try(part, witness, overwritten);
        }

        foreach ((string tag, byte[] payload) in Fields(saved))
        {
            Try(part, witness, Field(tag, []));
            Try(part, witness, Field(tag, [.. payload, 0]));
            Try(part, witness, Field(tag, [.. Enumerable.Repeat((byte)0xff, payload.Length)]));
            Try(part, witness, Field(tag, new byte[payload.Length]));
            Try(part, witness, Field(tag, [.. Enumerable.Repeat((byte)0x7f, 100_000)]));
        }
    }

    /// <summary>The only exception is <see cref="SnapshotException"/>; whatever happened, the part's state is one that loads.</summary>
    private static void Try(ISnapshotPart part, ISnapshotPart witness, byte[] input)
    {
        try
        {
            Load(part, input);
        }
        catch (SnapshotException)
        {
        }

        byte[] state = Save(part);
        Load(witness, state);
        Assert.Equal(state, Save(witness));
    }

    private static byte[] Field(string tag, byte[] payload)
    {
        var writer = new SnapshotWriter();
        writer.Write(tag, payload);
        return writer.Written.ToArray();
    }

    private static IEnumerable<(string Tag, byte[] Payload)> Fields(byte[] saved)
    {
        for (int at = 0; at < saved.Length;)
        {
            string tag = Encoding.UTF8.GetString(saved, at + 1, saved[at]);
            at += 1 + saved[at];
            int length = BinaryPrimitives.ReadInt32LittleEndian(saved.AsSpan(at));
            at += 4;
            yield return (tag, saved[at..(at + length)]);
            at += length;
        }
    }
}
