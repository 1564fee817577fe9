/* A library to be preloaded (LD_PRELOAD) that makes one call of one rank of the program fail, as a full disk, a broken
 * one, exhausted memory or a kill would. It acts in processes whose executable is HEAT2D_PROGRAM, and no others.
 *
 *     HEAT2D_FAULT=call:n:what:rank[,call:n:what:rank]...      (one for each kind of call)
 *
 * - call: open, direct (an open that asks for transfers past the page cache), write, read, truncate, sync, rename,
 *   unlink, list (readdir), lock (fcntl) of files whose path contains HEAT2D_FAULT_PATH; mpi-threads (MPI says that it
 *   supports only one thread); malloc, thread: called from the code of the program itself, not from a library
 * - n: the n-th such call of that rank, counted from 1; "n+": that one and all later ones
 * - what: EIO, ENOSPC, EDQUOT, EACCES, ENOMEM, EAGAIN, ENOSYS, ENOENT; SHORT (a write or read that transfers half);
 *   FLIP (a write at a position that reports success, but changes the middle bit of what it writes); SLOW (the call
 *   takes two seconds more, or HEAT2D_FAULT_SECONDS); KILL, TERM, USR1 (the rank sends itself that signal before the
 *   call)
 * - rank: in MPI_COMM_WORLD, or * for all
 *
 * When a fault occurs, its file is written to the file HEAT2D_FAULT_MARK, so that a test knows that the fault took
 * place. When the process ends normally, its numbers of calls are appended to the file HEAT2D_FAULT_COUNT as "rank call
 * number", so that a campaign knows how many calls there are. Writes through stdio are noticed when they are
 * flushed. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

typedef enum call {
  OPEN,
  DIRECT,
  WRITE,
  READ,
  TRUNCATE,
  SYNC,
  RENAME,
  UNLINK,
  LIST,
  LOCK,
  MALLOC,
  THREAD,
  MPI_THREADS,
  CALLS
} call;
static const char *const call_names[CALLS] = {"open",   "direct", "write", "read",   "truncate", "sync",       "rename",
                                              "unlink", "list",   "lock",  "malloc", "thread",   "mpi-threads"};

/* What a faulty call has to do: fail with an errno, or one of these. */
enum { GO_ON = 0, HALF = -1, SLOW = -2, WRONG = -3 };

static const struct {
  const char *name;
  int error, signal;
} effects[] = {{"EIO", EIO, 0},       {"ENOSPC", ENOSPC, 0}, {"EDQUOT", EDQUOT, 0}, {"EACCES", EACCES, 0},
               {"ENOMEM", ENOMEM, 0}, {"EAGAIN", EAGAIN, 0}, {"ENOSYS", ENOSYS, 0}, {"ENOENT", ENOENT, 0},
               {"SHORT", HALF, 0},    {"FLIP", WRONG, 0},    {"SLOW", SLOW, 0},     {"KILL", 0, SIGKILL},
               {"TERM", 0, SIGTERM},  {"USR1", 0, SIGUSR1}};

/* The fault of a kind of call; `from` is 0 if there is none. */
typedef struct deed {
  long from;
  bool all_later;
  int error, signal;
} deed;

static struct {
  bool active; /* in this process */
  int rank;
  deed on[CALLS];
  struct timespec delay;
  const char *path;
  uintptr_t text_lo, text_hi; /* of the program's own code */
  long count[CALLS];
} fault;

static int own_rank(void) {
  static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"};
  for (size_t n = 0; n < sizeof names / sizeof *names; n++)
    if (getenv(names[n]) != NULL) return atoi(getenv(names[n]));
  return 0;
}

/* The program is the first object that is visited. */
static int find_text(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  (void)context;
  for (int n = 0; n < info->dlpi_phnum; n++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[n];
    if (part->p_type != PT_LOAD || (part->p_flags & PF_X) == 0) continue;
    fault.text_lo = info->dlpi_addr + part->p_vaddr;
    fault.text_hi = fault.text_lo + part->p_memsz;
  }
  return 1;
}

static void reject(const char *text) {
  fprintf(stderr, "HEAT2D_FAULT: '%s' is not call:n:what:rank\n", text);
  _exit(2);
}

static void parse(const char *text) {
  char name[16], count[24], what[16], rank[16], *end;
  if (sscanf(text, "%15[^:]:%23[^:]:%15[^:]:%15[^,]", name, count, what, rank) != 4) reject(text);
  int which = 0;
  while (which < CALLS && strcmp(name, call_names[which]) != 0) which++;
  deed made = {.from = strtol(count, &end, 10)};
  made.all_later = *end == '+';
  for (size_t n = 0; n < sizeof effects / sizeof *effects; n++) {
    if (strcmp(what, effects[n].name) != 0) continue;
    made.error = effects[n].error;
    made.signal = effects[n].signal;
  }
  if (which == CALLS || made.from < 1 || (made.error == 0 && made.signal == 0)) reject(text);
  if (strcmp(rank, "*") == 0 || atoi(rank) == fault.rank) fault.on[which] = made;
  if (strchr(text, ',') != NULL) parse(strchr(text, ',') + 1);
}

__attribute__((constructor)) static void begin(void) {
  const char *program = getenv("HEAT2D_PROGRAM"), *text = getenv("HEAT2D_FAULT");
  struct stat wanted, own;
  if (program == NULL || stat(program, &wanted) != 0 || stat("/proc/self/exe", &own) != 0) return;
  if (wanted.st_ino != own.st_ino || wanted.st_dev != own.st_dev) return;
  fault.rank = own_rank();
  fault.path = getenv("HEAT2D_FAULT_PATH") != NULL ? getenv("HEAT2D_FAULT_PATH") : "/";
  const double seconds = getenv("HEAT2D_FAULT_SECONDS") != NULL ? atof(getenv("HEAT2D_FAULT_SECONDS")) : 2;
  fault.delay = (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)(1e9 * (seconds - floor(seconds)))};
  dl_iterate_phdr(find_text, NULL);
  if (text != NULL) parse(text);
  fault.active = true;
}

__attribute__((destructor)) static void end(void) {
  const char *path = getenv("HEAT2D_FAULT_COUNT");
  if (!fault.active || path == NULL) return;
  fault.active = false;
  const int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
  for (int n = 0; n < CALLS && file >= 0; n++) dprintf(file, "%d %s %ld\n", fault.rank, call_names[n], fault.count[n]);
  if (file >= 0) close(file);
}

/* Find the definition that this library replaces. */
static void *next(const char *name) {
  return dlsym(RTLD_NEXT, name);
}

/* Count a call, and return what it has to do. */
static int strike(call which, const char *path) {
  const long number = __atomic_add_fetch(&fault.count[which], 1, __ATOMIC_RELAXED);
  const deed *on = &fault.on[which];
  if (on->from == 0 || number < on->from || (number > on->from && !on->all_later)) return GO_ON;
  const char *mark = getenv("HEAT2D_FAULT_MARK");
  fault.active = false;
  const int file = mark != NULL ? open(mark, O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;
  if (file >= 0) {
    dprintf(file, "%s %ld of %s\n", call_names[which], number, path);
    close(file);
  }
  fault.active = true;
  if (on->signal != 0) kill(getpid(), on->signal);
  if (on->error == SLOW) nanosleep(&fault.delay, NULL);
  if (on->error > 0) errno = on->error;
  return on->error;
}

static int strike_path(call which, const char *path) {
  return fault.active && strstr(path, fault.path) != NULL ? strike(which, path) : GO_ON;
}

static int strike_file(call which, int file) {
  if (!fault.active) return GO_ON;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return GO_ON;
  path[length] = '\0';
  if (which == LIST) strncat(path, "/", sizeof path - (size_t)length - 1);
  return strike_path(which, path);
}

static bool from_program(const void *caller) {
  return fault.active && (uintptr_t)caller >= fault.text_lo && (uintptr_t)caller < fault.text_hi;
}

static mode_t mode_of(int flags, va_list list) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
}

#define OPENS(name)                                                                                                    \
  int name(const char *path, int flags, ...) {                                                                         \
    va_list list;                                                                                                      \
    va_start(list, flags);                                                                                             \
    const mode_t mode = mode_of(flags, list);                                                                          \
    va_end(list);                                                                                                      \
    int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))next(#name);                                \
    return strike_path((flags & O_DIRECT) != 0 ? DIRECT : OPEN, path) > 0 ? -1 : real(path, flags, mode);              \
  }
OPENS(open)
OPENS(open64)

#define FOPENS(name)                                                                                                   \
  FILE *name(const char *restrict path, const char *restrict mode) {                                                   \
    FILE *(*real)(const char *, const char *) = (FILE * (*)(const char *, const char *)) next(#name);                  \
    return strike_path(OPEN, path) > 0 ? NULL : real(path, mode);                                                      \
  }
FOPENS(fopen)
FOPENS(fopen64)

/* Reads and writes: faulty ones fail, or transfer half. */

#define TRANSFERS(name, which, buffer)                                                                                 \
  ssize_t name(int file, buffer at, size_t size) {                                                                     \
    ssize_t (*real)(int, buffer, size_t) = (ssize_t(*)(int, buffer, size_t))next(#name);                               \
    const int effect = strike_file(which, file);                                                                       \
    return effect > 0 ? -1 : real(file, at, effect == HALF ? (size + 1) / 2 : size);                                   \
  }
TRANSFERS(write, WRITE, const void *)
TRANSFERS(read, READ, void *)

#define TRANSFERS_AT(name, which, buffer)                                                                              \
  ssize_t name(int file, buffer at, size_t size, off_t place) {                                                        \
    ssize_t (*real)(int, buffer, size_t, off_t) = (ssize_t(*)(int, buffer, size_t, off_t))next(#name);                 \
    const int effect = strike_file(which, file);                                                                       \
    return effect > 0 ? -1 : real(file, at, effect == HALF ? (size + 1) / 2 : size, place);                            \
  }

/* The middle bit of what has been written is changed in the file, as a disk does that goes wrong. */
static void flip(int file, size_t size, off_t place) {
  char link[64], byte;
  const off_t middle = place + (off_t)(size / 2);
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  fault.active = false;
  const int again = open(link, O_RDWR | O_CLOEXEC);
  if (pread(again, &byte, 1, middle) == 1) {
    byte = (char)(byte ^ 0x10);
    if (pwrite(again, &byte, 1, middle) != 1) perror("HEAT2D_FAULT: FLIP");
  }
  close(again);
  fault.active = true;
}

#define WRITES_AT(name)                                                                                                \
  ssize_t name(int file, const void *at, size_t size, off_t place) {                                                   \
    ssize_t (*real)(int, const void *, size_t, off_t) = (ssize_t(*)(int, const void *, size_t, off_t))next(#name);     \
    const int effect = strike_file(WRITE, file);                                                                       \
    const ssize_t done = effect > 0 ? -1 : real(file, at, effect == HALF ? (size + 1) / 2 : size, place);              \
    if (effect == WRONG && done > 0) flip(file, (size_t)done, place);                                                  \
    return done;                                                                                                       \
  }
WRITES_AT(pwrite)
WRITES_AT(pwrite64)
TRANSFERS_AT(pread, READ, void *)
TRANSFERS_AT(pread64, READ, void *)

static struct iovec half_of(const struct iovec *pieces) {
  return (struct iovec){pieces[0].iov_base, (pieces[0].iov_len + 1) / 2};
}

#define VECTORS(name, which)                                                                                           \
  ssize_t name(int file, const struct iovec *pieces, int count) {                                                      \
    ssize_t (*real)(int, const struct iovec *, int) = (ssize_t(*)(int, const struct iovec *, int))next(#name);         \
    const int effect = strike_file(which, file);                                                                       \
    const struct iovec half = half_of(pieces);                                                                         \
    return effect > 0 ? -1 : effect == HALF ? real(file, &half, 1) : real(file, pieces, count);                        \
  }
VECTORS(writev, WRITE)
VECTORS(readv, READ)

#define VECTORS_AT(name, which)                                                                                        \
  ssize_t name(int file, const struct iovec *pieces, int count, off_t place) {                                         \
    ssize_t (*real)(int, const struct iovec *, int, off_t) =                                                           \
        (ssize_t(*)(int, const struct iovec *, int, off_t))next(#name);                                                \
    const int effect = strike_file(which, file);                                                                       \
    const struct iovec half = half_of(pieces);                                                                         \
    return effect > 0 ? -1 : effect == HALF ? real(file, &half, 1, place) : real(file, pieces, count, place);          \
  }
VECTORS_AT(pwritev, WRITE)
VECTORS_AT(pwritev64, WRITE)
VECTORS_AT(preadv, READ)
VECTORS_AT(preadv64, READ)

/* The error flag of a stream in glibc, for ferror. */
enum { ERROR_SEEN = 0x20 };

ssize_t getline(char **line, size_t *size, FILE *stream) {
  ssize_t (*real)(char **, size_t *, FILE *) = (ssize_t(*)(char **, size_t *, FILE *))next("getline");
  if (strike_file(READ, fileno(stream)) <= 0) return real(line, size, stream);
  stream->_flags |= ERROR_SEEN;
  return -1;
}

int fflush(FILE *stream) {
  int (*real)(FILE *) = (int (*)(FILE *))next("fflush");
  const int number = stream != NULL ? fileno(stream) : -1;
  return number >= 0 && strike_file(WRITE, number) > 0 ? EOF : real(stream);
}

#define TRUNCATES(name)                                                                                                \
  int name(int file, off_t size) {                                                                                     \
    int (*real)(int, off_t) = (int (*)(int, off_t))next(#name);                                                        \
    return strike_file(TRUNCATE, file) > 0 ? -1 : real(file, size);                                                    \
  }
TRUNCATES(ftruncate)
TRUNCATES(ftruncate64)

#define SYNCS(name)                                                                                                    \
  int name(int file) {                                                                                                 \
    int (*real)(int) = (int (*)(int))next(#name);                                                                      \
    return strike_file(SYNC, file) > 0 ? -1 : real(file);                                                              \
  }
SYNCS(fsync)
SYNCS(fdatasync)

int rename(const char *from, const char *to) {
  int (*real)(const char *, const char *) = (int (*)(const char *, const char *))next("rename");
  return strike_path(RENAME, from) > 0 ? -1 : real(from, to);
}

#define UNLINKS(name)                                                                                                  \
  int name(const char *path) {                                                                                         \
    int (*real)(const char *) = (int (*)(const char *))next(#name);                                                    \
    return strike_path(UNLINK, path) > 0 ? -1 : real(path);                                                            \
  }
UNLINKS(unlink)
UNLINKS(remove)

struct dirent *readdir(DIR *directory) {
  struct dirent *(*real)(DIR *) = (struct dirent * (*)(DIR *)) next("readdir");
  return strike_file(LIST, dirfd(directory)) > 0 ? NULL : real(directory);
}

int fcntl(int file, int command, ...) {
  int (*real)(int, int, void *) = (int (*)(int, int, void *))next("fcntl");
  va_list list;
  va_start(list, command);
  void *argument = va_arg(list, void *);
  va_end(list);
  return command == F_SETLK && strike_file(LOCK, file) > 0 ? -1 : real(file, command, argument);
}

/* MPI_THREAD_SINGLE is the least level, and 0 in every MPI. */
int MPI_Query_thread(int *provided) {
  int (*real)(int *) = (int (*)(int *))next("MPI_Query_thread");
  const int code = real != NULL ? real(provided) : 0;
  if (fault.active && strike(MPI_THREADS, "MPI") > 0) *provided = 0;
  return code;
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict how, void *(*run)(void *),
                   void *restrict context) {
  typedef int create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  create *real = (create *)next("pthread_create");
  const int error = from_program(__builtin_return_address(0)) ? strike(THREAD, "a thread") : GO_ON;
  return error > 0 ? error : real(thread, how, run, context);
}

/* Memory that is allocated while the replaced definitions are being looked up; it is never freed. */
static char early[1 << 16];
static size_t early_used;
static volatile bool looking; /* volatile, since dlsym itself calls malloc and free */

static void *take_early(size_t size) {
  const size_t start = (early_used + 15) / 16 * 16;
  if (start + size > sizeof early) abort();
  early_used = start + size;
  return early + start;
}

static bool is_early(const void *at) {
  return (const char *)at >= early && (const char *)at < early + sizeof early;
}

static void *next_once(void **found, const char *name) {
  if (*found == NULL) {
    looking = true;
    *found = next(name);
    looking = false;
  }
  return *found;
}

void *malloc(size_t size) {
  static void *found;
  if (looking) return take_early(size);
  void *(*real)(size_t) = (void *(*)(size_t))next_once(&found, "malloc");
  return from_program(__builtin_return_address(0)) && strike(MALLOC, "memory") > 0 ? NULL : real(size);
}

void *calloc(size_t count, size_t size) {
  static void *found;
  if (looking) return take_early(count * size); /* static memory is zero */
  void *(*real)(size_t, size_t) = (void *(*)(size_t, size_t))next_once(&found, "calloc");
  return from_program(__builtin_return_address(0)) && strike(MALLOC, "memory") > 0 ? NULL : real(count, size);
}

void *realloc(void *old, size_t size) {
  static void *found;
  void *(*real)(void *, size_t) = (void *(*)(void *, size_t))next_once(&found, "realloc");
  if (is_early(old)) {
    void *moved = malloc(size);
    if (moved != NULL) memcpy(moved, old, size < sizeof early - (size_t)((char *)old - early) ? size : 0);
    return moved;
  }
  return from_program(__builtin_return_address(0)) && strike(MALLOC, "memory") > 0 ? NULL : real(old, size);
}

void free(void *at) {
  static void *found;
  if (looking || is_early(at)) return;
  ((void (*)(void *))next_once(&found, "free"))(at);
}

char *strdup(const char *text) {
  static void *found;
  char *(*real)(const char *) = (char *(*)(const char *))next_once(&found, "strdup");
  return from_program(__builtin_return_address(0)) && strike(MALLOC, "memory") > 0 ? NULL : real(text);
}

FILE *open_memstream(char **text, size_t *size) {
  static void *found;
  FILE *(*real)(char **, size_t *) = (FILE * (*)(char **, size_t *)) next_once(&found, "open_memstream");
  return from_program(__builtin_return_address(0)) && strike(MALLOC, "memory") > 0 ? NULL : real(text, size);
}
