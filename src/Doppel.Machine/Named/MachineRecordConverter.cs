using System.Text.Json;
using System.Text.Json.Serialization;

namespace Doppel.Machine.Named;

/// <summary>For records with one of a machine in them that the framework's serializer reads and writes.</summary>
internal sealed class MachineRecordConverter : JsonConverter<MachineRecord>
{
    public override MachineRecord Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => RecordJson.ReadMachine(JsonElement.ParseValue(ref reader));

    public override void Write(Utf8JsonWriter writer, MachineRecord value, JsonSerializerOptions options) => RecordJson.Write(writer, value);
}
