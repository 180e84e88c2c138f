using System.Text.Json;
using Doppel.Core.Errors;
using Doppel.Machine.Json;

namespace Doppel.Machine.Named.Control;

/// <summary>What is said on a machine's socket, as JSON. By hand, as each verb about a machine and each child of a fork says and hears some (decision 0027). What is null is left out.</summary>
internal static class ControlJson
{
    /// <exception cref="JsonException">It is not what it should be.</exception>
    public static ControlRequest ReadRequest(JsonElement element)
    {
        var fields = new JsonFields(element);
        return new ControlRequest(
            fields.RequiredChoice<ControlVerb>("verb"), fields.OptionalText("forward"), fields.OptionalText("snapshot"), fields.OptionalText("comment"), fields.Number("adapter", 0));
    }

    public static void Write(Utf8JsonWriter writer, ControlRequest request)
    {
        writer.WriteStartObject();
        writer.WriteString("verb", request.Verb.ToString());
        WriteText(writer, "forward", request.Forward);
        WriteText(writer, "snapshot", request.Snapshot);
        WriteText(writer, "comment", request.Comment);
        writer.WriteNumber("adapter", request.Adapter);
        writer.WriteEndObject();
    }

    /// <exception cref="JsonException">It is not what it should be.</exception>
    public static ControlReply ReadReply(JsonElement element)
    {
        var fields = new JsonFields(element);
        return new ControlReply
        {
            State = fields.Choice("state", default(NamedState)),
            ProcessId = fields.Number("processId", 0),
            End = fields.Object("end") is { } end ? RecordJson.ReadEnd(end) : null,
            Statistics = fields.Object("statistics") is { } statistics ? ReadStatistics(statistics) : null,
            Forwards = fields.Object("forwards") is null ? null : fields.Texts("forwards"),
            Taken = fields.OptionalFlag("taken"),
            HearsPower = fields.OptionalFlag("hearsPower"),
            Fork = fields.OptionalText("fork"),
            Progress = fields.OptionalReal("progress"),
            Kind = fields.OptionalChoice<ErrorKind>("kind"),
            Error = fields.OptionalText("error"),
            Hint = fields.OptionalText("hint"),
        };
    }

    public static void Write(Utf8JsonWriter writer, ControlReply reply)
    {
        writer.WriteStartObject();
        writer.WriteString("state", reply.State.ToString());
        writer.WriteNumber("processId", reply.ProcessId);
        if (reply.End is { } end)
        {
            writer.WritePropertyName("end");
            RecordJson.Write(writer, end);
        }

        if (reply.Statistics is { } statistics)
        {
            writer.WriteStartObject("statistics");
            foreach ((string name, long value) in statistics) writer.WriteNumber(name, value);
            writer.WriteEndObject();
        }

        if (reply.Forwards is { } forwards)
        {
            writer.WriteStartArray("forwards");
            foreach (string forward in forwards) writer.WriteStringValue(forward);
            writer.WriteEndArray();
        }

        if (reply.Taken is { } taken) writer.WriteBoolean("taken", taken);
        if (reply.HearsPower is { } hears) writer.WriteBoolean("hearsPower", hears);
        WriteText(writer, "fork", reply.Fork);
        if (reply.Progress is { } progress) writer.WriteNumber("progress", progress);
        WriteText(writer, "kind", reply.Kind?.ToString());
        WriteText(writer, "error", reply.Error);
        WriteText(writer, "hint", reply.Hint);
        writer.WriteEndObject();
    }

    private static Dictionary<string, long> ReadStatistics(JsonElement element)
    {
        var fields = new JsonFields(element);
        var statistics = new Dictionary<string, long>();
        foreach (JsonProperty property in element.EnumerateObject()) statistics.Add(property.Name, fields.RequiredLong(property.Name));
        return statistics;
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? text)
    {
        if (text is not null) writer.WriteString(name, text);
    }
}
