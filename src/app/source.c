#include "source.h"

#include "heat2d/io/directory.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static heat_status add_path(heat_source_list *list, const char *path) {
  char **more = realloc(list->paths, ((size_t)list->count + 1) * sizeof *more);
  if (more == NULL) return heat_no_memory("the list of files", 0);
  list->paths = more;
  list->paths[list->count] = strdup(path);
  if (list->paths[list->count] == NULL) return heat_no_memory("the list of files", 0);
  list->count++;
  return heat_ok();
}

/* Add the files of a run whose names begin with `prefix`. */
static heat_status add_series(heat_source_list *list, const char *directory, const char *prefix) {
  int64_t *steps = NULL;
  int count = 0;
  heat_status status = heat_directory_steps(directory, prefix, ".h5", &steps, &count);
  for (int n = 0; n < count && status.code == HEAT_OK; n++) {
    char name[64], path[HEAT_PATH];
    heat_directory_step_name(name, sizeof name, prefix, steps[n], ".h5");
    status = heat_directory_join(path, sizeof path, directory, name);
    if (status.code == HEAT_OK) status = add_path(list, path);
  }
  free(steps);
  return status;
}

static bool is_directory(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* List the files on rank 0. Other ranks might see an earlier state of a directory into which a run is writing. */
static heat_status look_up(heat_source_list *list, const char *const *operands, int count) {
  heat_status status = heat_ok();
  if (count == 1 && is_directory(operands[0])) {
    static const char *const prefixes[] = {"snapshot-", "checkpoint-"};
    for (int n = 0; n < 2 && status.code == HEAT_OK && list->count == 0; n++)
      status = add_series(list, operands[0], prefixes[n]);
    if (status.code == HEAT_OK && list->count == 0)
      status = heat_fail(HEAT_DECK, "'%s' holds no snapshots and no checkpoints", operands[0]);
    return status;
  }
  for (int n = 0; n < count && status.code == HEAT_OK; n++) {
    if (is_directory(operands[n]))
      status = heat_fail(HEAT_USAGE, "'%s' is a directory: one directory, or files, may be named", operands[n]);
    else
      status = add_path(list, operands[n]);
  }
  return status;
}

heat_status heat_source_list_create(heat_source_list *list, MPI_Comm comm, const char *const *operands, int count) {
  int rank;
  *list = (heat_source_list){0};
  MPI_Comm_rank(comm, &rank);
  heat_status status = heat_agree(comm, rank == 0 ? look_up(list, operands, count) : heat_ok());
  if (status.code != HEAT_OK) return status;
  int header[] = {list->count, rank == 0 && is_directory(operands[0])};
  MPI_Bcast(header, 2, MPI_INT, 0, comm);
  if (header[1]) list->directory = operands[0];
  for (int n = 0; n < header[0]; n++) {
    char path[HEAT_PATH] = "";
    if (rank == 0) snprintf(path, sizeof path, "%s", list->paths[n]);
    MPI_Bcast(path, sizeof path, MPI_CHAR, 0, comm);
    if (rank != 0) status = heat_first(status, add_path(list, path));
  }
  return heat_agree(comm, status);
}

void heat_source_list_destroy(heat_source_list *list) {
  for (int n = 0; n < list->count; n++) free(list->paths[n]);
  free(list->paths);
  *list = (heat_source_list){0};
}

/* Parse the deck with values replaced by the sets. A deck without pictures gets the section output.images with its
 * defaults. */
static heat_status parse_deck(heat_source *source, const char *path) {
  const char **sets = malloc(((size_t)source->set_count + 1) * sizeof *sets);
  if (sets == NULL) return heat_no_memory("the deck", 0);
  sets[0] = "output.images={}";
  for (int n = 0; n < source->set_count; n++) sets[n + 1] = source->sets[n];
  heat_status status =
      heat_config_parse(&source->config, path, source->deck, strlen(source->deck), sets + 1, source->set_count);
  if (status.code == HEAT_OK && !heat_config_has(source->config, "output.images")) {
    heat_config_destroy(source->config);
    status = heat_config_parse(&source->config, path, source->deck, strlen(source->deck), sets, source->set_count + 1);
  }
  if (status.code != HEAT_OK) source->config = NULL;
  free(sets);
  return status;
}

/* Find where the materials change, and the names of regions. If field files are missing, the picture is drawn without
 * them. */
static void find_materials(heat_source *source) {
  heat_problem problem;
  source->without[0] = '\0';
  if (!(source->picture.outlines || source->picture.region_names) || source->picture.bare) return;
  heat_status status = heat_problem_create_resumed(&problem, MPI_COMM_SELF, source->config);
  if (status.code == HEAT_OK)
    status = heat_picture_materials(&source->picture, &problem, MPI_COMM_SELF, &source->materials);
  if (status.code == HEAT_OK) status = heat_picture_find_names(&source->picture, &problem, &source->names);
  if (status.code != HEAT_OK) memcpy(source->without, status.text, sizeof status.text);
  heat_problem_destroy(&problem);
  source->picture.materials = source->materials;
  source->picture.names = source->names;
}

static void forget_deck(heat_source *source) {
  free(source->deck);
  free(source->materials);
  free(source->names);
  heat_config_destroy(source->config);
  source->deck = NULL;
  source->materials = NULL;
  source->names = NULL;
  source->config = NULL;
}

/* Parse the deck of a file. Takes ownership of `text`. */
static heat_status take_deck(heat_source *source, const char *path, char *text) {
  if (source->deck != NULL && strcmp(source->deck, text) == 0) {
    free(text);
    return heat_ok();
  }
  forget_deck(source);
  source->deck = text;
  const heat_status status = parse_deck(source, path);
  if (status.code != HEAT_OK) {
    forget_deck(source);
    return status;
  }
  source->picture = heat_picture_of(source->config);
  heat_picture_fit(&source->picture, (int)heat_config_integer(source->config, "output.images.width"));
  find_materials(source);
  return status;
}

heat_status heat_source_open(heat_source *source, const char *path, hid_t *file) {
  char *deck = NULL;
  int64_t rows, columns;
  double time;
  heat_status status = heat_h5_open(file, path);
  if (status.code == HEAT_OK) status = heat_h5_shape(*file, "temperature", &rows, &columns);
  if (status.code == HEAT_OK) status = heat_h5_get_integer(*file, "step", &source->step);
  if (status.code == HEAT_OK) status = heat_h5_get_real(*file, "time", &time);
  if (status.code == HEAT_OK) status = heat_h5_get_text(*file, "deck", &deck);
  if (status.code != HEAT_OK) {
    free(deck);
    return heat_h5_about(status, path);
  }
  status = take_deck(source, path, deck);
  if (status.code != HEAT_OK) return status;
  source->picture.time = time;
  if (rows == source->picture.cells[HEAT_Y] && columns == source->picture.cells[HEAT_X]) return status;
  return heat_fail(HEAT_DECK, "'%s' has %lld x %lld cells, but its deck has another number", path, (long long)columns,
                   (long long)rows);
}

void heat_source_destroy(heat_source *source) {
  forget_deck(source);
}

/* Called with `count` rows from row `first` on. */
typedef void rows_visitor(const double *values, int64_t first, int64_t count, void *context);

/* Visit all rows of the field, some at a time. */
static heat_status visit_rows(const heat_source *source, hid_t file, rows_visitor *visit, void *context) {
  enum { STRIP_CELLS = 1 << 21 };
  const int64_t rows = source->picture.cells[HEAT_Y], columns = source->picture.cells[HEAT_X];
  const int64_t strip = columns < STRIP_CELLS ? STRIP_CELLS / columns : 1;
  const size_t bytes = (size_t)((strip < rows ? strip : rows) * columns) * sizeof(double);
  double *values = malloc(bytes);
  heat_status status = values != NULL ? heat_ok() : heat_no_memory("reading a field", bytes);
  for (int64_t j = 0; j < rows && status.code == HEAT_OK; j += strip) {
    const heat_box box = {{0, j}, {columns, j + strip < rows ? j + strip : rows}};
    status = heat_h5_read_box(file, "temperature", box, values);
    if (status.code == HEAT_OK) visit(values, j, box.hi[HEAT_Y] - j, context);
  }
  free(values);
  return status;
}

typedef struct sampling {
  const heat_picture *picture;
  double *values;
} sampling;

static void take_samples(const double *values, int64_t first, int64_t count, void *context) {
  const sampling *into = context;
  const heat_picture *picture = into->picture;
  int64_t lo, hi;
  heat_picture_samples(picture, HEAT_Y, first, first + count, &lo, &hi);
  for (int64_t row = lo; row < hi; row++) {
    const double *from = values + (heat_picture_cell(picture, HEAT_Y, row) - first) * picture->cells[HEAT_X];
    double *to = into->values + row * picture->samples[HEAT_X];
    for (int n = 0; n < picture->samples[HEAT_X]; n++) to[n] = from[heat_picture_cell(picture, HEAT_X, n)];
  }
}

heat_status heat_source_samples(const heat_source *source, hid_t file, double *values) {
  sampling into = {&source->picture, values};
  return visit_rows(source, file, take_samples, &into);
}

typedef struct ends {
  int64_t columns;
  double low, high;
} ends;

static void widen(const double *values, int64_t first, int64_t count, void *context) {
  (void)first;
  ends *found = context;
  for (int64_t n = 0; n < count * found->columns; n++) {
    if (values[n] < found->low) found->low = values[n];
    if (values[n] > found->high) found->high = values[n];
  }
}

heat_status heat_source_range(const heat_source *source, hid_t file, double *low, double *high) {
  ends found = {source->picture.cells[HEAT_X], *low, *high};
  const heat_status status = visit_rows(source, file, widen, &found);
  *low = found.low;
  *high = found.high;
  return status;
}
