/* `heat2d render` before it draws: which pictures and films are made, under which names, and whether what stands there
 * may be replaced. */
#ifndef HEAT2D_RENDER_PLAN_H
#define HEAT2D_RENDER_PLAN_H

#include "film.h"
#include "heat2d/base/arguments.h"
#include "source.h"

enum { HEAT_NO_FILM = -1 };

typedef struct heat_render_plan {
  heat_source_list files;
  heat_picture_format format;
  bool format_asked;         /* by --format */
  int film;                  /* one of the kinds of films, or HEAT_NO_FILM */
  bool film_asked;           /* by name, or by --output */
  bool only_film;            /* the pictures are removed when it is made */
  double rate;               /* 0: chosen */
  char directory[HEAT_PATH]; /* of the pictures */
  char film_path[HEAT_PATH];
  char **pictures; /* one path for each file; owned */
} heat_render_plan;

/* What --format, --film and --rate say. HEAT_USAGE. Local. */
heat_status heat_render_plan_read(heat_render_plan *plan, const heat_arguments *arguments);

/* Where the pictures of plan->files go, and the film of them where there is to be one. HEAT_USAGE, HEAT_IO. Local. */
heat_status heat_render_plan_files(heat_render_plan *plan, const heat_arguments *arguments);

/* The same for the one file that is a difference or a plot, called `name` where --output names none; then check it as
 * heat_render_plan_check does. Local, on rank 0. */
heat_status heat_render_plan_single(heat_render_plan *plan, const char *output, const char *name);

/* Whether all of it may be written there, and make the directory. HEAT_USAGE where something else is in the way,
 * HEAT_IO. Local, on rank 0. */
heat_status heat_render_plan_check(const heat_render_plan *plan);

void heat_render_plan_destroy(heat_render_plan *plan); /* Its list of files is the caller's. Local. */

#endif
