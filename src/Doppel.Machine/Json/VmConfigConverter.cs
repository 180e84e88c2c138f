using System.Text.Json;
using System.Text.Json.Serialization;

namespace Doppel.Machine.Json;

/// <summary>For records with a configuration in them that the framework's serializer reads and writes.</summary>
internal sealed class VmConfigConverter : JsonConverter<VmConfig>
{
    public override VmConfig Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => VmConfigJson.Read(JsonElement.ParseValue(ref reader));

    public override void Write(Utf8JsonWriter writer, VmConfig value, JsonSerializerOptions options) => VmConfigJson.Write(writer, value);
}
