// The first process of the guest, or a process of the host: runs commands one after the other and says when each has ended.
#include "bench.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void prepare_guest(void)
{
    mkdir("/proc", 0755);
    mkdir("/dev", 0755);
    mkdir("/tmp", 01777);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    setenv("HOME", "/root", 1);
    if (chdir("/tmp") != 0) fail("/tmp");
    // A guest with a disk says so, because drivers take their time.
    if (getenv("bench_disk") != NULL && system("modprobe -q virtio_mmio && modprobe -q virtio_blk") != 0) fail("virtio_blk");
    // Lines come and go as they are.
    struct termios mode;
    if (tcgetattr(0, &mode) == 0) {
        cfmakeraw(&mode);
        mode.c_oflag |= OPOST | ONLCR;
        tcsetattr(0, TCSANOW, &mode);
    }
}

// Reads a line of standard input without its end. Gives 0 at the end of the input.
static int read_line(char *line, size_t size)
{
    size_t length = 0;
    char c;
    while (read(0, &c, 1) == 1) {
        if (c == '\n') {
            line[length] = 0;
            return 1;
        }
        if (c != '\r' && length + 1 < size) line[length++] = c;
    }
    return 0;
}

// Runs this program with one or two arguments in a new process; prints how it ended, and the processor time that it took in microseconds.
static void run(const char *self, char *name, char *argument)
{
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        execl(self, self, name, argument, (char *)NULL);
        _exit(127);
    }
    int status;
    struct rusage usage;
    if (wait4(child, &status, 0, &usage) != child) fail("wait4");
    long long taken = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000ll + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    printf("bench end %d %lld\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), taken);
    fflush(stdout);
}

int serve_commands(const char *self)
{
    static char line[16384];
    int first = getpid() == 1;
    if (first) prepare_guest();
    printf("\nbench ready\n");
    fflush(stdout);
    while (read_line(line, sizeof line) && strcmp(line, "off") != 0) {
        char *argument = strchr(line, ' ');
        if (argument == NULL) continue;
        *argument++ = 0;
        run(self, line, argument);
    }
    if (!first) return 0;
    sync();
    reboot(RB_POWER_OFF);
    return 1;
}

int run_shell_command(const char *command)
{
    int ends[2];
    if (pipe(ends) != 0) fail("pipe");
    uint64_t start = nanoseconds(), sum = 0;
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        int nothing = open("/dev/null", O_RDONLY);
        dup2(nothing, 0);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    unsigned char bytes[4096];
    for (ssize_t count; (count = read(ends[0], bytes, sizeof bytes)) > 0;)
        for (ssize_t i = 0; i < count; i++) sum = (sum ^ bytes[i]) * 0x100000001b3u;
    int status;
    waitpid(child, &status, 0);
    printf("bench result %016llx %llu\n", (unsigned long long)sum, (unsigned long long)(nanoseconds() - start));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
