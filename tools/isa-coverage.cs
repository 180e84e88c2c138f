#!/usr/bin/env dotnet
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false
#:property RestoreLockedMode=false

// Writes docs/isa-coverage.md anew from the rows of the instruction table:
//   dotnet run tools/isa-coverage.cs
// The table itself is made by tests/Conformance/Coverage/CoverageReport.cs, where the interpreter and the program generators are at hand.

using System.Diagnostics;

var start = new ProcessStartInfo("dotnet", ["run", "--project", "tests/Conformance", "--", "-noLogo", "-method", "*.Coverage_report_is_up_to_date"]);
start.Environment["DOPPEL_UPDATE"] = "1";
using Process process = Process.Start(start)!;
process.WaitForExit();
return process.ExitCode;
