/* Films by the program ffmpeg, where it is installed. Private. */
#ifndef HEAT2D_FILM_H
#define HEAT2D_FILM_H

#include "heat2d/base/status.h"

enum { HEAT_FILM_MP4, HEAT_FILM_WEBM, HEAT_FILM_GIF, HEAT_FILMS };

/* Words of the kinds of films, which are also the endings of their files; ended by NULL. */
extern const char *const heat_film_names[];

/* Whether a program ffmpeg is on PATH. Local. */
bool heat_film_possible(void);

/* A film of the PNG files `frames`, `rate` of them a second. */
typedef struct heat_film_order {
  MPI_Comm comm;
  const char *path;
  int kind;
  const char *const *frames;
  int count;
  double rate;
} heat_film_order;

/* Make the film: written beside its path, and renamed when it is complete. The ranks that have ffmpeg share the work
 * where all have it; else rank 0, which must have it, does it all. The bytes do not depend on the ranks. HEAT_IO.
 * Collective over order->comm. */
heat_status heat_film_write(const heat_film_order *order);

#endif
