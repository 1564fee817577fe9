/* `heat2d info` and `heat2d compare` show the contents of files. The rows of a file are divided among the ranks. */
#include "command.h"
#include "heat2d/base/sum.h"
#include "heat2d/io/h5_digest.h"
#include "heat2d/io/h5_read.h"
#include "heat2d/io/h5_verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FILES = 2, STRIP_CELLS = 1 << 20 };

/* Called with the same rows of each file, `count` cells from global cell `first` on. */
typedef void strip_visitor(const double *const values[FILES], int64_t first, int64_t count, void *context);

/* Visit this rank's rows of the temperature of one or two open files of the same shape. Local. */
static heat_status visit_strips(const heat_runtime *runtime, const hid_t *files, int file_count, int64_t rows,
                                int64_t columns, strip_visitor *visit, void *context) {
  const int64_t begin = heat_block_start(rows, runtime->size, runtime->rank);
  const int64_t end = heat_block_start(rows, runtime->size, runtime->rank + 1);
  int64_t strip = STRIP_CELLS / (columns > 0 ? columns : 1);
  if (strip < 1) strip = 1;
  const size_t bytes = (size_t)(strip * columns) * sizeof(double);
  double *buffers[FILES] = {NULL};
  heat_status status = heat_ok();
  for (int f = 0; f < file_count; f++) {
    buffers[f] = malloc(bytes + 1);
    if (buffers[f] == NULL) status = heat_no_memory("reading a field", bytes);
  }
  for (int64_t j = begin; j < end && status.code == HEAT_OK; j += strip) {
    const heat_box box = {{0, j}, {columns, j + strip < end ? j + strip : end}};
    for (int f = 0; f < file_count && status.code == HEAT_OK; f++)
      status = heat_h5_read_box(files[f], "temperature", box, buffers[f]);
    if (status.code == HEAT_OK)
      visit((const double *const[FILES]){buffers[0], buffers[1]}, j * columns, heat_box_cells(box), context);
  }
  for (int f = 0; f < FILES; f++) free(buffers[f]);
  return status;
}

/* The range of the temperatures that are finite. */
typedef struct range {
  double low, high;
  int64_t others; /* cells whose temperature is not finite */
} range;

static void widen(const double *const values[FILES], int64_t first, int64_t count, void *context) {
  (void)first;
  range *found = context;
  for (int64_t n = 0; n < count; n++) {
    if (!isfinite(values[0][n])) {
      found->others++;
      continue;
    }
    found->low = fmin(found->low, values[0][n]);
    found->high = fmax(found->high, values[0][n]);
  }
}

static heat_status print_text(heat_runtime *runtime, hid_t file, const char *name) {
  char *text;
  heat_status status = heat_h5_get_text(file, name, &text);
  if (status.code == HEAT_OK && text[0] != '\0') heat_runtime_say(runtime, "  %-12s %s\n", name, text);
  free(text);
  return status;
}

static heat_status describe(heat_runtime *runtime, const char *path, hid_t file) {
  static const char *const texts[] = {"digest", "version", "created", "parent", "job"};
  int64_t rows, columns, step, ranks;
  double time, dt;
  range found = {INFINITY, -INFINITY, 0};
  heat_status status = heat_h5_shape(file, "temperature", &rows, &columns);
  if (status.code == HEAT_OK) status = heat_h5_get_integer(file, "step", &step);
  if (status.code == HEAT_OK) status = heat_h5_get_integer(file, "ranks", &ranks);
  if (status.code == HEAT_OK) status = heat_h5_get_real(file, "time", &time);
  if (status.code == HEAT_OK) status = heat_h5_get_real(file, "dt", &dt);
  if (status.code == HEAT_OK) status = visit_strips(runtime, &file, 1, rows, columns, widen, &found);
  status = heat_agree(runtime->comm, status);
  if (status.code != HEAT_OK) return status;
  double ends[2] = {-found.low, found.high};
  MPI_Allreduce(MPI_IN_PLACE, ends, 2, MPI_DOUBLE, MPI_MAX, runtime->comm);
  MPI_Allreduce(MPI_IN_PLACE, &found.others, 1, MPI_INT64_T, MPI_SUM, runtime->comm);
  heat_runtime_say(runtime, "%s: whole\n  %-12s %lld x %lld cells", path, "temperature", (long long)columns,
                   (long long)rows);
  if (ends[1] >= -ends[0]) heat_runtime_say(runtime, ", %.9g .. %.9g K", -ends[0], ends[1]);
  if (found.others > 0) heat_runtime_say(runtime, ", not finite in %lld", (long long)found.others);
  heat_runtime_say(runtime, "\n  %-12s %lld at t = %.9g s, dt = %.9g s\n  %-12s %lld\n", "step", (long long)step, time,
                   dt, "ranks", (long long)ranks);
  for (size_t n = 0; n < sizeof texts / sizeof *texts && status.code == HEAT_OK; n++)
    status = print_text(runtime, file, texts[n]);
  return status;
}

static heat_status run_info(heat_runtime *runtime, const heat_arguments *arguments) {
  heat_status worst = heat_ok();
  for (int n = 0; n < arguments->operand_count; n++) {
    const char *path = arguments->operands[n];
    hid_t file = H5I_INVALID_HID;
    heat_status status = heat_h5_verify(runtime->comm, path, NULL);
    if (status.code == HEAT_OK) status = heat_agree(runtime->comm, heat_h5_open(&file, path));
    if (status.code == HEAT_OK) status = describe(runtime, path, file);
    if (file >= 0) H5Fclose(file);
    if (status.code != HEAT_OK) heat_runtime_say(runtime, "%s: NOT WHOLE\n", path);
    worst = heat_first(worst, status);
  }
  return worst;
}

typedef struct difference {
  double max;
  heat_sum absolute, squares;
  int64_t bits; /* cells whose bits differ */
} difference;

static void compare_strips(const double *const values[FILES], int64_t first, int64_t count, void *context) {
  (void)first;
  difference *found = context;
  for (int64_t n = 0; n < count; n++) {
    if (memcmp(&values[0][n], &values[1][n], sizeof(double)) == 0) continue;
    found->bits++;
    double apart = fabs(values[0][n] - values[1][n]);
    if (isnan(apart)) apart = INFINITY;
    found->max = fmax(found->max, apart);
    heat_sum_add(&found->absolute, apart);
    heat_sum_add(&found->squares, apart * apart);
  }
}

/* Open both files and compare shapes. Local. */
static heat_status open_pair(const char *const paths[FILES], hid_t files[FILES], int64_t *rows, int64_t *columns) {
  int64_t shape[FILES][2] = {{0}};
  for (int f = 0; f < FILES; f++) {
    heat_status status = heat_h5_open(&files[f], paths[f]);
    if (status.code == HEAT_OK) status = heat_h5_shape(files[f], "temperature", &shape[f][0], &shape[f][1]);
    if (status.code != HEAT_OK) return heat_h5_about(status, paths[f]);
  }
  *rows = shape[0][0];
  *columns = shape[0][1];
  if (shape[0][0] == shape[1][0] && shape[0][1] == shape[1][1]) return heat_ok();
  return heat_fail(HEAT_DECK, "'%s' has %lld x %lld cells, '%s' %lld x %lld", paths[0], (long long)shape[0][1],
                   (long long)shape[0][0], paths[1], (long long)shape[1][1], (long long)shape[1][0]);
}

/* Verify those of the files that carry a digest. A file of another program has none, and is compared as it is.
 * Collective. */
static heat_status verify_pair(heat_runtime *runtime, const char *const paths[FILES], const hid_t files[FILES]) {
  heat_status status = heat_ok();
  for (int f = 0; f < FILES && status.code == HEAT_OK; f++) {
    int carries = H5Aexists(files[f], heat_h5_digest_name) > 0;
    MPI_Bcast(&carries, 1, MPI_INT, 0, runtime->comm);
    if (carries) status = heat_h5_verify(runtime->comm, paths[f], NULL);
  }
  return status;
}

static heat_status run_compare(heat_runtime *runtime, const heat_arguments *arguments) {
  const char *const paths[FILES] = {arguments->operands[0], arguments->operands[1]};
  const char *text = heat_arguments_value(arguments, "tolerance");
  double tolerance = 0;
  heat_status status = text != NULL ? heat_arguments_number("tolerance", text, &tolerance) : heat_ok();
  if (status.code != HEAT_OK) return status;
  hid_t files[FILES] = {H5I_INVALID_HID, H5I_INVALID_HID};
  int64_t rows = 0, columns = 0;
  difference found = {0};
  status = heat_agree(runtime->comm, open_pair(paths, files, &rows, &columns));
  if (status.code == HEAT_OK) status = verify_pair(runtime, paths, files);
  if (status.code == HEAT_OK)
    status = heat_agree(runtime->comm, visit_strips(runtime, files, FILES, rows, columns, compare_strips, &found));
  for (int f = 0; f < FILES; f++)
    if (files[f] >= 0) H5Fclose(files[f]);
  if (status.code != HEAT_OK) return status;
  MPI_Allreduce(MPI_IN_PLACE, &found.max, 1, MPI_DOUBLE, MPI_MAX, runtime->comm);
  MPI_Allreduce(MPI_IN_PLACE, &found.bits, 1, MPI_INT64_T, MPI_SUM, runtime->comm);
  const heat_sum absolute = heat_sum_reduce(&found.absolute, runtime->comm);
  const heat_sum squares = heat_sum_reduce(&found.squares, runtime->comm);
  const double cells = (double)rows * (double)columns;
  heat_runtime_say(runtime, "max %.9g  L1 %.9g  L2 %.9g  K: %s\n", found.max, heat_sum_value(&absolute) / cells,
                   sqrt(heat_sum_value(&squares) / cells), found.bits == 0 ? "identical bits" : "the bits differ");
  if (found.bits == 0 || (tolerance > 0 && found.max <= tolerance)) return heat_ok();
  return heat_fail(HEAT_DIFFERENT, "the fields differ in %lld of %.0f cells, by up to %.9g (tolerance %.9g)",
                   (long long)found.bits, cells, found.max, tolerance);
}

const heat_command heat_command_info = {.name = "info",
                                        .operands = "FILE.h5...",
                                        .summary =
                                            "show what checkpoints and snapshots contain, and verify their digests",
                                        .least = 1,
                                        .most = -1,
                                        .run = run_info};

const heat_command heat_command_compare = {
    .name = "compare",
    .operands = "A.h5 B.h5",
    .summary =
        "largest, mean absolute (L1) and root mean square (L2) difference; exit code 0 within the tolerance, else 1",
    .options = {{"tolerance", HEAT_ARGUMENT, "T", "largest difference to accept, K (default 0: identical bits)"}},
    .least = 2,
    .most = 2,
    .run = run_compare};
