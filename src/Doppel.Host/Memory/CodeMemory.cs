using System.Runtime.InteropServices;
using static Doppel.Host.Memory.MemoryCalls;

namespace Doppel.Host.Memory;

/// <summary>
/// Memory for generated machine code: the same pages mapped twice, once writable and once executable, so that no address is ever both.
/// </summary>
/// <remarks>Pages take host memory when they are first written. Dispose only after no thread can be executing in it.</remarks>
public sealed unsafe class CodeMemory : IDisposable
{
    private const int ProtRead = 1;
    private const int ProtWrite = 2;
    private const int ProtExec = 4;
    private const int MapShared = 1;
    private const int MapAnonymousFlag = 0x20;
    private const int MremapMayMove = 1;
    private const uint MfdCloexec = 1;

    private static readonly Lazy<bool> Tried = new(Try);

    private byte* _writable;
    private byte* _executable;

    private CodeMemory(byte* writable, byte* executable, int length)
    {
        _writable = writable;
        _executable = executable;
        Length = length;
    }

    /// <summary>Whether this host lets a process make code: Linux on x86-64, if its policy does not forbid it. Tried once.</summary>
    public static bool IsSupported => Tried.Value;

    /// <summary>Bytes.</summary>
    public int Length { get; }

    /// <summary>Where the code runs; valid until <see cref="Dispose"/>.</summary>
    public nint Address => (nint)_executable;

    private static bool Try()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64) return false;
        try
        {
            Map(1).Dispose();
            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }

    /// <param name="length">Bytes; rounded up to whole pages by the host.</param>
    /// <param name="anonymous">The code's pages have no name, as profilers want it that look for names of code elsewhere (perf's map files).</param>
    /// <exception cref="PlatformNotSupportedException"><see cref="IsSupported"/> is false.</exception>
    /// <exception cref="OutOfMemoryException">The host has not that much, or forbids executable memory.</exception>
    public static CodeMemory Allocate(int length, bool anonymous = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        if (!IsSupported) throw new PlatformNotSupportedException("Generated code needs Linux on x86-64, and to be allowed.");
        return anonymous ? MapAnonymous(length) : Map(length);
    }

    private static CodeMemory Map(int length)
    {
        int descriptor = MemfdCreate("doppel-code", MfdCloexec);
        if (descriptor < 0) throw Failure(length);
        try
        {
            if (Ftruncate(descriptor, length) != 0) throw Failure(length);
            void* writable = Mmap(null, (nuint)length, ProtRead | ProtWrite, MapShared, descriptor, 0);
            if ((nint)writable == -1) throw Failure(length);
            void* executable = Mmap(null, (nuint)length, ProtRead | ProtExec, MapShared, descriptor, 0);
            if ((nint)executable == -1)
            {
                OutOfMemoryException failure = Failure(length);
                _ = Munmap(writable, (nuint)length);
                throw failure;
            }

            return new CodeMemory((byte*)writable, (byte*)executable, length);
        }
        finally
        {
            // The mappings keep the memory alive.
            _ = Close(descriptor);
        }
    }

    private static CodeMemory MapAnonymous(int length)
    {
        void* writable = Mmap(null, (nuint)length, ProtRead | ProtWrite, MapShared | MapAnonymousFlag, -1, 0);
        if ((nint)writable == -1) throw Failure(length);

        // Of length 0: the same shared pages once more (mremap(2)).
        void* executable = Mremap(writable, 0, (nuint)length, MremapMayMove);
        if ((nint)executable != -1 && Mprotect(executable, (nuint)length, ProtRead | ProtExec) == 0) return new CodeMemory((byte*)writable, (byte*)executable, length);
        OutOfMemoryException failure = Failure(length);
        _ = Munmap(writable, (nuint)length);
        if ((nint)executable != -1) _ = Munmap(executable, (nuint)length);
        throw failure;
    }

    /// <summary>Copies code in. The caller sees to it that nobody executes those bytes meanwhile.</summary>
    public void Write(int offset, ReadOnlySpan<byte> code)
    {
        if (offset < 0 || offset > Length - code.Length) throw new ArgumentOutOfRangeException(nameof(offset));
        code.CopyTo(new Span<byte>(_writable + offset, code.Length));
    }

    /// <summary>Changes four bytes at once, also while other threads execute them, if they lie within an aligned quadword.</summary>
    public void Patch(int offset, int value)
    {
        if (offset < 0 || offset > Length - sizeof(int)) throw new ArgumentOutOfRangeException(nameof(offset));
        if (offset / 8 != (offset + 3) / 8) throw new ArgumentException("The bytes must lie within an aligned quadword.", nameof(offset));
        Volatile.Write(ref *(int*)(_writable + offset), value);
    }

    /// <summary>The code as it is now; for dumps.</summary>
    public ReadOnlySpan<byte> Read(int offset, int length)
    {
        if (offset < 0 || length < 0 || offset > Length - length) throw new ArgumentOutOfRangeException(nameof(offset));
        return new ReadOnlySpan<byte>(_writable + offset, length);
    }

    public void Dispose()
    {
        if (_writable == null) return;
        _ = Munmap(_writable, (nuint)Length);
        _ = Munmap(_executable, (nuint)Length);
        _writable = null;
        _executable = null;
    }

    private static OutOfMemoryException Failure(int length) =>
        new($"The host cannot give {length} bytes of executable memory: {Marshal.GetLastPInvokeErrorMessage()}.");
}
