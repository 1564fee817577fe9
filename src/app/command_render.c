/* `heat2d render`: pictures of checkpoints and snapshots, films of them, plots of a run's tables.
 *
 *     the files are listed; where the pictures go is seen to          nothing is written yet
 *     first pass: the lowest and highest temperature of all files     unless the range is given
 *     second pass: pictures
 *     the film                                                        rank 0, where ffmpeg is installed
 *
 * File n is rank n modulo the number of ranks' own, in both passes. */
#include "command.h"
#include "film.h"
#include "heat2d/io/directory.h"
#include "heat2d/io/directory_names.h"
#include "heat2d/io/h5_digest.h"
#include "heat2d/io/recognise.h"
#include "render_tables.h"
#include "source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NO_FILM = -1, FEW_FRAMES = 100, FRAMES_PER_FEW = 4 };
static const double film_rate = 25; /* frames per second */

typedef struct job {
  heat_runtime *runtime;
  heat_source_list files;
  char **sets;
  int set_count;
  heat_picture_format format;
  int film;                  /* one of the kinds of films, or NO_FILM */
  bool film_asked;           /* by name, or by --output */
  bool only_film;            /* the pictures are removed when it is made */
  double rate;               /* 0: chosen */
  char directory[HEAT_PATH]; /* of the pictures */
  char film_path[HEAT_PATH];
  char **pictures; /* one path for each file */
  double low, high, latest;
} job;

static int find_word(const char *const *words, const char *word) {
  for (int n = 0; words[n] != NULL; n++)
    if (strcmp(words[n], word) == 0) return n;
  return -1;
}

/* What follows the last dot of the name, "" where there is none. */
static const char *ending(const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path, *dot = strrchr(name, '.');
  return dot != NULL && dot != name ? dot + 1 : "";
}

/* The name of a path without folders above it, and without the ending .h5. */
static void stem(char *name, size_t size, const char *path) {
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/') length--;
  size_t begin = length;
  while (begin > 0 && path[begin - 1] != '/') begin--;
  snprintf(name, size, "%.*s", (int)(length - begin), path + begin);
  char *end = strlen(name) > 3 ? name + strlen(name) - 3 : NULL;
  if (end != NULL && strcmp(end, ".h5") == 0) *end = '\0';
}

/* KEY=VALUE as it is laid over the deck of each file: only what a picture is, not what was computed. */
static heat_status add_set(job *work, const char *text) {
  static const char *const keys[] = {"images.", "title=", "unit="}, *const full[] = {"output.", "", "output."};
  size_t n = 0;
  while (n < 3 && strncmp(text, keys[n], strlen(keys[n])) != 0) n++;
  if (n == 3 && strncmp(text, "output.images.", strlen("output.images.")) != 0)
    return heat_fail(HEAT_USAGE, "--set: '%s' says nothing about pictures (images.KEY=..., title=..., unit=...)", text);
  const char *before = n < 3 ? full[n] : "";
  const size_t size = strlen(before) + strlen(text) + 1;
  char *set = malloc(size);
  if (set == NULL) return heat_no_memory("the arguments", size);
  snprintf(set, size, "%s%s", before, text);
  work->sets[work->set_count++] = set;
  return heat_ok();
}

static heat_status read_words(job *work, const heat_arguments *arguments) {
  const char *format = heat_arguments_value(arguments, "format"), *film = heat_arguments_value(arguments, "film");
  const char *rate = heat_arguments_value(arguments, "rate");
  heat_status status = heat_ok();
  work->sets = calloc((size_t)arguments->given_count + 1, sizeof *work->sets);
  if (work->sets == NULL) return heat_no_memory("the arguments", 0);
  for (int n = 0; n < arguments->given_count && status.code == HEAT_OK; n++)
    if (strcmp(arguments->given[n].option->name, "set") == 0) status = add_set(work, arguments->given[n].value);
  if (status.code != HEAT_OK) return status;
  if (format != NULL) {
    const int found = find_word(heat_picture_formats, format);
    if (found < 0) return heat_fail(HEAT_USAGE, "--format: '%s' is not one of png, svg, pdf", format);
    work->format = (heat_picture_format)found;
  }
  work->film = NO_FILM;
  if (film != NULL && strcmp(film, "none") != 0) {
    work->film = find_word(heat_film_names, film);
    if (work->film < 0) return heat_fail(HEAT_USAGE, "--film: '%s' is not one of mp4, webm, gif, none", film);
    work->film_asked = true;
  }
  if (rate != NULL) status = heat_arguments_number("rate", rate, &work->rate);
  if (status.code == HEAT_OK && rate != NULL && !(work->rate >= 0.1 && work->rate <= 240))
    status = heat_fail(HEAT_USAGE, "--rate: '%s' is not in [0.1, 240]", rate);
  return status;
}

/* Pictures belong outside of the directory of a run, which is the run's own, and is known by files that every run has.
 * Rank 0. */
static heat_status check_outside(const char *directory) {
  static const char *const names[] = {"run.log", "status.json", "history.csv"};
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    char path[HEAT_PATH];
    const heat_status status = heat_directory_join(path, sizeof path, directory, names[n]);
    if (status.code != HEAT_OK) return status;
    if (heat_recognise(path) == HEAT_ORIGIN_RUN)
      return heat_fail(HEAT_USAGE,
                       "'%s' holds a run, whose files are its own: name another place for pictures (--output)",
                       directory);
  }
  return heat_ok();
}

/* What is at `path` may be replaced: nothing, or what heat2d wrote. Rank 0. */
static heat_status check_replaceable(const char *path) {
  const heat_origin origin = heat_recognise(path);
  if (origin == HEAT_ORIGIN_NONE || origin == HEAT_ORIGIN_RUN) return heat_ok();
  return heat_fail(HEAT_USAGE, "'%s' %s: it is left as it is", path, heat_recognise_text(path));
}

/* The directory that a file is in. */
static void parent_of(char *directory, const char *path) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL)
    snprintf(directory, HEAT_PATH, ".");
  else
    snprintf(directory, HEAT_PATH, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/* Give file n's picture the path. */
static heat_status set_picture(job *work, int n, const char *path) {
  work->pictures[n] = strdup(path);
  return work->pictures[n] != NULL ? heat_ok() : heat_no_memory("the list of pictures", 0);
}

/* Names in work->directory: of a run's files picture-STEP (its own are frame-STEP), of others their own. */
static heat_status name_pictures(job *work) {
  for (int n = 0; n < work->files.count; n++) {
    char own[HEAT_PATH / 2], name[HEAT_PATH], path[HEAT_PATH];
    stem(own, sizeof own, work->files.paths[n]);
    const char *dash = strrchr(own, '-');
    if (work->files.directory != NULL && dash != NULL)
      snprintf(name, sizeof name, "picture%s.%s", dash, heat_picture_formats[work->format]);
    else
      snprintf(name, sizeof name, "%s.%s", own, heat_picture_formats[work->format]);
    heat_status status = heat_directory_join(path, sizeof path, work->directory, name);
    if (status.code == HEAT_OK) status = set_picture(work, n, path);
    if (status.code != HEAT_OK) return status;
    for (int other = 0; other < n; other++)
      if (strcmp(work->pictures[other], path) == 0)
        return heat_fail(HEAT_USAGE, "'%s' and '%s' would both be drawn as '%s'", work->files.paths[other],
                         work->files.paths[n], path);
  }
  return heat_ok();
}

/* Where everything goes, by --output: a directory, a film, or the one picture. */
static heat_status plan_output(job *work, const char *output) {
  char name[HEAT_PATH / 2];
  work->pictures = calloc((size_t)work->files.count, sizeof *work->pictures);
  if (work->pictures == NULL) return heat_no_memory("the list of pictures", 0);
  const int film = output != NULL ? find_word(heat_film_names, ending(output)) : -1;
  const int format = output != NULL ? find_word(heat_picture_formats, ending(output)) : -1;
  if (format >= 0) {
    if (work->files.count > 1)
      return heat_fail(HEAT_USAGE, "--output: '%s' is one picture, and there are %d files (name a directory or a film)",
                       output, work->files.count);
    work->format = (heat_picture_format)format;
    parent_of(work->directory, output);
    return set_picture(work, 0, output);
  }
  if (film >= 0) {
    work->film = film;
    work->film_asked = work->only_film = true;
    snprintf(work->film_path, sizeof work->film_path, "%s", output);
    snprintf(work->directory, sizeof work->directory, "%.*s.frames", HEAT_PATH - 16, output);
  } else if (output != NULL) {
    snprintf(work->directory, sizeof work->directory, "%s", output);
  } else if (work->files.directory != NULL) {
    stem(name, sizeof name, work->files.directory);
    const bool nameless = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    snprintf(work->directory, sizeof work->directory, "%s%spictures", nameless ? "" : name, nameless ? "" : "-");
  } else {
    snprintf(work->directory, sizeof work->directory, ".");
  }
  return name_pictures(work);
}

/* A film is made of more than one picture in PNG, when it is asked for, or of a whole run where it is possible. */
static heat_status plan_film(job *work, const heat_arguments *arguments) {
  const bool whole_run = work->files.directory != NULL && work->files.count > 1;
  if (!work->film_asked && heat_arguments_value(arguments, "film") == NULL && whole_run &&
      work->format == HEAT_PICTURE_PNG)
    work->film = HEAT_FILM_MP4;
  if (work->film == NO_FILM) return heat_ok();
  if (work->format != HEAT_PICTURE_PNG)
    return heat_fail(HEAT_USAGE, "a film is made of pictures in PNG (--format png)");
  if (work->film_path[0] != '\0') return heat_ok();
  char name[64];
  snprintf(name, sizeof name, "film.%s", heat_film_names[work->film]);
  return heat_directory_join(work->film_path, sizeof work->film_path, work->directory, name);
}

/* Before anything is written. Rank 0. */
static heat_status check_output(const job *work) {
  char above[HEAT_PATH];
  heat_status status = check_outside(work->directory);
  if (status.code == HEAT_OK && strcmp(work->directory, "..") != 0) { /* nor in a folder of it */
    parent_of(above, work->directory);
    status = check_outside(above);
  }
  if (work->film != NO_FILM && status.code == HEAT_OK) {
    parent_of(above, work->film_path);
    status = check_outside(above);
    if (status.code == HEAT_OK) status = check_replaceable(work->film_path);
  }
  for (int n = 0; n < work->files.count && status.code == HEAT_OK; n++) status = check_replaceable(work->pictures[n]);
  if (status.code == HEAT_OK) status = heat_directory_make(work->directory);
  return status;
}

/* The range and the last time of all files. */
static heat_status first_pass(job *work, heat_source *source) {
  heat_runtime *runtime = work->runtime;
  double ends[] = {INFINITY, INFINITY, INFINITY}; /* lowest, -highest, -latest */
  heat_status status = heat_ok();
  for (int n = runtime->rank; n < work->files.count && status.code == HEAT_OK; n += runtime->size) {
    double low = INFINITY, high = -INFINITY;
    hid_t file = H5I_INVALID_HID;
    status = heat_h5_verify(MPI_COMM_SELF, work->files.paths[n], NULL);
    if (status.code == HEAT_OK) status = heat_source_open(source, work->files.paths[n], &file);
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
  if (!(work->low <= work->high)) work->low = work->high = 0; /* nothing but NaN */
  return heat_ok();
}

/* Draw one picture and give it its name. */
static heat_status draw(const job *work, const heat_picture *picture, const double *values, const char *path) {
  char partial[HEAT_PATH];
  const int length = snprintf(partial, sizeof partial, "%s%s", path, heat_partial_suffix);
  if (length >= (int)sizeof partial) return heat_fail(HEAT_DECK, "the path '%.200s...' is too long", path);
  heat_status status = heat_picture_write(picture, values, work->format, partial);
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
  heat_status status = heat_source_open(source, work->files.paths[n], &file);
  if (status.code == HEAT_OK) {
    values = room_for(&source->picture);
    status = values != NULL ? heat_source_samples(source, file, values) : heat_no_memory("a picture", 0);
  }
  if (status.code == HEAT_OK) {
    source->picture.low = work->low;
    source->picture.high = work->high;
    source->picture.latest = work->latest;
    status = draw(work, &source->picture, values, work->pictures[n]);
  }
  if (file >= 0) H5Fclose(file);
  free(values);
  return status;
}

static heat_status second_pass(const job *work, heat_source *source) {
  const heat_runtime *runtime = work->runtime;
  heat_status status = heat_ok();
  for (int n = runtime->rank; n < work->files.count && status.code == HEAT_OK; n += runtime->size)
    status = draw_file(work, source, n);
  return heat_agree(runtime->comm, status);
}

/* Remove the pictures of a film that was all that was asked for. */
static void remove_pictures(const job *work) {
  for (int n = 0; n < work->files.count; n++) heat_directory_remove(work->pictures[n]);
  rmdir(work->directory);
}

static heat_status make_film(const job *work) {
  double rate = work->rate;
  if (rate == 0) rate = work->files.count >= FEW_FRAMES ? film_rate : fmax(2, work->files.count / FRAMES_PER_FEW);
  heat_status status = heat_ok();
  if (work->runtime->rank == 0) {
    if (!heat_film_possible()) {
      heat_runtime_say(work->runtime, "no film: there is no ffmpeg on PATH; the pictures are in %s\n", work->directory);
    } else {
      status =
          heat_film_write(work->film_path, work->film, (const char *const *)work->pictures, work->files.count, rate);
      if (status.code == HEAT_OK && work->only_film) remove_pictures(work);
      if (status.code == HEAT_OK)
        heat_runtime_say(work->runtime, "%s: %d pictures, %.3g a second\n", work->film_path, work->files.count, rate);
    }
  }
  return heat_agree(work->runtime->comm, status);
}

static heat_status render_files(job *work, const heat_arguments *arguments) {
  heat_runtime *runtime = work->runtime;
  heat_source source = {.sets = (const char *const *)work->sets, .set_count = work->set_count};
  heat_status status = plan_output(work, heat_arguments_value(arguments, "output"));
  if (status.code == HEAT_OK) status = plan_film(work, arguments);
  status = heat_agree(runtime->comm, status);
  if (status.code == HEAT_OK) status = first_pass(work, &source);
  if (status.code == HEAT_OK) status = heat_agree(runtime->comm, runtime->rank == 0 ? check_output(work) : heat_ok());
  if (status.code == HEAT_OK) status = second_pass(work, &source);
  if (status.code == HEAT_OK && source.without[0] != '\0')
    heat_runtime_say(runtime, "without outlines of the materials: %s\n", source.without);
  if (status.code == HEAT_OK && source.picture.without_font)
    heat_runtime_say(runtime, "no font is installed here: pictures have no text\n");
  if (status.code == HEAT_OK && !work->only_film)
    heat_runtime_say(runtime, "%s: %d pictures, %.6g to %.6g %s\n",
                     work->files.count > 1 ? work->directory : work->pictures[0], work->files.count, work->low,
                     work->high, source.picture.unit != NULL ? source.picture.unit : "");
  if (status.code == HEAT_OK && work->film != NO_FILM) status = make_film(work);
  heat_source_destroy(&source);
  return status;
}

/* The samples of one of two files: the second is looked at as the first is, whatever its own deck says of pictures. */
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

/* A - B in the colours of a scale with two wings. Rank 0. */
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
    picture->title = title;
    picture->colormap = "coolwarm";
    picture->low = -most;
    picture->high = most;
    picture->latest = picture->time;
    status = draw(work, picture, values[0], work->pictures[0]);
  }
  for (int f = 0; f < 2; f++) {
    free(values[f]);
    heat_source_destroy(&sources[f]);
  }
  return status;
}

/* One file that rank 0 makes: a difference or a plot. `name`: where --output names none. */
static heat_status plan_single(job *work, const char *output, const char *name) {
  char path[HEAT_PATH];
  work->files.count = 1;
  work->pictures = calloc(1, sizeof *work->pictures);
  if (work->pictures == NULL) return heat_no_memory("the list of pictures", 0);
  const int format = output != NULL ? find_word(heat_picture_formats, ending(output)) : -1;
  if (format >= 0) work->format = (heat_picture_format)format;
  if (format >= 0)
    snprintf(path, sizeof path, "%s", output);
  else
    snprintf(path, sizeof path, "%.*s/%s.%s", HEAT_PATH - 128, output != NULL ? output : ".", name,
             heat_picture_formats[work->format]);
  parent_of(work->directory, path);
  heat_status status = set_picture(work, 0, path);
  if (status.code == HEAT_OK) status = check_output(work);
  return status;
}

/* A plot of a table, drawn beside its place and then put there. Rank 0. */
static heat_status draw_plot(const job *work, bool history, const char *directory) {
  char partial[HEAT_PATH];
  const char *path = work->pictures[0];
  if (snprintf(partial, sizeof partial, "%s%s", path, heat_partial_suffix) >= (int)sizeof partial)
    return heat_fail(HEAT_DECK, "the path '%.200s...' is too long", path);
  heat_status status = history ? heat_render_history(directory, work->format, partial)
                               : heat_render_probes(directory, work->format, partial);
  if (status.code == HEAT_OK) status = heat_directory_publish(partial, path);
  if (status.code != HEAT_OK) unlink(partial);
  return status;
}

static heat_status render_single(job *work, const heat_arguments *arguments, const char *kind) {
  const bool difference = strcmp(kind, "difference") == 0, history = strcmp(kind, "history") == 0;
  const int needed = difference ? 2 : 1;
  if (arguments->operand_count != needed)
    return heat_fail(HEAT_USAGE, difference ? "--difference needs two files" : "--%s needs the directory of a run",
                     kind);
  work->film = NO_FILM;
  heat_status status = heat_ok();
  if (work->runtime->rank == 0) {
    status = plan_single(work, heat_arguments_value(arguments, "output"), kind);
    if (status.code == HEAT_OK)
      status = difference ? draw_difference(work, arguments->operands[0], arguments->operands[1])
                          : draw_plot(work, history, arguments->operands[0]);
    if (status.code == HEAT_OK) heat_runtime_say(work->runtime, "%s\n", work->pictures[0]);
  }
  return heat_agree(work->runtime->comm, status);
}

static heat_status render(heat_runtime *runtime, const heat_arguments *arguments) {
  static const char *const single[] = {"difference", "history", "probes"};
  job work = {.runtime = runtime};
  const char *kind = NULL;
  heat_status status = read_words(&work, arguments);
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
    status = heat_source_list_create(&work.files, runtime->comm, arguments->operands, arguments->operand_count);
    if (status.code == HEAT_OK) status = render_files(&work, arguments);
  }
  for (int n = 0; n < work.files.count && work.pictures != NULL; n++) free(work.pictures[n]);
  free(work.pictures);
  if (kind == NULL) heat_source_list_destroy(&work.files);
  for (int n = 0; n < work.set_count; n++) free(work.sets[n]);
  free(work.sets);
  return status;
}

const heat_command heat_command_render = {
    .name = "render",
    .operands = "FILE.h5...|DIR",
    .summary = "pictures of checkpoints and snapshots, parallel over files; a film where ffmpeg is installed; plots",
    .options = {{"output", HEAT_ARGUMENT, "OUT",
                 "directory, picture (.png .svg .pdf) or film (.mp4 .webm .gif); also -o OUT"},
                {"set", HEAT_ARGUMENT, "KEY=VALUE", "images.KEY, title or unit, over the files' own deck (repeatable)"},
                {"format", HEAT_ARGUMENT, "FORMAT", "png, svg or pdf"},
                {"film", HEAT_ARGUMENT, "KIND", "mp4, webm, gif or none"},
                {"rate", HEAT_ARGUMENT, "N", "frames of the film a second"},
                {"history", HEAT_NO_ARGUMENT, NULL, "plot history.csv: temperatures, energy, flows through the sides"},
                {"probes", HEAT_NO_ARGUMENT, NULL, "plot probes.csv: probes over time, profiles along lines of probes"},
                {"difference", HEAT_NO_ARGUMENT, NULL, "of two files, the first minus the second"}},
    .least = 1,
    .most = -1,
    .run = render};
