namespace Doppel.Tests.Unit.Images.Doubles;

/// <summary>A file on a disk that is full after some bytes; counts what all files of the disk take.</summary>
internal sealed class FullDisk(long room)
{
    private long _left = room;

    internal Stream Create(string path) => new LimitedFile(path, this);

    private sealed class LimitedFile(string path, FullDisk disk) : Stream
    {
        private readonly FileStream _file = new(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete, 0);

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => true;

        public override long Length => _file.Length;

        public override long Position { get => _file.Position; set => _file.Position = value; }

        public override void Write(byte[] buffer, int offset, int count)
        {
            disk._left -= count;
            // ENOSPC, as .NET passes it on.
            if (disk._left < 0) throw new IOException("No space left on device : '" + path + "'", 28);
            _file.Write(buffer, offset, count);
        }

        public override int Read(byte[] buffer, int offset, int count) => _file.Read(buffer, offset, count);

        public override void Flush() => _file.Flush();

        public override long Seek(long offset, SeekOrigin origin) => _file.Seek(offset, origin);

        public override void SetLength(long value) => _file.SetLength(value);

        protected override void Dispose(bool disposing)
        {
            _file.Dispose();
            base.Dispose(disposing);
        }
    }
}
