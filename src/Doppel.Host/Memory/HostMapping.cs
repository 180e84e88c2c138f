using System.Runtime.InteropServices;

namespace Doppel.Host.Memory;

/// <summary>The pages behind one <see cref="HostMemory"/>. The address remains for good, whatever is mapped there.</summary>
internal abstract unsafe class HostMapping : IDisposable
{
    /// <summary>The first byte; null once disposed.</summary>
    public byte* Address { get; protected set; }

    /// <summary>Maps zeroes.</summary>
    /// <exception cref="OutOfMemoryException">The host has not that much.</exception>
    public static HostMapping Create(ulong length, string name)
    {
        ulong pageSize = (ulong)Environment.SystemPageSize;
        if (length > long.MaxValue - pageSize - (4 * AddressRange.GuardBytes)) throw OutOfMemory(length, "more than the address space");
        ulong rounded = (length + pageSize - 1) & ~(pageSize - 1);
        return OperatingSystem.IsLinux() ? new SharingMapping(rounded, name) : new CopyingMapping(rounded);
    }

    /// <summary>Makes the range read as zeroes.</summary>
    public abstract void Discard(ulong offset, ulong length);

    /// <summary>See <see cref="HostMemory.Keep"/>.</summary>
    public virtual void Keep(ulong offset)
    {
    }

    /// <summary>Whether all pages are there; if not, <see cref="Fetch"/> must be called before a page is touched.</summary>
    public virtual bool IsWhole => true;

    /// <summary>Has the page at the offset there. Any thread.</summary>
    /// <exception cref="OutOfMemoryException">The host has no room for it.</exception>
    public virtual void Fetch(ulong offset)
    {
    }

    /// <summary>See <see cref="HostMemory.FinishCopying"/>.</summary>
    public virtual void FinishCopying()
    {
    }

    /// <summary>See <see cref="HostMemory.PrepareFreeze"/>.</summary>
    public virtual void PrepareFreeze()
    {
    }

    /// <summary>See <see cref="HostMemory.Freeze"/>.</summary>
    public abstract FrozenMemory Freeze(ReadOnlySpan<ulong> changed);

    /// <summary>See <see cref="HostMemory.Restore"/>.</summary>
    public abstract void Restore(FrozenMemory content, ReadOnlySpan<ulong> changed);

    public abstract void Dispose();

    protected static OutOfMemoryException OutOfMemory(ulong length, string? reason = null) =>
        new($"The host cannot map {length} bytes: {reason ?? Marshal.GetLastPInvokeErrorMessage()}.");
}
