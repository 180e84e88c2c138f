#!/usr/bin/env dotnet
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false
#:property RestoreLockedMode=false

// Finds the first line in which two traces differ, and shows it with the lines before it:
//   dotnet run tools/trace-diff.cs -- A B [LINES]      LINES of context before the difference; default 10
// Reads both files once, whatever their length. Exit code: 0 the same, 1 different, 2 usage.

const int DefaultContext = 10;

int context = DefaultContext;
if (args.Length is < 2 or > 3 || (args.Length == 3 && (!int.TryParse(args[2], out context) || context < 0))) return Fail("give two trace files, and how many lines of context");
foreach (string path in args[..2])
{
    if (!File.Exists(path)) return Fail($"{path} does not exist");
}

var before = new Queue<string>();
using IEnumerator<string> left = File.ReadLines(args[0]).GetEnumerator(), right = File.ReadLines(args[1]).GetEnumerator();
for (long line = 1; ; line++)
{
    string? a = left.MoveNext() ? left.Current : null;
    string? b = right.MoveNext() ? right.Current : null;
    if (a is null && b is null)
    {
        Console.WriteLine($"no difference in {line - 1} lines");
        return 0;
    }

    if (a != b)
    {
        Console.WriteLine($"first difference in line {line}:");
        foreach (string same in before) Console.WriteLine("  " + same);
        Console.WriteLine("< " + (a ?? "(end of the trace)"));
        Console.WriteLine("> " + (b ?? "(end of the trace)"));
        return 1;
    }

    before.Enqueue(a!);
    if (before.Count > context) before.Dequeue();
}

static int Fail(string message)
{
    Console.Error.WriteLine($"trace-diff: {message}");
    Console.Error.WriteLine("try: dotnet run tools/trace-diff.cs -- A B");
    return 2;
}
