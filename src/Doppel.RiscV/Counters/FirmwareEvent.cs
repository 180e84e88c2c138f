// Implements: RISC-V Supervisor Binary Interface 2.0, section 11.3 "Event: Firmware Events (Type #15)".
namespace Doppel.RiscV.Counters;

/// <summary>
/// What our firmware does and counts. The events before are traps that firmware handles, which a machine that gives them all to S-mode has none of; those behind are of the hypervisor extension.
/// What is sent to several harts counts for each of them; what a hart asks of itself does not count.
/// </summary>
internal enum FirmwareEvent
{
    SetTimer = 5,
    IpiSent = 6,
    IpiReceived = 7,
    FenceISent = 8,
    FenceIReceived = 9,
    SfenceVmaSent = 10,
    SfenceVmaReceived = 11,
    SfenceVmaAsidSent = 12,
    SfenceVmaAsidReceived = 13,
}
