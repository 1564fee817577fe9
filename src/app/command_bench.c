/* `heat2d bench` measures what this machine can do, and prints a ladder that shows what makes code fast. Figures are
 * compared with limits that were measured in the same run. */
#include "bench.h"
#include "command.h"

#include "heat2d/deck/names.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIZES = 3 };

/* Choose square grids for all ranks together. The arrays of the first fit into half of the second-level caches. Those
 * of the second do not, but fit into the last-level cache, of which each rank of a shared processor has only a part.
 * Those of the third do not fit there either. */
static void choose_sizes(const heat_bench *b, int64_t cells[SIZES][HEAT_AXES]) {
  enum { GRAIN = 8, LEAST = 4096, MOST = 8192, BEYOND_2 = 3 };
  long level2 = 0, level3 = 0;
#ifdef _SC_LEVEL2_CACHE_SIZE
  level2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
  level3 = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
  if (level2 <= 0) level2 = (long)1 << 20;
  if (level3 <= 0) level3 = (long)16 << 20;
  const double all = (double)level2 * b->threads * b->runtime->size;
  const double bytes[SIZES] = {all / 2, fmin((double)level3 / 2, BEYOND_2 * all), 2 * (double)level3};
  for (int n = 0; n < SIZES; n++) {
    int64_t side = (int64_t)sqrt(bytes[n] / heat_bench_bytes[HEAT_BENCH_UNIFORM]) / GRAIN * GRAIN;
    if (side < GRAIN) side = GRAIN;
    if (n == SIZES - 1) side = side < LEAST ? LEAST : side > MOST ? MOST : side;
    cells[n][HEAT_X] = cells[n][HEAT_Y] = side;
  }
}

static heat_status parse_cells(const char *text, int64_t cells[HEAT_AXES]) {
  char *end;
  cells[HEAT_X] = strtoll(text, &end, 10);
  if (*end == ',' || *end == 'x') cells[HEAT_Y] = strtoll(end + 1, &end, 10);
  const int64_t most = 1000000;
  if (*end != '\0' || cells[HEAT_X] < 1 || cells[HEAT_Y] < 1 || cells[HEAT_X] > most || cells[HEAT_Y] > most)
    return heat_fail(HEAT_USAGE, "--cells: '%s' is not two numbers of cells like 4096,4096", text);
  return heat_ok();
}

/* Read the options that belong to all measurements. */
static heat_status read_arguments(heat_bench *b, const heat_arguments *arguments, int64_t cells[SIZES][HEAT_AXES]) {
  const char *given = heat_arguments_value(arguments, "cells"), *threads = heat_arguments_value(arguments, "threads");
  const char *seconds = heat_arguments_value(arguments, "seconds"), *isa = getenv("HEAT2D_ISA");
  const int most = 1024;
  double number = 1;
  heat_status status = heat_ok();
  if (threads != NULL) status = heat_arguments_number("threads", threads, &number);
  if (status.code == HEAT_OK && !(number >= 1 && number <= most && number == (double)(int)number))
    status = heat_fail(HEAT_USAGE, "--threads: '%s' is not a number of threads", threads);
  b->threads = (int)number;
  if (status.code == HEAT_OK && b->threads > 1 && !b->runtime->may_thread)
    status = heat_fail(HEAT_USAGE, "--threads: this MPI was started without support for threads");
  if (status.code == HEAT_OK && seconds != NULL) status = heat_arguments_number("seconds", seconds, &b->seconds);
  b->kernels = heat_kernels_find(isa);
  if (status.code == HEAT_OK && b->kernels == NULL)
    status = heat_fail(HEAT_USAGE, "HEAT2D_ISA=%s: not known, or not on this processor", isa);
  choose_sizes(b, cells);
  if (status.code == HEAT_OK && given != NULL) status = parse_cells(given, cells[SIZES - 1]);
  return heat_agree(b->runtime->comm, status);
}

/* Read --method; -1: it is not given. */
static heat_status read_method(const heat_arguments *arguments, int *method) {
  const char *name = heat_arguments_value(arguments, "method");
  *method = -1;
  for (int m = 0; m < HEAT_METHODS && name != NULL; m++)
    if (strcmp(name, heat_method_names[m]) == 0) *method = m;
  if (name == NULL || *method >= 0) return heat_ok();
  return heat_fail(HEAT_USAGE, "--method: '%s' is not a method (heat2d keys time.method lists them)", name);
}

static heat_status measure(heat_bench *b, const heat_arguments *arguments, int64_t cells[SIZES][HEAT_AXES]) {
  static const char *const names[SIZES] = {"L2", "L3", "memory"};
  const bool given = heat_arguments_value(arguments, "cells") != NULL;
  const char *disk = heat_arguments_value(arguments, "disk"), *last = given ? "cells" : names[SIZES - 1];
  int method;
  heat_status status = read_method(arguments, &method);
  if (status.code == HEAT_OK) status = heat_bench_machine(b);
  for (int n = given ? SIZES - 1 : 0; n < SIZES && status.code == HEAT_OK; n++)
    if (method < 0) status = heat_bench_ladder(b, n == SIZES - 1 ? last : names[n], cells[n]);
  if (status.code == HEAT_OK && method < 0) status = heat_bench_scaling(b, last, cells[SIZES - 1]);
  for (int n = given ? SIZES - 1 : 0; n < SIZES && status.code == HEAT_OK; n++)
    status = heat_bench_methods(b, n == SIZES - 1 ? last : names[n], cells[n], method);
  if (status.code == HEAT_OK && method < 0) status = heat_bench_halo(b, last, cells[SIZES - 1]);
  if (status.code == HEAT_OK && disk != NULL) status = heat_bench_disk(b, disk, cells[SIZES - 1]);
  return heat_agree(b->runtime->comm, status);
}

static heat_status run(heat_runtime *runtime, const heat_arguments *arguments) {
  const bool root = runtime->rank == 0, json = heat_arguments_value(arguments, "json") != NULL;
  const char *plot = heat_arguments_value(arguments, "plot");
  int64_t cells[SIZES][HEAT_AXES];
  heat_bench b = {.runtime = runtime, .seconds = 0.5, .report = {.as_text = root && !json}};
  heat_status status = read_arguments(&b, arguments, cells);
  if (status.code != HEAT_OK) return status;
  if (b.report.as_text)
    printf("heat2d %s, %d ranks of %d threads, kernels for %s\n", heat_version(), runtime->size, b.threads,
           b.kernels->name);
  status = measure(&b, arguments, cells);
  if (status.code == HEAT_OK && plot != NULL)
    status = heat_agree(runtime->comm, root ? heat_bench_plot(&b, plot) : status);
  if (status.code != HEAT_OK || !root || !json) return status;
  printf("{\n  \"version\": \"%s\",\n  \"ranks\": %d,\n  \"threads\": %d,\n  \"kernels\": \"%s\"", heat_version(),
         runtime->size, b.threads, b.kernels->name);
  heat_bench_print_json(&b.report);
  printf("\n}\n");
  return status;
}

const heat_command heat_command_bench = {
    .name = "bench",
    .operands = "",
    .summary = "measure the speed of steps against the limits of the machine, and what makes them fast",
    .options = {{"cells", HEAT_ARGUMENT, "NX,NY", "one grid of this size instead of one for each level of the memory"},
                {"method", HEAT_ARGUMENT, "M", "time only the steps of this method, a value of time.method"},
                {"threads", HEAT_ARGUMENT, "N", "threads of each rank (default 1)"},
                {"seconds", HEAT_ARGUMENT, "S", "duration of each measurement (default 0.5)"},
                {"disk", HEAT_ARGUMENT, "DIR",
                 "also time checkpoints in this directory with each transport, and plain writes and reads"},
                {"plot", HEAT_ARGUMENT, "FILE.png", "also draw the ladder, the roofline and the scaling"},
                {"json", HEAT_NO_ARGUMENT, NULL, "print the results as JSON"}},
    .least = 0,
    .most = 0,
    .run = run};
