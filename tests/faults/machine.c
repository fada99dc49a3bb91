/* A machine whose disk and clock can fail, laid under one process by LD_PRELOAD. Every write, truncation and sync of the
 * store's files passes through here. What is done about it stands in a page that the test writes (machine.rs):
 *
 *   operations  how many there were so far
 *   fail_from, fail_until, fail_errno  operations that fail; a write that fails leaves half of itself behind
 *   clock_offset  seconds that this process believes to be later than it is
 *   swallow_syncs  syncs say that all is well and do nothing
 *   delay_micros  how long each sync takes
 *
 * Where MACHINE_LOG names a file, all that happens to the store's files is written into it, so that the test can work out
 * what a disk would hold that lost what was not synced (power.rs). The kernel keeps that file when the process is killed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct control {
    volatile uint64_t operations, fail_from, fail_until, fail_errno;
    volatile int64_t clock_offset;
    volatile uint64_t swallow_syncs, delay_micros;
};

struct record {
    uint8_t what, file;
    uint8_t unused[6];
    uint64_t offset, length;
};

#define FILES 65536
static uint8_t file_of[FILES];
static struct control *control;
static int log_to = -1;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
    const char *page = getenv("MACHINE_CONTROL"), *log = getenv("MACHINE_LOG");
    int fd = page ? (int)syscall(SYS_openat, AT_FDCWD, page, O_RDWR | O_CLOEXEC, 0) : -1;
    if (fd >= 0) {
        void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (mapped != MAP_FAILED) control = mapped;
        syscall(SYS_close, fd);
    }
    if (log) log_to = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

/* 1 the database, 2 its write-ahead log, 3 its rollback journal; the index of the log (-shm) is made again after a crash. */
static uint8_t which(const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (strcmp(name, "store.sqlite") == 0) return 1;
    if (strcmp(name, "store.sqlite-wal") == 0) return 2;
    if (strcmp(name, "store.sqlite-journal") == 0) return 3;
    return 0;
}

static uint8_t watched(int fd) { return fd >= 0 && fd < FILES ? file_of[fd] : 0; }

static void note(uint8_t what, uint8_t file, uint64_t offset, uint64_t length, const void *data) {
    if (log_to < 0) return;
    struct record record = {.what = what, .file = file, .offset = offset, .length = length};
    syscall(SYS_write, log_to, &record, sizeof record);
    if (data) syscall(SYS_write, log_to, data, length);
}

/* Whether the operation that begins now has to fail. */
static int fails(void) {
    if (!control) return 0;
    uint64_t n = ++control->operations;
    return n >= control->fail_from && n < control->fail_until;
}

static ssize_t put(int fd, const void *data, size_t length, int64_t offset) {
    uint8_t file = watched(fd);
    int at_place = offset >= 0;
    if (!file) return at_place ? syscall(SYS_pwrite64, fd, data, length, offset) : syscall(SYS_write, fd, data, length);
    pthread_mutex_lock(&turn);
    if (!at_place) offset = syscall(SYS_lseek, fd, 0, SEEK_CUR);
    int failing = fails();
    size_t wanted = failing ? length / 2 : length;
    ssize_t written = at_place ? syscall(SYS_pwrite64, fd, data, wanted, offset) : syscall(SYS_write, fd, data, wanted);
    if (written > 0) note('w', file, offset, written, data);
    pthread_mutex_unlock(&turn);
    if (!failing) return written;
    errno = (int)control->fail_errno;
    return -1;
}

ssize_t write(int fd, const void *data, size_t length) { return put(fd, data, length, -1); }
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return put(fd, data, length, offset); }
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) { return put(fd, data, length, offset); }

static int cut(int fd, int64_t length) {
    uint8_t file = watched(fd);
    if (!file) return (int)syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&turn);
    int failing = fails(), result = failing ? -1 : (int)syscall(SYS_ftruncate, fd, length);
    if (result == 0) note('t', file, length, 0, NULL);
    pthread_mutex_unlock(&turn);
    if (failing) errno = (int)control->fail_errno;
    return result;
}

int ftruncate(int fd, off_t length) { return cut(fd, length); }
int ftruncate64(int fd, off64_t length) { return cut(fd, length); }

/* Nothing reaches the real disk: after a kill the kernel still has all, and what a loss of power would leave is worked out. */
static int settle(int fd) {
    uint8_t file = watched(fd);
    struct stat stat;
    if (!file) {
        if (log_to >= 0 && fstat(fd, &stat) == 0 && S_ISDIR(stat.st_mode)) {
            pthread_mutex_lock(&turn);
            if (!control || !control->swallow_syncs) note('d', 0, 0, 0, NULL);
            pthread_mutex_unlock(&turn);
            return 0;
        }
        return (int)syscall(SYS_fsync, fd);
    }
    pthread_mutex_lock(&turn);
    if (control && control->delay_micros) usleep((useconds_t)control->delay_micros);
    int failing = fails();
    if (!failing && !(control && control->swallow_syncs)) note('s', file, 0, 0, NULL);
    pthread_mutex_unlock(&turn);
    if (!failing) return 0;
    errno = (int)control->fail_errno;
    return -1;
}

int fsync(int fd) { return settle(fd); }
int fdatasync(int fd) { return settle(fd); }

static int open_as(const char *path, int flags, mode_t mode) {
    uint8_t file = which(path);
    int made = file && (flags & O_CREAT) && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) != 0;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0 && fd < FILES) file_of[fd] = file;
    if (fd >= 0 && made) {
        pthread_mutex_lock(&turn);
        note('c', file, 0, 0, NULL);
        pthread_mutex_unlock(&turn);
    }
    return fd;
}

static mode_t mode_in(int flags, va_list rest) { return flags & O_CREAT ? va_arg(rest, mode_t) : 0; }

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_in(flags, rest);
    va_end(rest);
    return open_as(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_in(flags, rest);
    va_end(rest);
    return open_as(path, flags | O_LARGEFILE, mode);
}

int close(int fd) {
    if (fd >= 0 && fd < FILES) file_of[fd] = 0;
    return (int)syscall(SYS_close, fd);
}

int unlink(const char *path) {
    uint8_t file = which(path);
    int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (file && result == 0) {
        pthread_mutex_lock(&turn);
        note('u', file, 0, 0, NULL);
        pthread_mutex_unlock(&turn);
    }
    return result;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && clock == CLOCK_REALTIME && control) now->tv_sec += control->clock_offset;
    return result;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}
