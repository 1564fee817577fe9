/* What `heat2d render` decides before it draws: which pictures and films are made, under which names, and whether
 * existing files may be replaced. */
#ifndef HEAT2D_RENDER_PLAN_H
#define HEAT2D_RENDER_PLAN_H

#include "film.h"
#include "heat2d/base/arguments.h"
#include "source.h"

enum { HEAT_NO_FILM = -1 };

typedef struct heat_render_plan {
  heat_source_list files;
  heat_picture_format format;
  bool format_asked;         /* the format was given by --format */
  int film;                  /* one of the kinds of films, or HEAT_NO_FILM */
  bool film_asked;           /* a film was asked for by --film, or by the name of --output */
  bool only_film;            /* only the film is wanted: the pictures are removed when it is made */
  double rate;               /* pictures per second of the film; 0: the program chooses */
  char directory[HEAT_PATH]; /* directory of the pictures */
  char film_path[HEAT_PATH];
  char **pictures; /* one path for each file; owned */
} heat_render_plan;

/* Read --format, --film and --rate. HEAT_USAGE. Local. */
heat_status heat_render_plan_read(heat_render_plan *plan, const heat_arguments *arguments);

/* Choose the paths of the pictures of plan->files, and of the film if there is to be one. HEAT_USAGE, HEAT_IO.
 * Local. */
heat_status heat_render_plan_files(heat_render_plan *plan, const heat_arguments *arguments);

/* Choose the path of the one file of a difference or a plot, which is `name` if --output is not given, and check it as
 * heat_render_plan_check does, with the same errors. Local; rank 0 calls it. */
heat_status heat_render_plan_single(heat_render_plan *plan, const char *output, const char *name);

/* Check that all of these files may be written, and make the directory. HEAT_USAGE when a file or directory exists
 * there that must not be replaced, HEAT_IO. Local; rank 0 calls it. */
heat_status heat_render_plan_check(const heat_render_plan *plan);

/* Free what the plan owns; its list of files belongs to the caller. Local. */
void heat_render_plan_destroy(heat_render_plan *plan);

#endif
