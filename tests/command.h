/* What the tests of the program share. They run it as a user does, from a shell in a directory of their own, capture
 * its output, and have a time limit, so that a hang is a failure. The tests are serial: only the program itself is run
 * under mpiexec. */
#ifndef HEAT2D_TESTS_COMMAND_H
#define HEAT2D_TESTS_COMMAND_H

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "written.h"

enum {
  TEXT_MOST = 1 << 18, /* bytes of the output of a command that are examined */
  LINE_MOST = 8192,
  PROCESSES_MOST = 4096,
  RANKS_MOST = 64,
  OUT_OF_TIME = -1 /* returned instead of an exit code */
};

static struct {
  char directory[64];
  char environment[1024];      /* NAME=value words for the program and its mpiexec */
  char rank_environment[1024]; /* the same for the program only, since mpiexec puts its own folder first into PATH */
  char line[LINE_MOST];        /* the last command */
  char out[TEXT_MOST], err[TEXT_MOST];
  double limit; /* time limit of one command, s */
} command = {.limit = 60};

static inline double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline void pause_briefly(void) {
  nanosleep(&(struct timespec){.tv_nsec = 4000000}, NULL);
}

static inline bool exists(const char *path) {
  struct stat info;
  return lstat(path, &info) == 0;
}

/* Return the contents of a file, ended by a 0 and to be freed; NULL if it cannot be read. */
static inline char *read_bytes(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  char *bytes = NULL;
  *length = 0;
  if (file == NULL) return NULL;
  for (size_t room = 1 << 16;; room *= 2) {
    bytes = realloc(bytes, room + 1);
    assert_non_null(bytes);
    *length += fread(bytes + *length, 1, room - *length, file);
    if (*length < room) break;
  }
  fclose(file);
  bytes[*length] = '\0';
  return bytes;
}

static inline char *read_text(const char *path) {
  size_t length;
  char *text = read_bytes(path, &length);
  if (text == NULL) print_error("cannot read '%s'\n", path);
  assert_non_null(text);
  return text;
}

static inline bool same_bytes(const char *a, const char *b) {
  size_t lengths[2] = {0, 0};
  char *first = read_bytes(a, &lengths[0]), *second = read_bytes(b, &lengths[1]);
  const bool same =
      first != NULL && second != NULL && lengths[0] == lengths[1] && memcmp(first, second, lengths[0]) == 0;
  free(first);
  free(second);
  if (!same) print_error("'%s' and '%s' are not the same bytes\n", a, b);
  return same;
}

static inline void flip_byte(const char *path, size_t at) {
  size_t length;
  char *bytes = read_bytes(path, &length);
  assert_non_null(bytes);
  assert_true(at < length);
  bytes[at] = (char)(bytes[at] ^ 0x10);
  write_bytes(path, bytes, length);
  free(bytes);
}

static inline void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void shell(const char *format, ...) {
  char line[LINE_MOST];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  const int code = system(line);
  if (code != 0) print_error("exit %d: %s\n", code, line);
  assert_int_equal(code, 0);
}

static inline int occurrences(const char *text, const char *what) {
  int count = 0;
  for (const char *at = strstr(text, what); at != NULL; at = strstr(at + strlen(what), what)) count++;
  return count;
}

/* Count the entries of a directory whose names begin and end so. */
static inline int count_files(const char *directory, const char *prefix, const char *suffix) {
  DIR *entries = opendir(directory);
  assert_non_null(entries);
  int count = 0;
  for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
    const size_t length = strlen(entry->d_name), tail = strlen(suffix);
    count += entry->d_name[0] != '.' && strncmp(entry->d_name, prefix, strlen(prefix)) == 0 && length >= tail &&
             strcmp(entry->d_name + length - tail, suffix) == 0;
  }
  closedir(entries);
  return count;
}

/* Assert that no file is left that was being written, nor an auxiliary file of a library. */
static inline void assert_no_leftovers(const char *directory) {
  DIR *entries = opendir(directory);
  assert_non_null(entries);
  bool clean = true;
  for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
    if (strstr(entry->d_name, ".partial") == NULL) continue;
    print_error("left: %s/%s\n", directory, entry->d_name);
    clean = false;
  }
  closedir(entries);
  assert_true(clean);
}

/* Return the path of the last file, in alphabetical order, whose name begins and ends so. */
static inline bool last_file(char path[LINE_MOST], const char *directory, const char *prefix, const char *suffix) {
  DIR *entries = opendir(directory);
  if (entries == NULL) return false;
  char last[256] = "";
  for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
    const size_t length = strlen(entry->d_name), tail = strlen(suffix);
    if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 || length < tail ||
        strcmp(entry->d_name + length - tail, suffix) != 0 || strcmp(entry->d_name, last) < 0)
      continue;
    snprintf(last, sizeof last, "%s", entry->d_name);
  }
  closedir(entries);
  snprintf(path, LINE_MOST, "%s/%s", directory, last);
  return last[0] != '\0';
}

/* Return names, sizes, times of change and contents of all files in a directory as a text: equal texts mean that
 * nothing was changed. The time of change of the directory itself is left out, because the lock is made and removed. */
static inline char *fingerprint(const char *directory) {
  char line[LINE_MOST];
  snprintf(line, sizeof line, "cd '%s' && stat -c '%%n %%s %%y' * && cksum * 2>/dev/null", directory);
  FILE *pipe = popen(line, "r");
  assert_non_null(pipe);
  char *text = calloc(TEXT_MOST, 1);
  assert_non_null(text);
  assert_true(fread(text, 1, TEXT_MOST - 1, pipe) > 0);
  pclose(pipe);
  return text;
}

static inline pid_t parent_of(pid_t process) {
  char path[64], line[1024] = "";
  snprintf(path, sizeof path, "/proc/%ld/stat", (long)process);
  FILE *file = fopen(path, "r");
  if (file == NULL) return -1;
  const bool read = fgets(line, sizeof line, file) != NULL;
  fclose(file);
  const char *after = read ? strrchr(line, ')') : NULL;
  long parent = -1;
  if (after == NULL || sscanf(after + 1, " %*c %ld", &parent) != 1) return -1;
  return (pid_t)parent;
}

/* Find `root` and all its descendants. */
static inline int family(pid_t root, pid_t members[PROCESSES_MOST]) {
  static pid_t all[PROCESSES_MOST], parents[PROCESSES_MOST];
  int count = 0, found = 0;
  DIR *entries = opendir("/proc");
  assert_non_null(entries);
  for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
    if (!isdigit((unsigned char)entry->d_name[0]) || count == PROCESSES_MOST) continue;
    all[count] = (pid_t)atol(entry->d_name);
    parents[count] = parent_of(all[count]);
    count++;
  }
  closedir(entries);
  members[found++] = root;
  for (int looked = 0; looked < found; looked++)
    for (int n = 0; n < count && found < PROCESSES_MOST; n++)
      if (parents[n] == members[looked]) members[found++] = all[n];
  return found;
}

/* Keep those of the processes that are ranks of the program. */
static inline int find_ranks(pid_t root, pid_t ranks[RANKS_MOST]) {
  static pid_t members[PROCESSES_MOST];
  struct stat program, image;
  assert_int_equal(stat(getenv("HEAT2D_PROGRAM"), &program), 0);
  const int count = family(root, members);
  int found = 0;
  for (int n = 0; n < count && found < RANKS_MOST; n++) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/exe", (long)members[n]);
    if (stat(path, &image) == 0 && image.st_ino == program.st_ino && image.st_dev == program.st_dev)
      ranks[found++] = members[n];
  }
  return found;
}

/* Send a signal to all ranks; returns their number. */
static inline int signal_ranks(pid_t root, int number) {
  pid_t ranks[RANKS_MOST];
  const int count = find_ranks(root, ranks);
  for (int n = 0; n < count; n++) assert_int_equal(kill(ranks[n], number), 0);
  return count;
}

static inline void kill_family(pid_t root) {
  static pid_t members[PROCESSES_MOST];
  for (int n = family(root, members) - 1; n >= 0; n--) kill(members[n], SIGKILL);
}

/* Start the program on `ranks` ranks (0: without mpiexec) with arguments in the syntax of the shell. */
static inline pid_t launch_list(int ranks, const char *format, va_list list) {
  char arguments[LINE_MOST / 2], start[LINE_MOST / 4] = "";
  vsnprintf(arguments, sizeof arguments, format, list);
  if (ranks > 0) snprintf(start, sizeof start, "'%s' -n %d ", getenv("HEAT2D_MPIEXEC"), ranks);
  snprintf(command.line, sizeof command.line, "exec env %s %s env %s '%s' %s", command.environment, start,
           command.rank_environment, getenv("HEAT2D_PROGRAM"), arguments);
  const pid_t process = fork();
  assert_true(process >= 0);
  if (process > 0) return process;
  setpgid(0, 0);
  const int in = open("/dev/null", O_RDONLY), out = open("stdout.txt", O_WRONLY | O_CREAT | O_TRUNC, 0666),
            err = open("stderr.txt", O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0) _exit(126);
  execl("/bin/sh", "sh", "-c", command.line, (char *)NULL);
  _exit(127);
}

static inline pid_t launch(int ranks, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline pid_t launch(int ranks, const char *format, ...) {
  va_list list;
  va_start(list, format);
  const pid_t process = launch_list(ranks, format, list);
  va_end(list);
  return process;
}

static inline void take_said(char text[TEXT_MOST], const char *path) {
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  text[fread(text, 1, TEXT_MOST - 1, file)] = '\0';
  fclose(file);
}

/* Wait for the command and return its exit code: 128 + the number of a signal that ended it, or OUT_OF_TIME if it had
 * to be killed. */
static inline int finish(pid_t process) {
  const double deadline = now() + command.limit;
  int state = 0, code = OUT_OF_TIME;
  pid_t ended = 0;
  while ((ended = waitpid(process, &state, WNOHANG)) == 0 && now() < deadline) pause_briefly();
  if (ended == process) {
    code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
  } else {
    kill_family(process);
    waitpid(process, &state, 0);
  }
  take_said(command.out, "stdout.txt");
  take_said(command.err, "stderr.txt");
  return code;
}

/* Run the program to its end; returns its exit code. */
static inline int heat2d(int ranks, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline int heat2d(int ranks, const char *format, ...) {
  va_list list;
  va_start(list, format);
  const pid_t process = launch_list(ranks, format, list);
  va_end(list);
  return finish(process);
}

static inline void tell_command(int code) {
  print_error("exit %d%s: %s\n%s%s\n", code, code == OUT_OF_TIME ? " (it had to be killed)" : "", command.line,
              command.out, command.err);
}

#define assert_code(expected, run)                                                                                     \
  do {                                                                                                                 \
    const int got_ = (run);                                                                                            \
    if (got_ != (expected)) tell_command(got_);                                                                        \
    assert_int_equal(got_, (expected));                                                                                \
  } while (0)

/* Skip messages of Open MPI itself: a block between two lines of dashes, lines that begin with [host:process], and
 * those of its file layer. */
static inline bool is_launchers(const char *line, bool *inside) {
  if (strncmp(line, "----------", 10) == 0) {
    *inside = !*inside;
    return true;
  }
  const char *word = line + (line[0] == ',');
  return *inside || line[0] == '[' || strncmp(word, "mca_", 4) == 0 || strncmp(word, "dynamic_gen2_", 13) == 0;
}

/* Count the lines that the program itself wrote to the standard error, and copy the first one to `first`. */
static inline int own_complaints(char first[LINE_MOST]) {
  bool inside = false;
  int count = 0;
  first[0] = '\0';
  char *copy = strdup(command.err), *rest = NULL;
  assert_non_null(copy);
  for (char *line = strtok_r(copy, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
    if (is_launchers(line, &inside)) continue;
    if (count++ == 0) snprintf(first, LINE_MOST, "%s", line);
  }
  free(copy);
  return count;
}

/* Assert that there is exactly one line on the standard error, which begins with one text and contains the other. */
static inline void assert_one_complaint(const char *start, const char *part) {
  char line[LINE_MOST];
  const int count = own_complaints(line);
  const bool good = count == 1 && strncmp(line, start, strlen(start)) == 0 && strstr(line, part) != NULL;
  if (!good) {
    print_error("wanted one line '%s...%s...', have %d\n", start, part, count);
    tell_command(0);
  }
  assert_true(good);
}

/* Set the fault (see fault_injection.c) that all further commands have in the files of `path`; NULL: none. */
static inline void inject(const char *fault, const char *path) {
  command.environment[0] = '\0';
  if (fault == NULL) return;
  snprintf(command.environment, sizeof command.environment,
           "LD_PRELOAD='%s' ASAN_OPTIONS=\"$ASAN_OPTIONS:verify_asan_link_order=0\" HEAT2D_FAULT='%s' "
           "HEAT2D_FAULT_PATH='%s' HEAT2D_FAULT_MARK='%s/struck.txt'",
           getenv("HEAT2D_FAULT_LIBRARY"), fault, path, command.directory);
  unlink("struck.txt");
}

static inline void begin_commands(void) {
  static const char *const needed[] = {"HEAT2D_PROGRAM", "HEAT2D_MPIEXEC", "HEAT2D_SOURCE", "HEAT2D_FAULT_LIBRARY"};
  for (size_t n = 0; n < sizeof needed / sizeof *needed; n++) {
    if (getenv(needed[n]) != NULL) continue;
    fprintf(stderr, "%s is not set: run this by ctest\n", needed[n]);
    exit(1);
  }
  snprintf(command.directory, sizeof command.directory, "/tmp/heat2d-test-XXXXXX");
  /* Do not bind ranks to cores: the commands of tests that run at the same time would all be bound to the first
   * cores. */
  setenv("OMPI_MCA_hwloc_base_binding_policy", "none", 0);
  /* Tests send signals to the ranks and never to mpirun, so that mpirun need not wait before it kills ranks, which
   * would make every exit code other than 0 slow. */
  setenv("OMPI_MCA_odls_base_sigkill_timeout", "0", 1);
  if (mkdtemp(command.directory) == NULL || chdir(command.directory) != 0) exit(1);
}

/* Remove the directory if all went well; returns `failed`. */
static inline int end_commands(int failed) {
  if (failed != 0) {
    fprintf(stderr, "the files are in %s\n", command.directory);
    return failed;
  }
  if (chdir("/") != 0) return 1;
  char line[128];
  snprintf(line, sizeof line, "rm -rf '%s'", command.directory);
  return system(line) == 0 ? 0 : 1;
}

#endif
