/* `heat2d render` draws pictures of checkpoints and snapshots, films of them, and plots of the tables of a run.
 *
 *     list the files, choose the paths of the pictures                nothing is written yet
 *     first pass: find the range of the temperatures of all files     unless the range is given
 *     second pass: draw the pictures
 *     encode the film                                                 in pieces, if ffmpeg is installed
 *
 * In both passes, file n belongs to rank (n modulo the number of ranks). */
#include "command.h"
#include "heat2d/io/directory.h"
#include "heat2d/io/h5_verify.h"
#include "render_plan.h"
#include "render_tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FEW_FRAMES = 100, FRAMES_PER_FEW = 4 };
static const double film_rate = 25; /* frames per second */

typedef struct job {
  heat_runtime *runtime;
  char **sets;
  int set_count;
  heat_render_plan plan;
  double low, high, latest;
} job;

/* Add a KEY=VALUE that replaces a value in the deck of each file. Only keys that concern pictures are accepted, not
 * those of the problem. */
static heat_status add_set(job *work, const char *text) {
  static const char *const keys[] = {"images.", "title=", "unit="}, *const full[] = {"output.", "", "output."};
  size_t n = 0;
  while (n < 3 && strncmp(text, keys[n], strlen(keys[n])) != 0) n++;
  if (n == 3 && strncmp(text, "output.images.", strlen("output.images.")) != 0)
    return heat_fail(HEAT_USAGE, "--set: '%s' is not a setting of pictures (images.KEY=..., title=..., unit=...)",
                     text);
  const char *before = n < 3 ? full[n] : "";
  const size_t size = strlen(before) + strlen(text) + 1;
  char *set = malloc(size);
  if (set == NULL) return heat_no_memory("the arguments", size);
  snprintf(set, size, "%s%s", before, text);
  work->sets[work->set_count++] = set;
  return heat_ok();
}

static heat_status read_sets(job *work, const heat_arguments *arguments) {
  heat_status status = heat_ok();
  work->sets = calloc((size_t)arguments->given_count + 1, sizeof *work->sets);
  if (work->sets == NULL) return heat_no_memory("the arguments", 0);
  for (int n = 0; n < arguments->given_count && status.code == HEAT_OK; n++)
    if (strcmp(arguments->given[n].option->name, "set") == 0) status = add_set(work, arguments->given[n].value);
  return status;
}

/* Find the range of the temperatures and the last time of all files. */
static heat_status first_pass(job *work, heat_source *source) {
  heat_runtime *runtime = work->runtime;
  double ends[] = {INFINITY, INFINITY, INFINITY}; /* lowest, -highest, -latest */
  heat_status status = heat_ok();
  for (int n = runtime->rank; n < work->plan.files.count && status.code == HEAT_OK; n += runtime->size) {
    double low = INFINITY, high = -INFINITY;
    hid_t file = H5I_INVALID_HID;
    status = heat_h5_verify(MPI_COMM_SELF, work->plan.files.paths[n], NULL);
    if (status.code == HEAT_OK) status = heat_source_open(source, work->plan.files.paths[n], &file);
    if (status.code == HEAT_OK && source->picture.range_auto) status = heat_source_range(source, file, &low, &high);
    if (status.code == HEAT_OK && !source->picture.range_auto) {
      low = source->picture.low;
      high = source->picture.high;
    }
    if (file >= 0) H5Fclose(file);
    if (status.code != HEAT_OK) break;
    ends[0] = fmin(ends[0], low);
    ends[1] = fmin(ends[1], -high);
    ends[2] = fmin(ends[2], -source->picture.time);
  }
  status = heat_agree(runtime->comm, status);
  if (status.code != HEAT_OK) return status;
  MPI_Allreduce(MPI_IN_PLACE, ends, 3, MPI_DOUBLE, MPI_MIN, runtime->comm);
  work->low = ends[0];
  work->high = -ends[1];
  work->latest = -ends[2];
  if (!(work->low <= work->high)) work->low = work->high = 0; /* all values are NaN */
  return heat_ok();
}

/* Draw one picture under a temporary name, and rename it. */
static heat_status draw(const job *work, const heat_picture *picture, const double *values, const char *path) {
  char partial[HEAT_PATH];
  const int length = snprintf(partial, sizeof partial, "%s%s", path, heat_partial_suffix);
  if (length >= (int)sizeof partial) return heat_fail(HEAT_DECK, "the path '%.200s...' is too long", path);
  heat_status status = heat_picture_write(picture, values, work->plan.format, partial);
  if (status.code == HEAT_OK) status = heat_directory_publish(partial, path);
  if (status.code != HEAT_OK) unlink(partial);
  return status;
}

static double *room_for(const heat_picture *picture) {
  return malloc((size_t)picture->samples[HEAT_X] * (size_t)picture->samples[HEAT_Y] * sizeof(double));
}

static heat_status draw_file(const job *work, heat_source *source, int n) {
  hid_t file = H5I_INVALID_HID;
  double *values = NULL;
  heat_status status = heat_source_open(source, work->plan.files.paths[n], &file);
  if (status.code == HEAT_OK) {
    values = room_for(&source->picture);
    status = values != NULL ? heat_source_samples(source, file, values) : heat_no_memory("a picture", 0);
  }
  if (status.code == HEAT_OK) {
    source->picture.low = work->low;
    source->picture.high = work->high;
    source->picture.latest = work->latest;
    status = draw(work, &source->picture, values, work->plan.pictures[n]);
  }
  if (file >= 0) H5Fclose(file);
  free(values);
  return status;
}

static heat_status second_pass(const job *work, heat_source *source) {
  const heat_runtime *runtime = work->runtime;
  heat_status status = heat_ok();
  for (int n = runtime->rank; n < work->plan.files.count && status.code == HEAT_OK; n += runtime->size)
    status = draw_file(work, source, n);
  return heat_agree(runtime->comm, status);
}

/* Remove the pictures of a film if only the film was asked for. */
static void remove_pictures(const job *work) {
  for (int n = 0; n < work->plan.files.count; n++) heat_directory_remove(work->plan.pictures[n]);
  rmdir(work->plan.directory);
}

static heat_status make_film(const job *work) {
  const heat_render_plan *plan = &work->plan;
  heat_runtime *runtime = work->runtime;
  int possible = heat_film_possible();
  MPI_Bcast(&possible, 1, MPI_INT, 0, runtime->comm);
  if (!possible) {
    heat_runtime_say(runtime, "no film: there is no ffmpeg on PATH; the pictures are in %s\n", plan->directory);
    return heat_ok();
  }
  double rate = plan->rate;
  if (rate == 0) rate = plan->files.count >= FEW_FRAMES ? film_rate : fmax(2, plan->files.count / FRAMES_PER_FEW);
  const heat_film_order order = {.comm = runtime->comm,
                                 .path = plan->film_path,
                                 .kind = plan->film,
                                 .frames = (const char *const *)plan->pictures,
                                 .count = plan->files.count,
                                 .rate = rate};
  const heat_status status = heat_film_write(&order);
  if (status.code != HEAT_OK) return status;
  if (plan->only_film && runtime->rank == 0) remove_pictures(work);
  heat_runtime_say(runtime, "%s: %d pictures, %.3g a second\n", plan->film_path, plan->files.count, rate);
  return status;
}

static heat_status render_files(job *work, const heat_arguments *arguments) {
  heat_runtime *runtime = work->runtime;
  heat_source source = {.sets = (const char *const *)work->sets, .set_count = work->set_count};
  heat_status status = heat_agree(runtime->comm, heat_render_plan_files(&work->plan, arguments));
  if (status.code == HEAT_OK) status = first_pass(work, &source);
  if (status.code == HEAT_OK)
    status = heat_agree(runtime->comm, runtime->rank == 0 ? heat_render_plan_check(&work->plan) : heat_ok());
  if (status.code == HEAT_OK) status = second_pass(work, &source);
  if (status.code == HEAT_OK && source.without[0] != '\0')
    heat_runtime_say(runtime, "without outlines of the materials: %s\n", source.without);
  if (status.code == HEAT_OK && source.picture.without_font)
    heat_runtime_say(runtime, "no font is installed here: pictures have no text\n");
  if (status.code == HEAT_OK && !work->plan.only_film)
    heat_runtime_say(runtime, "%s: %d pictures, %.6g to %.6g %s\n",
                     work->plan.files.count > 1 ? work->plan.directory : work->plan.pictures[0], work->plan.files.count,
                     work->low, work->high, source.picture.unit != NULL ? source.picture.unit : "");
  if (status.code == HEAT_OK && work->plan.film != HEAT_NO_FILM) status = make_film(work);
  heat_source_destroy(&source);
  return status;
}

/* Read the samples of one of two files. The second is sampled like the first, whatever its own deck says about
 * pictures. */
static heat_status read_one_of_two(heat_source *source, const heat_picture *like, const char *path, double **values) {
  hid_t file = H5I_INVALID_HID;
  heat_status status = heat_h5_verify(MPI_COMM_SELF, path, NULL);
  if (status.code == HEAT_OK) status = heat_source_open(source, path, &file);
  const int64_t *cells = source->picture.cells;
  if (status.code == HEAT_OK && like != NULL && memcmp(cells, like->cells, sizeof like->cells) != 0)
    status =
        heat_fail(HEAT_DECK, "'%s' has %lld x %lld cells, the other file %lld x %lld", path, (long long)cells[HEAT_X],
                  (long long)cells[HEAT_Y], (long long)like->cells[HEAT_X], (long long)like->cells[HEAT_Y]);
  if (status.code == HEAT_OK) {
    if (like != NULL) memcpy(source->picture.samples, like->samples, sizeof like->samples);
    *values = room_for(&source->picture);
    status = *values != NULL ? heat_source_samples(source, file, *values) : heat_no_memory("a picture", 0);
  }
  if (file >= 0) H5Fclose(file);
  return status;
}

static bool has_set(const job *work, const char *key) {
  const size_t length = strlen(key);
  for (int n = 0; n < work->set_count; n++)
    if (strncmp(work->sets[n], key, length) == 0 && work->sets[n][length] == '=') return true;
  return false;
}

/* Draw A - B, by default with the diverging colour map from -m to m. Called on rank 0. */
static heat_status draw_difference(job *work, const char *a, const char *b) {
  const heat_source asked = {.sets = (const char *const *)work->sets, .set_count = work->set_count};
  heat_source sources[2] = {asked, asked};
  double *values[2] = {NULL, NULL}, most = 0;
  char title[HEAT_STATUS_TEXT];
  heat_picture *picture = &sources[0].picture;
  heat_status status = read_one_of_two(&sources[0], NULL, a, &values[0]);
  if (status.code == HEAT_OK) status = read_one_of_two(&sources[1], picture, b, &values[1]);
  if (status.code == HEAT_OK) {
    for (int n = 0; n < picture->samples[HEAT_X] * picture->samples[HEAT_Y]; n++) {
      values[0][n] -= values[1][n];
      if (fabs(values[0][n]) > most) most = fabs(values[0][n]);
    }
    snprintf(title, sizeof title, "%.400s − %.400s", a, b);
    if (!has_set(work, "title")) picture->title = title;
    if (!has_set(work, "output.images.colormap")) picture->colormap = "coolwarm";
    if (!has_set(work, "output.images.range") || picture->range_auto) {
      picture->low = -most;
      picture->high = most;
    }
    picture->latest = picture->time;
    status = draw(work, picture, values[0], work->plan.pictures[0]);
  }
  for (int f = 0; f < 2; f++) {
    free(values[f]);
    heat_source_destroy(&sources[f]);
  }
  return status;
}

/* Draw a plot of a table under a temporary name, and rename it. Called on rank 0. */
static heat_status draw_plot(const job *work, bool history, const char *directory) {
  char partial[HEAT_PATH];
  const char *path = work->plan.pictures[0];
  if (snprintf(partial, sizeof partial, "%s%s", path, heat_partial_suffix) >= (int)sizeof partial)
    return heat_fail(HEAT_DECK, "the path '%.200s...' is too long", path);
  const heat_table_plot order = {.directory = directory,
                                 .sets = (const char *const *)work->sets,
                                 .set_count = work->set_count,
                                 .format = work->plan.format,
                                 .path = partial};
  heat_status status = history ? heat_render_history(&order) : heat_render_probes(&order);
  if (status.code == HEAT_OK) status = heat_directory_publish(partial, path);
  if (status.code != HEAT_OK) unlink(partial);
  return status;
}

/* Refuse options that do not apply to this kind of picture. */
static heat_status check_single(const job *work, const heat_arguments *arguments, const char *kind) {
  const char *film = heat_arguments_value(arguments, "film");
  if (heat_arguments_value(arguments, "rate") != NULL || (film != NULL && strcmp(film, "none") != 0))
    return heat_fail(HEAT_USAGE, "--%s makes one picture: --film and --rate are for films", kind);
  for (int n = 0; n < work->set_count && strcmp(kind, "difference") != 0; n++)
    if (strncmp(work->sets[n], "output.images.", strlen("output.images.")) == 0)
      return heat_fail(HEAT_USAGE, "--set: '%s' is not a setting of a plot (title=..., unit=...)", work->sets[n]);
  return heat_ok();
}

static heat_status render_single(job *work, const heat_arguments *arguments, const char *kind) {
  const bool difference = strcmp(kind, "difference") == 0, history = strcmp(kind, "history") == 0;
  const int needed = difference ? 2 : 1;
  if (arguments->operand_count != needed)
    return heat_fail(HEAT_USAGE, difference ? "--difference needs two files" : "--%s needs the directory of a run",
                     kind);
  heat_status status = check_single(work, arguments, kind);
  if (status.code != HEAT_OK) return status;
  if (work->runtime->rank == 0) {
    status = heat_render_plan_single(&work->plan, heat_arguments_value(arguments, "output"), kind);
    if (status.code == HEAT_OK)
      status = difference ? draw_difference(work, arguments->operands[0], arguments->operands[1])
                          : draw_plot(work, history, arguments->operands[0]);
    if (status.code == HEAT_OK) heat_runtime_say(work->runtime, "%s\n", work->plan.pictures[0]);
  }
  return heat_agree(work->runtime->comm, status);
}

static heat_status render(heat_runtime *runtime, const heat_arguments *arguments) {
  static const char *const single[] = {"difference", "history", "probes"};
  job work = {.runtime = runtime};
  const char *kind = NULL;
  heat_status status = read_sets(&work, arguments);
  if (status.code == HEAT_OK) status = heat_render_plan_read(&work.plan, arguments);
  for (int n = 0; n < 3; n++) {
    if (heat_arguments_value(arguments, single[n]) == NULL) continue;
    if (kind != NULL)
      status = heat_first(status, heat_fail(HEAT_USAGE, "--%s and --%s exclude each other", kind, single[n]));
    kind = single[n];
  }
  status = heat_agree(runtime->comm, status);
  if (status.code == HEAT_OK && kind != NULL) {
    status = render_single(&work, arguments, kind);
  } else if (status.code == HEAT_OK) {
    status = heat_source_list_create(&work.plan.files, runtime->comm, arguments->operands, arguments->operand_count);
    if (status.code == HEAT_OK) status = render_files(&work, arguments);
  }
  heat_render_plan_destroy(&work.plan);
  if (kind == NULL) heat_source_list_destroy(&work.plan.files);
  for (int n = 0; n < work.set_count; n++) free(work.sets[n]);
  free(work.sets);
  return status;
}

const heat_command heat_command_render = {
    .name = "render",
    .operands = "FILE.h5...|DIR",
    .summary = "draw checkpoints and snapshots, in parallel over files; a film if ffmpeg is installed; plots",
    .options = {{"output", HEAT_ARGUMENT, "OUT",
                 "directory, picture (.png .svg .pdf) or film (.mp4 .webm .gif); also -o OUT"},
                {"set", HEAT_ARGUMENT, "KEY=VALUE",
                 "replace images.KEY, title or unit of the files' own deck (repeatable)"},
                {"format", HEAT_ARGUMENT, "FORMAT", "png, svg or pdf"},
                {"film", HEAT_ARGUMENT, "KIND", "mp4, webm, gif or none"},
                {"rate", HEAT_ARGUMENT, "N", "pictures of the film per second"},
                {"history", HEAT_NO_ARGUMENT, NULL, "plot history.csv: temperatures, energy, flows through the sides"},
                {"probes", HEAT_NO_ARGUMENT, NULL, "plot probes.csv: probes over time, profiles along lines of probes"},
                {"difference", HEAT_NO_ARGUMENT, NULL, "draw the first of two files minus the second"}},
    .least = 1,
    .most = -1,
    .run = render};
