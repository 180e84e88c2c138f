namespace Doppel.Engines.Translator;

/// <summary>
/// Which vCPUs may still be executing code, or remember addresses of code, that has been withdrawn: each withdrawal has a number, and a vCPU that begins anew to execute generated code
/// notes the latest. Each vCPU's part is written by its own thread.
/// </summary>
internal sealed class CodeUsers(int vcpus)
{
    /// <summary>Entries per vCPU, so that no two share a cache line: whether it executes generated code, and the latest withdrawal that it knows.</summary>
    private const int Stride = 32;
    private const int Inside = 0;
    private const int Known = 1;

    private readonly int[] _states = new int[vcpus * Stride];
    private int _withdrawal;

    /// <summary>The number of the latest withdrawal.</summary>
    public int Latest => Volatile.Read(ref _withdrawal);

    /// <summary>The vCPU begins to execute generated code.</summary>
    /// <returns>Whether something has been withdrawn since it last did: it must forget all addresses of code before.</returns>
    public bool Enter(int vcpu)
    {
        ref int known = ref _states[vcpu * Stride + Known];
        Volatile.Write(ref _states[vcpu * Stride + Inside], 1);

        // Either it sees the withdrawal, or who withdraws sees that it is inside.
        if (vcpus > 1) Interlocked.MemoryBarrier();
        int latest = Latest;
        if (known == latest) return false;
        Volatile.Write(ref known, latest);
        return true;
    }

    /// <summary>The vCPU does not execute generated code any more, and will call <see cref="Enter"/> before it does again.</summary>
    public void Leave(int vcpu) => Volatile.Write(ref _states[vcpu * Stride + Inside], 0);

    /// <summary>Something has been withdrawn: nobody can come to it any more who is not there yet, or has its address yet.</summary>
    /// <returns>The number of the withdrawal.</returns>
    public int Withdraw() => Interlocked.Increment(ref _withdrawal);

    /// <summary>Whether no vCPU can be executing what had been withdrawn with this number, or come to it.</summary>
    /// <param name="except">Of one of which this is known; −1 for none.</param>
    public bool HaveLeft(int withdrawal, int except = -1)
    {
        for (int vcpu = 0; vcpu < vcpus; vcpu++)
        {
            if (vcpu != except && Volatile.Read(ref _states[vcpu * Stride + Inside]) != 0 && Volatile.Read(ref _states[vcpu * Stride + Known]) - withdrawal < 0) return false;
        }

        return true;
    }
}
