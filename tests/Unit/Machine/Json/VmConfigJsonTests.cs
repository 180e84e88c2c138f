using System.Collections;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Doppel.Machine;
using Doppel.Machine.Json;

namespace Doppel.Tests.Unit.Machine.Json;

public sealed class VmConfigJsonTests
{
    /// <summary>Fails when somebody adds a setting and forgets to write or to read it.</summary>
    [Fact]
    public void Every_setting_is_written_and_read()
    {
        var config = (VmConfig)Unusual(typeof(VmConfig));
        VmConfig read = Read(Encoding.UTF8.GetString(StrictJson.Write(config, VmConfigJson.Write)));
        AssertSame(config, read, "config");
    }

    [Fact]
    public void What_is_not_said_is_usual()
    {
        AssertSame(new VmConfig(), Read("{}"), "config");
        AssertSame(new VmConfig { Networks = [new NetworkConfig { User = new UserNetworkSettings { V6 = false } }] }, Read("{\"networks\":[{\"user\":{\"v6\":false}}]}"), "config");
        AssertSame(new VmConfig { Networks = [new NetworkConfig()], Disks = [new DiskConfig("d")] }, Read("{\"networks\":[{}],\"disks\":[{\"path\":\"d\"}],\"later\":[1]}"), "config");
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"cpus\":1,\"cpus\":2}")]
    [InlineData("{\"cpus\":null}")]
    [InlineData("{\"cpus\":1.5}")]
    [InlineData("{\"cpus\":\"1\"}")]
    [InlineData("{\"cpus\":9223372036854775807}")]
    [InlineData("{\"memoryBytes\":-1}")]
    [InlineData("{\"memoryBytes\":null}")]
    [InlineData("{\"codeCacheBytes\":true}")]
    [InlineData("{\"name\":null}")]
    [InlineData("{\"name\":\"\\ud800\"}")]
    [InlineData("{\"engine\":\"Nothing\"}")]
    [InlineData("{\"engine\":\"1\"}")]
    [InlineData("{\"engine\":1}")]
    [InlineData("{\"engine\":null}")]
    [InlineData("{\"engine\":\"\"}")]
    [InlineData("{\"startTime\":\"yesterday\"}")]
    [InlineData("{\"cpu\":[]}")]
    [InlineData("{\"ports\":null}")]
    [InlineData("{\"ports\":[null]}")]
    [InlineData("{\"ports\":\"8080\"}")]
    [InlineData("{\"initrdExtras\":[\"%\"]}")]
    [InlineData("{\"disks\":[null]}")]
    [InlineData("{\"disks\":[{}]}")]
    [InlineData("{\"disks\":[{\"path\":null}]}")]
    [InlineData("{\"networks\":[{\"vlan\":65536}]}")]
    [InlineData("{\"networks\":[{\"trunk\":[-1]}]}")]
    [InlineData("{\"networks\":[{\"user\":{\"allow\":[null]}}]}")]
    [InlineData("{\"noReboot\":0}")]
    public void What_is_something_else_is_refused(string text) => Assert.Throws<JsonException>(() => Read(text));

    [Fact]
    public void Error_names_what_is_wrong() => Assert.Contains("'memoryBytes'", Assert.Throws<JsonException>(() => Read("{\"memoryBytes\":\"much\"}")).Message, StringComparison.Ordinal);

    private static VmConfig Read(string text) => StrictJson.Read(Encoding.UTF8.GetBytes(text), VmConfigJson.Read);

    /// <summary>A value that is not the usual one, with such values in it.</summary>
    private static object Unusual(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string)) return "unusual \"text\" \u00e9";
        if (type == typeof(int)) return 4711;
        if (type == typeof(long)) return 1L << 40;
        if (type == typeof(ulong)) return ulong.MaxValue - 1;
        if (type == typeof(ushort)) return (ushort)65000;
        if (type == typeof(DateTimeOffset)) return new DateTimeOffset(2031, 2, 3, 4, 5, 6, 7, TimeSpan.FromHours(2));
        if (type == typeof(ReadOnlyMemory<byte>)) return new ReadOnlyMemory<byte>([1, 2, 255]);
        if (type.IsEnum) return Enum.ToObject(type, Enum.GetValuesAsUnderlyingType(type).Cast<object>().Max(Convert.ToInt32));
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
        {
            Type element = type.GetGenericArguments()[0];
            var all = Array.CreateInstance(element, 2);
            for (int i = 0; i < all.Length; i++) all.SetValue(Unusual(element), i);
            return all;
        }

        Assert.Equal("Doppel.Machine", type.Namespace);
        object made = type == typeof(DiskConfig) ? new DiskConfig("path") : Activator.CreateInstance(type)!;
        foreach (PropertyInfo property in Settings(type)) property.SetValue(made, property.PropertyType == typeof(bool) ? !(bool)property.GetValue(made)! : Unusual(property.PropertyType));
        return made;
    }

    private static void AssertSame(object? expected, object? actual, string path)
    {
        Assert.True(expected is null == actual is null, path);
        if (expected is null) return;
        if (expected is ReadOnlyMemory<byte> bytes)
        {
            Assert.Equal(bytes.ToArray(), ((ReadOnlyMemory<byte>)actual!).ToArray());
        }
        else if (expected is not string and IEnumerable list)
        {
            object[] left = [.. list.Cast<object>()], right = [.. ((IEnumerable)actual!).Cast<object>()];
            Assert.True(left.Length == right.Length, path);
            for (int i = 0; i < left.Length; i++) AssertSame(left[i], right[i], $"{path}[{i}]");
        }
        else if (expected.GetType().Namespace == "Doppel.Machine" && expected is not Enum)
        {
            foreach (PropertyInfo property in Settings(expected.GetType())) AssertSame(property.GetValue(expected), property.GetValue(actual), $"{path}.{property.Name}");
        }
        else
        {
            Assert.True(expected.Equals(actual), $"{path}: {actual}, should be {expected}");
        }
    }

    private static PropertyInfo[] Settings(Type type) => [.. type.GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(p => p.CanWrite)];
}
