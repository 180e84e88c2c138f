using System.Text.Json;
using Doppel.Backends.Console;
using Doppel.Machine.Json;

namespace Doppel.Machine.Named;

/// <summary>The records in the folder of a machine as JSON.</summary>
internal static class RecordJson
{
    /// <exception cref="JsonException">It is not what it should be.</exception>
    public static MachineRecord ReadMachine(JsonElement element)
    {
        var fields = new JsonFields(element);
        return new MachineRecord(
            fields.RequiredNumber("format"),
            fields.RequiredText("name"),
            fields.RequiredTime("created"),
            fields.OptionalText("image"),
            fields.RequiredChoice<ConsoleRoute>("console"),
            VmConfigJson.Read(fields.Required("config")),
            fields.OptionalText("parent"));
    }

    public static void Write(Utf8JsonWriter writer, MachineRecord record)
    {
        writer.WriteStartObject();
        writer.WriteNumber("format", record.Format);
        writer.WriteString("name", record.Name);
        writer.WriteString("created", record.Created);
        writer.WriteString("image", record.Image);
        writer.WriteString("console", record.Console.ToString());
        writer.WritePropertyName("config");
        VmConfigJson.Write(writer, record.Config);
        writer.WriteString("parent", record.Parent);
        writer.WriteEndObject();
    }

    /// <exception cref="JsonException">It is not what it should be.</exception>
    public static EndRecord ReadEnd(JsonElement element)
    {
        var fields = new JsonFields(element);
        return new EndRecord(fields.RequiredChoice<VmExitReason>("reason"), fields.RequiredNumber("exitCode"), fields.OptionalText("message"), fields.RequiredTime("at"));
    }

    public static void Write(Utf8JsonWriter writer, EndRecord end)
    {
        writer.WriteStartObject();
        writer.WriteString("reason", end.Reason.ToString());
        writer.WriteNumber("exitCode", end.ExitCode);
        writer.WriteString("message", end.Message);
        writer.WriteString("at", end.At);
        writer.WriteEndObject();
    }
}
