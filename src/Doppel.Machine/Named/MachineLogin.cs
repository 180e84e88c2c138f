using System.Net;
using System.Net.Sockets;
using Doppel.Backends.Net.User;
using Doppel.Core.Errors;
using Doppel.Machine.Agent;

namespace Doppel.Machine.Named;

/// <summary>How a machine's user logs in to its guest by ssh: a folder <c>ssh</c> in the machine's, with a key of its own and the keys of the guest that are known. Children of a fork have their own.</summary>
public sealed class MachineLogin
{
    /// <summary>The port of ssh.</summary>
    public const ushort Port = 22;

    private readonly string _name;
    private readonly string _folder;

    internal MachineLogin(string name, string folder)
    {
        _name = name;
        _folder = folder;
    }

    /// <summary>The private key's file, which only the user may read; made if it is not there.</summary>
    /// <exception cref="DoppelException">It cannot be made.</exception>
    public string KeyPath
    {
        get
        {
            try
            {
                return MachineKey.Ensure(_folder);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new DoppelException(exception is IOException ? ErrorKind.Failed : ErrorKind.Denied, $"{_name}: a key cannot be kept in {_folder}: {exception.Message.TrimEnd('.')}", "free some space", exception);
            }
        }
    }

    /// <summary>The public key, a line as in <c>authorized_keys</c>.</summary>
    public string PublicKey => MachineKey.ReadPublic(KeyPath, $"doppel-{_name}");

    /// <summary>The file in which ssh keeps the guest's own keys.</summary>
    public string KnownHostsPath => Path.Combine(_folder, "known_hosts");

    /// <summary>Forgets the guest's own keys: it may have others by now, as when the machine was set back.</summary>
    public void Forget()
    {
        if (Directory.Exists(_folder)) File.Delete(KnownHostsPath);
    }

    /// <summary>Lets the key log in, by the guest's agent.</summary>
    /// <exception cref="DoppelException">There is no agent, or it refuses.</exception>
    public Task AuthorizeAsync(GuestAgent agent, string user, CancellationToken cancel = default) => agent.AuthorizeAsync(user, PublicKey, cancel);

    /// <summary>Whether it is ssh that answers where a forward leads.</summary>
    public static async Task<bool> AnswersAsync(PortForward forward, TimeSpan patience, CancellationToken cancel = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(patience);
        using var socket = new Socket(forward.HostAddress.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(forward.HostAddress, forward.HostPort), limit.Token).ConfigureAwait(false);
            // RFC 4253, section 4.2: the server's first line, as a rule.
            byte[] start = new byte[4];
            using var stream = new NetworkStream(socket);
            return await stream.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, limit.Token).ConfigureAwait(false) == start.Length && start.AsSpan().SequenceEqual("SSH-"u8);
        }
        catch (Exception exception) when (exception is SocketException or IOException || (exception is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return false;
        }
    }
}
