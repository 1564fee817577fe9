/* Films, made by the program ffmpeg if it is installed. */
#ifndef HEAT2D_FILM_H
#define HEAT2D_FILM_H

#include "heat2d/base/status.h"

enum { HEAT_FILM_MP4, HEAT_FILM_WEBM, HEAT_FILM_GIF, HEAT_FILMS };

/* Words of the kinds of films, which are also the endings of their files; ended by NULL. */
extern const char *const heat_film_names[];

/* Whether a program ffmpeg is on PATH. Local. */
bool heat_film_possible(void);

/* A film of the PNG files `frames`, with `rate` pictures per second. */
typedef struct heat_film_order {
  MPI_Comm comm;
  const char *path;
  int kind;
  const char *const *frames;
  int count;
  double rate;
} heat_film_order;

/* Make the film under a temporary name in the same directory, and rename it when it is complete. If all ranks have
 * ffmpeg they share the work; otherwise rank 0, which must have it, does all of it. The bytes of the film do not depend
 * on the number of ranks. HEAT_IO. Collective over order->comm. */
heat_status heat_film_write(const heat_film_order *order);

#endif
