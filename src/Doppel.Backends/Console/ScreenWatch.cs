namespace Doppel.Backends.Console;

/// <summary>
/// Follows the guest's output to know whether a full-screen program (an editor, a pager) is running: it switches the terminal to its alternate screen
/// with <c>ESC [ ? 1049 h</c> (or 47, 1047) and back with <c>l</c> (xterm control sequences, "DEC Private Mode Set").
/// </summary>
internal sealed class ScreenWatch
{
    private const byte Escape = 0x1b;
    private int _state;
    private int _number;

    public bool Alternate { get; private set; }

    public void See(ReadOnlySpan<byte> output)
    {
        foreach (byte value in output)
        {
            if (_state == 0)
            {
                if (value == Escape) _state = 1;
                continue;
            }

            Step(value);
        }
    }

    private void Step(byte value)
    {
        switch (_state, value)
        {
            case (_, Escape):
                _state = 1;
                break;
            case (1, (byte)'['):
                _state = 2;
                break;
            case (2, (byte)'?'):
                (_state, _number) = (3, 0);
                break;
            case (3, >= (byte)'0' and <= (byte)'9'):
                _number = Math.Min(_number * 10 + value - '0', 99_999);
                break;
            default:
                if (_state == 3 && value is (byte)'h' or (byte)'l' && _number is 47 or 1047 or 1049) Alternate = value == 'h';
                _state = 0;
                break;
        }
    }
}
