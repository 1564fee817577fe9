/* Films by the program ffmpeg, where it is installed. Private. */
#ifndef HEAT2D_FILM_H
#define HEAT2D_FILM_H

#include "heat2d/base/status.h"

enum { HEAT_FILM_MP4, HEAT_FILM_WEBM, HEAT_FILM_GIF, HEAT_FILMS };

/* Words of the kinds of films, which are also the endings of their files; ended by NULL. */
extern const char *const heat_film_names[];

/* Whether a program ffmpeg is on PATH. Local. */
bool heat_film_possible(void);

/* Make a film of the PNG files `frames`, `rate` of them a second: written beside `path`, and renamed when it is
 * complete. HEAT_IO. Local. */
heat_status heat_film_write(const char *path, int kind, const char *const *frames, int count, double rate);

#endif
