// Implements: the Berkeley host-target interface (HTIF) as riscv-tests and the proxy kernel use it: device 0 "syscall proxy" (exit and write),
// device 1 "blocking character device" (putchar; getchar finds nothing).
using Doppel.Core.Backends;
using Doppel.Core.Clock;
using Doppel.Core.Memory;
using Doppel.Core.Vcpu;

namespace Doppel.Machine.Boot;

/// <summary>Watches the word <c>tohost</c> of a program that has one.</summary>
/// <remarks>
/// The word is ordinary RAM, which processors write without anybody noticing. To look at it every millisecond is simplest, costs machines without
/// such a program nothing, and leaves the paths of memory accesses alone; while the program talks, the next look comes sooner.
/// </remarks>
internal sealed class HtifWatcher : IDisposable
{
    private const long Period = 1_000_000;
    private const long TalkingPeriod = 20_000;
    private const ulong WriteSystemCall = 64;
    private const long NoSuchCall = -38;
    private const int MaxWrite = 64 << 10;

    private readonly Lock _lock = new();
    private readonly GuestMemory _memory;
    private readonly IVmClock _clock;
    private readonly IMachineControl _machine;
    private readonly IConsoleBackend _console;
    private readonly ulong _toHost;
    private readonly ulong? _fromHost;
    private readonly IVmAlarm _alarm;
    private bool _running;

    public HtifWatcher(GuestMemory memory, IVmClock clock, IMachineControl machine, IConsoleBackend console, ulong toHost, ulong? fromHost)
    {
        _memory = memory;
        _clock = clock;
        _machine = machine;
        _console = console;
        _toHost = toHost;
        _fromHost = fromHost;
        _alarm = clock.CreateAlarm(Look);
    }

    public void Start()
    {
        lock (_lock)
        {
            _running = true;
            _alarm.Set(_clock.Nanoseconds + Period);
        }
    }

    /// <summary>When it returns, memory is left alone.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _running = false;
            _alarm.Cancel();
        }
    }

    public void Dispose() => Stop();

    private void Look()
    {
        lock (_lock)
        {
            if (!_running) return;
            bool talking = _memory.TryReadUInt64(_toHost, out ulong command) && command != 0 && Serve(command);
            _alarm.Set(_clock.Nanoseconds + (talking ? TalkingPeriod : Period));
        }
    }

    /// <returns>Whether the program goes on.</returns>
    private bool Serve(ulong command)
    {
        ulong device = command >> 56;
        ulong function = command >> 48 & 0xff;
        ulong payload = command & 0xffff_ffff_ffff;
        // Acknowledged before it is answered, as the program may send the next command once it sees the answer.
        _memory.TryWriteUInt64(_toHost, 0);
        switch (device, function)
        {
            case (0, 0) when (payload & 1) != 0:
                _machine.PowerOff((int)(payload >> 1));
                return false;
            case (0, 0):
                SystemCall(payload);
                Answer(1);
                break;
            case (1, 1):
                _console.Write([(byte)payload]);
                Answer(command & 0xffff_0000_0000_0000);
                break;
        }

        return true;
    }

    /// <summary>The block that tohost points to: number, three arguments; the result takes the number's place.</summary>
    private void SystemCall(ulong block)
    {
        if (!_memory.TryReadUInt64(block, out ulong number)
            || !_memory.TryReadUInt64(block + 8, out _)
            || !_memory.TryReadUInt64(block + 16, out ulong address)
            || !_memory.TryReadUInt64(block + 24, out ulong length))
        {
            return;
        }

        long result = NoSuchCall;
        if (number == WriteSystemCall && length <= MaxWrite)
        {
            byte[] text = new byte[length];
            if (_memory.TryRead(address, text))
            {
                _console.Write(text);
                result = text.Length;
            }
        }

        _memory.TryWriteUInt64(block, (ulong)result);
    }

    private void Answer(ulong value)
    {
        if (_fromHost is { } address) _memory.TryWriteUInt64(address, value);
    }
}
