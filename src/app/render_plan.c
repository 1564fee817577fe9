#include "render_plan.h"

#include "heat2d/io/directory.h"
#include "heat2d/io/recognise.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int find_word(const char *const *words, const char *word) {
  for (int n = 0; words[n] != NULL; n++)
    if (strcmp(words[n], word) == 0) return n;
  return -1;
}

/* The text after the last dot of the name, "" if there is no dot. */
static const char *ending(const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path, *dot = strrchr(name, '.');
  return dot != NULL && dot != name ? dot + 1 : "";
}

/* The last part of a path, without the ending .h5. */
static void stem(char *name, size_t size, const char *path) {
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/') length--;
  size_t begin = length;
  while (begin > 0 && path[begin - 1] != '/') begin--;
  snprintf(name, size, "%.*s", (int)(length - begin), path + begin);
  char *end = strlen(name) > 3 ? name + strlen(name) - 3 : NULL;
  if (end != NULL && strcmp(end, ".h5") == 0) *end = '\0';
}

heat_status heat_render_plan_read(heat_render_plan *plan, const heat_arguments *arguments) {
  const char *format = heat_arguments_value(arguments, "format"), *film = heat_arguments_value(arguments, "film");
  const char *rate = heat_arguments_value(arguments, "rate");
  heat_status status = heat_ok();
  if (format != NULL) {
    const int found = find_word(heat_picture_formats, format);
    if (found < 0) return heat_fail(HEAT_USAGE, "--format: '%s' is not one of png, svg, pdf", format);
    plan->format = (heat_picture_format)found;
    plan->format_asked = true;
  }
  plan->film = HEAT_NO_FILM;
  if (film != NULL && strcmp(film, "none") != 0) {
    plan->film = find_word(heat_film_names, film);
    if (plan->film < 0) return heat_fail(HEAT_USAGE, "--film: '%s' is not one of mp4, webm, gif, none", film);
    plan->film_asked = true;
  }
  if (rate != NULL) status = heat_arguments_number("rate", rate, &plan->rate);
  if (status.code == HEAT_OK && rate != NULL && !(plan->rate >= 0.1 && plan->rate <= 240))
    status = heat_fail(HEAT_USAGE, "--rate: '%s' is not in [0.1, 240]", rate);
  return status;
}

/* Refuse to write pictures into the directory of a run, which is recognised by files that every run has. Called on rank
 * 0. */
static heat_status check_outside(const char *directory) {
  static const char *const names[] = {"run.log", "status.json", "history.csv"};
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    char path[HEAT_PATH];
    const heat_status status = heat_directory_join(path, sizeof path, directory, names[n]);
    if (status.code != HEAT_OK) return status;
    if (heat_recognise(path) == HEAT_ORIGIN_RUN)
      return heat_fail(HEAT_USAGE,
                       "'%s' holds a run, and only the run writes there: name another place for pictures (--output)",
                       directory);
  }
  return heat_ok();
}

/* Check that a file at `path` may be replaced: there is none, or heat2d wrote it. Called on rank 0. */
static heat_status check_replaceable(const char *path) {
  const heat_origin origin = heat_recognise(path);
  if (origin == HEAT_ORIGIN_NONE || origin == HEAT_ORIGIN_RUN) return heat_ok();
  if (origin == HEAT_ORIGIN_UNKNOWN)
    return heat_fail(HEAT_IO, "'%s' cannot be read: %s (it is left as it is)", path, strerror(errno));
  return heat_fail(HEAT_USAGE, "'%s' %s: it is left as it is", path, heat_recognise_text(path));
}

/* Write the directory that contains a file. */
static void parent_of(char *directory, const char *path) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL)
    snprintf(directory, HEAT_PATH, ".");
  else
    snprintf(directory, HEAT_PATH, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/* Set the path of the picture of file n. */
static heat_status set_picture(heat_render_plan *plan, int n, const char *path) {
  plan->pictures[n] = strdup(path);
  return plan->pictures[n] != NULL ? heat_ok() : heat_no_memory("the list of pictures", 0);
}

/* Choose names in plan->directory. Pictures of a run are called picture-STEP (those that the run itself draws are
 * called frame-STEP), pictures of other files have the name of the file. */
static heat_status name_pictures(heat_render_plan *plan) {
  for (int n = 0; n < plan->files.count; n++) {
    char own[HEAT_PATH / 2], name[HEAT_PATH], path[HEAT_PATH];
    stem(own, sizeof own, plan->files.paths[n]);
    const char *dash = strrchr(own, '-');
    if (plan->files.directory != NULL && dash != NULL)
      snprintf(name, sizeof name, "picture%s.%s", dash, heat_picture_formats[plan->format]);
    else
      snprintf(name, sizeof name, "%s.%s", own, heat_picture_formats[plan->format]);
    heat_status status = heat_directory_join(path, sizeof path, plan->directory, name);
    if (status.code == HEAT_OK) status = set_picture(plan, n, path);
    if (status.code != HEAT_OK) return status;
    for (int other = 0; other < n; other++)
      if (strcmp(plan->pictures[other], path) == 0)
        return heat_fail(HEAT_USAGE, "'%s' and '%s' would both be drawn as '%s'", plan->files.paths[other],
                         plan->files.paths[n], path);
  }
  return heat_ok();
}

/* Find which of the words is the ending of --output; negative: none. If another option asks for one of the words, it
 * has to be the same. */
static heat_status read_ending(const char *output, const char *const *words, int asked, int *found) {
  *found = output != NULL ? find_word(words, ending(output)) : -1;
  if (*found < 0 || asked < 0 || asked == *found) return heat_ok();
  return heat_fail(HEAT_USAGE, "--output: '%s' is not in %s, which is asked for as well", output, words[asked]);
}

/* Choose all paths according to --output, which is a directory, a film, or one picture. */
static heat_status plan_pictures(heat_render_plan *plan, const char *output) {
  char name[HEAT_PATH / 2];
  plan->pictures = calloc((size_t)plan->files.count, sizeof *plan->pictures);
  if (plan->pictures == NULL) return heat_no_memory("the list of pictures", 0);
  int film, format;
  heat_status status = read_ending(output, heat_picture_formats, plan->format_asked ? (int)plan->format : -1, &format);
  if (status.code == HEAT_OK) status = read_ending(output, heat_film_names, plan->film, &film);
  if (status.code != HEAT_OK) return status;
  if (format >= 0) {
    if (plan->files.count > 1)
      return heat_fail(HEAT_USAGE, "--output: '%s' is one picture, and there are %d files (name a directory or a film)",
                       output, plan->files.count);
    plan->format = (heat_picture_format)format;
    parent_of(plan->directory, output);
    return set_picture(plan, 0, output);
  }
  if (film >= 0) {
    plan->film = film;
    plan->film_asked = plan->only_film = true;
    snprintf(plan->film_path, sizeof plan->film_path, "%s", output);
    snprintf(plan->directory, sizeof plan->directory, "%.*s.frames", HEAT_PATH - 16, output);
  } else if (output != NULL) {
    snprintf(plan->directory, sizeof plan->directory, "%s", output);
  } else if (plan->files.directory != NULL) {
    stem(name, sizeof name, plan->files.directory);
    const bool nameless = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    snprintf(plan->directory, sizeof plan->directory, "%s%spictures", nameless ? "" : name, nameless ? "" : "-");
  } else {
    snprintf(plan->directory, sizeof plan->directory, ".");
  }
  return name_pictures(plan);
}

/* A film needs more than one picture in PNG. It is made when it is asked for, and for a whole run also without that if
 * ffmpeg is installed. */
static heat_status plan_film(heat_render_plan *plan, const heat_arguments *arguments) {
  const bool whole_run = plan->files.directory != NULL && plan->files.count > 1;
  if (!plan->film_asked && heat_arguments_value(arguments, "film") == NULL && whole_run &&
      plan->format == HEAT_PICTURE_PNG)
    plan->film = HEAT_FILM_MP4;
  if (plan->film == HEAT_NO_FILM) return heat_ok();
  if (plan->format != HEAT_PICTURE_PNG)
    return heat_fail(HEAT_USAGE, "a film is made of pictures in PNG (--format png)");
  if (plan->film_path[0] != '\0') return heat_ok();
  char name[64];
  snprintf(name, sizeof name, "film.%s", heat_film_names[plan->film]);
  return heat_directory_join(plan->film_path, sizeof plan->film_path, plan->directory, name);
}

heat_status heat_render_plan_files(heat_render_plan *plan, const heat_arguments *arguments) {
  const heat_status status = plan_pictures(plan, heat_arguments_value(arguments, "output"));
  return status.code == HEAT_OK ? plan_film(plan, arguments) : status;
}

heat_status heat_render_plan_check(const heat_render_plan *plan) {
  char above[HEAT_PATH];
  heat_status status = check_outside(plan->directory);
  if (status.code == HEAT_OK && strcmp(plan->directory, "..") != 0) { /* nor in a subdirectory of a run */
    parent_of(above, plan->directory);
    status = check_outside(above);
  }
  if (plan->film != HEAT_NO_FILM && status.code == HEAT_OK) {
    parent_of(above, plan->film_path);
    status = check_outside(above);
    if (status.code == HEAT_OK) status = check_replaceable(plan->film_path);
  }
  for (int n = 0; n < plan->files.count && status.code == HEAT_OK; n++) status = check_replaceable(plan->pictures[n]);
  if (status.code == HEAT_OK) status = heat_directory_make(plan->directory);
  return status;
}

heat_status heat_render_plan_single(heat_render_plan *plan, const char *output, const char *name) {
  char path[HEAT_PATH];
  plan->files.count = 1;
  plan->pictures = calloc(1, sizeof *plan->pictures);
  if (plan->pictures == NULL) return heat_no_memory("the list of pictures", 0);
  int format;
  heat_status status = read_ending(output, heat_picture_formats, plan->format_asked ? (int)plan->format : -1, &format);
  if (status.code != HEAT_OK) return status;
  if (format >= 0) plan->format = (heat_picture_format)format;
  if (format >= 0)
    snprintf(path, sizeof path, "%s", output);
  else
    snprintf(path, sizeof path, "%.*s/%s.%s", HEAT_PATH - 128, output != NULL ? output : ".", name,
             heat_picture_formats[plan->format]);
  parent_of(plan->directory, path);
  status = set_picture(plan, 0, path);
  if (status.code == HEAT_OK) status = heat_render_plan_check(plan);
  return status;
}

void heat_render_plan_destroy(heat_render_plan *plan) {
  for (int n = 0; n < plan->files.count && plan->pictures != NULL; n++) free(plan->pictures[n]);
  free(plan->pictures);
}
