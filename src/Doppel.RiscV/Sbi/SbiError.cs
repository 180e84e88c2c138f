// Implements: RISC-V Supervisor Binary Interface 2.0, chapter 3 "Binary Encoding", standard errors.
namespace Doppel.RiscV.Sbi;

/// <summary>SBI_SUCCESS and SBI_ERR_….</summary>
internal enum SbiError : long
{
    Success = 0,
    Failed = -1,
    NotSupported = -2,
    InvalidParam = -3,
    Denied = -4,
    InvalidAddress = -5,
    AlreadyAvailable = -6,
    AlreadyStarted = -7,
    AlreadyStopped = -8,
    NoShmem = -9,
}

/// <summary>What a call gives back in a0 and a1.</summary>
/// <param name="Returns">False if the caller does not go on behind its <c>ecall</c>, so that its registers must be left alone.</param>
internal readonly record struct SbiResult(SbiError Error, ulong Value = 0, bool Returns = true)
{
    public static readonly SbiResult NoReturn = new(SbiError.Success, 0, false);

    public static SbiResult Success(ulong value = 0) => new(SbiError.Success, value);

    public static implicit operator SbiResult(SbiError error) => new(error);
}
