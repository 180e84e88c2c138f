#!/usr/bin/env dotnet
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false
#:property RestoreLockedMode=false

// Builds everything in Release and runs all tests, one project after the other so that none disturbs another's timing:
//   dotnet run tools/test.cs [-- [PROJECT…] [-- RUNNER-FLAGS…]]      PROJECT: Unit, Conformance or System; all three if none is named
// The closing line is `N passed, N failed[, N skipped]`, the sum over all projects; the exit code is 0 only if tests ran and none failed.

using System.Diagnostics;
using System.Xml.Linq;

string[] known = ["Unit", "Conformance", "System"];
int split = Array.IndexOf(args, "--");
string[] names = split < 0 ? args : args[..split];
string[] flags = split < 0 ? [] : args[(split + 1)..];
if (names.Except(known).Any()) return Fail($"test: there is no test project named '{names.Except(known).First()}'; they are {string.Join(", ", known)}", 2);

string root = Directory.GetCurrentDirectory();
if (!File.Exists(Path.Combine(root, "Doppel.slnx"))) return Fail("test: run this in the folder of Doppel.slnx", 2);
if (Run("dotnet", ["build", "Doppel.slnx", "-c", "Release", "--nologo", "-v", "quiet", "-clp:ErrorsOnly;NoSummary"]) != 0) return Fail("test: the build failed", 1);

string results = Path.Combine(root, "artifacts", "test-results");
Directory.CreateDirectory(results);
long passed = 0, failed = 0, skipped = 0;
foreach (string name in names.Length == 0 ? known : names)
{
    string report = Path.Combine(results, name + ".xml");
    File.Delete(report);
    long started = Stopwatch.GetTimestamp();
    int code = Run("dotnet", ["exec", Path.Combine(root, "artifacts", "bin", name, "release", $"Doppel.Tests.{name}.dll"), "-noLogo", "-noColor", "-xml", report, .. flags]);
    if (!File.Exists(report))
    {
        Console.WriteLine($"test: {name} ended with code {code} and wrote no report");
        failed++;
        continue;
    }

    long before = passed + failed, failedBefore = failed;
    foreach (XElement assembly in XDocument.Load(report).Descendants("assembly"))
    {
        passed += Count(assembly, "passed");
        failed += Count(assembly, "failed") + Count(assembly, "errors");
        skipped += Count(assembly, "skipped");
    }

    // A runner that fails without a failed test (a crash at its end, say) has failed.
    if (code != 0 && failed == failedBefore) failed++;
    Console.WriteLine($"test: {name}: {passed + failed - before} run in {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s");
}

if (passed + failed == 0) Console.WriteLine("test: no tests were found");
Console.WriteLine(skipped == 0 ? $"{passed} passed, {failed} failed" : $"{passed} passed, {failed} failed, {skipped} skipped");
return failed == 0 && passed > 0 ? 0 : 1;

static long Count(XElement assembly, string attribute) => (long?)assembly.Attribute(attribute) ?? 0;

static int Fail(string message, int code)
{
    Console.Error.WriteLine(message);
    return code;
}

static int Run(string program, IEnumerable<string> arguments)
{
    using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true })!;
    process.StandardInput.Close();
    process.WaitForExit();
    return process.ExitCode;
}
