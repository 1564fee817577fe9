#include "heat2d/base/runtime.h"

#include "version.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *const heat_activity_names[HEAT_ACTIVITIES] = {"stencil", "solver", "halo", "I/O", "other"};

void heat_runtime_create(heat_runtime *runtime, MPI_Comm comm) {
  *runtime = (heat_runtime){.comm = comm, .activity = HEAT_OTHER};
  MPI_Comm_rank(comm, &runtime->rank);
  MPI_Comm_size(comm, &runtime->size);
  int provided;
  MPI_Query_thread(&provided);
  runtime->may_thread = provided >= MPI_THREAD_FUNNELED;
  runtime->started = runtime->since = MPI_Wtime();
  if (runtime->rank == 0) runtime->log = open_memstream(&runtime->early, &runtime->early_length);
}

void heat_runtime_log(heat_runtime *runtime, FILE *log) {
  bool kept = runtime->log != NULL && ferror(runtime->log) == 0;
  if (runtime->log != NULL) kept = fclose(runtime->log) == 0 && kept;
  runtime->log = log;
  setvbuf(log, NULL, _IOLBF, 0);
  /* Every log has to begin with the version, by which `recognise` knows it. */
  if (!kept)
    fprintf(log, "heat2d %s (memory was exhausted: the lines printed before this one are lost)\n", heat_version());
  if (runtime->early != NULL) fputs(runtime->early, log);
}

void heat_runtime_destroy(heat_runtime *runtime) {
  if (runtime->log != NULL) fclose(runtime->log);
  runtime->log = NULL;
  free(runtime->early);
  free(runtime->further);
  runtime->early = runtime->further = NULL;
}

void heat_runtime_say(heat_runtime *runtime, const char *format, ...) {
  if (runtime->rank != 0) return;
  if (runtime->bar) fputs("\r\033[K", stdout);
  runtime->bar = false;
  FILE *const targets[] = {runtime->quiet ? NULL : stdout, runtime->log};
  for (size_t n = 0; n < sizeof targets / sizeof *targets; n++) {
    if (targets[n] == NULL) continue;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(targets[n], format, arguments);
    va_end(arguments);
    fflush(targets[n]);
  }
}

heat_activity heat_runtime_enter(heat_runtime *runtime, heat_activity activity) {
  const heat_activity before = runtime->activity;
  const double now = MPI_Wtime();
  runtime->spent[before] += now - runtime->since;
  runtime->since = now;
  runtime->activity = activity;
  return before;
}

double heat_runtime_elapsed(const heat_runtime *runtime) {
  return MPI_Wtime() - runtime->started;
}

void heat_runtime_report(heat_runtime *runtime) {
  double low[HEAT_ACTIVITIES], high[HEAT_ACTIVITIES], sum[HEAT_ACTIVITIES], total = 0;
  heat_runtime_enter(runtime, runtime->activity);
  MPI_Allreduce(runtime->spent, low, HEAT_ACTIVITIES, MPI_DOUBLE, MPI_MIN, runtime->comm);
  MPI_Allreduce(runtime->spent, high, HEAT_ACTIVITIES, MPI_DOUBLE, MPI_MAX, runtime->comm);
  MPI_Allreduce(runtime->spent, sum, HEAT_ACTIVITIES, MPI_DOUBLE, MPI_SUM, runtime->comm);
  for (int a = 0; a < HEAT_ACTIVITIES; a++) total += sum[a];
  heat_runtime_say(runtime, "%-10s %10s %10s %10s %7s   (seconds over %d rank%s)\n", "time in", "min", "mean", "max",
                   "share", runtime->size, runtime->size == 1 ? "" : "s");
  for (int a = 0; a < HEAT_ACTIVITIES; a++)
    heat_runtime_say(runtime, "%-10s %10.3f %10.3f %10.3f %6.1f%%\n", heat_activity_names[a], low[a],
                     sum[a] / runtime->size, high[a], 100 * sum[a] / (total > 0 ? total : 1));
}

const char *heat_version(void) {
  return HEAT2D_VERSION;
}

const char *heat_job(void) {
  const char *job = getenv("PBS_JOBID");
  if (job == NULL) job = getenv("SLURM_JOB_ID");
  return job != NULL ? job : "";
}

void heat_timestamp(char text[32]) {
  const time_t now = time(NULL);
  struct tm utc;
  gmtime_r(&now, &utc);
  strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

enum { MEMORY_LINE = 4096, GROUP_PATH = 6144 };

/* Return the number that follows the word `key` at the start of a line of a file; for an empty `key`, the number with
 * which the file begins. `otherwise` is returned if there is no number, for example if the limit is the word "max". */
static double read_number(const char *path, const char *key, double otherwise) {
  FILE *file = fopen(path, "r");
  if (file == NULL) return otherwise;
  char line[MEMORY_LINE];
  double number = otherwise;
  const size_t length = strlen(key);
  while (fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, key, length) == 0 && sscanf(line + length, "%lf", &number) == 1) break;
  fclose(file);
  return number;
}

/* Return the bytes that processes of the control group in the folder `path` can still allocate. The group's count of
 * used memory contains cached pages of files; the kernel frees those that are not in use when memory is needed. */
static double left_in_group(const char *path, bool unified) {
  char file[GROUP_PATH + 32];
  snprintf(file, sizeof file, "%s/%s", path, unified ? "memory.max" : "memory.limit_in_bytes");
  const double limit = read_number(file, "", INFINITY);
  snprintf(file, sizeof file, "%s/%s", path, unified ? "memory.current" : "memory.usage_in_bytes");
  const double used = read_number(file, "", 0);
  snprintf(file, sizeof file, "%s/memory.stat", path);
  const double idle = read_number(file, unified ? "inactive_file " : "total_inactive_file ", 0);
  return fmax(0, limit - fmax(0, used - idle));
}

double heat_group_memory(FILE *lines, const char *root) {
  double least = INFINITY;
  char line[MEMORY_LINE];
  while (fgets(line, sizeof line, lines) != NULL) { /* number:controllers:/path */
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':'), *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
    if (path == NULL) continue;
    *path++ = '\0';
    const bool unified = controllers[1] == '\0';
    if (!unified && strcmp(controllers + 1, "memory") != 0) continue;
    for (;;) { /* a parent group may have a lower limit */
      char folder[GROUP_PATH];
      snprintf(folder, sizeof folder, "%s%s%s", root, unified ? "" : "/memory", path);
      least = fmin(least, left_in_group(folder, unified));
      char *slash = strrchr(path, '/');
      if (slash == NULL) break;
      *slash = '\0';
    }
  }
  return least;
}

double heat_node_memory(void) {
  const double kibi = 1024, physical = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
  const double there = fmin(physical, read_number("/proc/meminfo", "MemAvailable:", INFINITY) * kibi);
  FILE *lines = fopen("/proc/self/cgroup", "r");
  if (lines == NULL) return there;
  const double left = heat_group_memory(lines, "/sys/fs/cgroup");
  fclose(lines);
  return fmin(there, left);
}

int heat_node_filling(MPI_Comm comm) {
  MPI_Comm node;
  int rank, leader, each;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  MPI_Comm_size(node, &each);
  leader = rank; /* the lowest rank of the node */
  MPI_Bcast(&leader, 1, MPI_INT, 0, node);
  MPI_Comm_free(&node);
  MPI_Bcast(&each, 1, MPI_INT, 0, comm);
  int in_turn = leader == rank / each * each;
  MPI_Allreduce(MPI_IN_PLACE, &in_turn, 1, MPI_INT, MPI_MIN, comm);
  return in_turn ? each : 0;
}

int heat_node_ranks(MPI_Comm comm) {
  MPI_Comm node;
  int count;
  MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  MPI_Comm_size(node, &count);
  MPI_Comm_free(&node);
  return count;
}
