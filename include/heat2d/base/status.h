/* Outcome of a call: a documented exit code and one line for the person who has to act on it.
 *
 * Errors agree: a local failure is kept until the last collective of a function and then agreed on by heat_agree, so
 * that every rank returns the same status and the message is printed once. */
#ifndef HEAT2D_STATUS_H
#define HEAT2D_STATUS_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

/* The exit codes of the public contract. */
typedef enum heat_code {
  HEAT_OK = 0,
  HEAT_DIFFERENT = 1, /* compare: the fields differ by more than the tolerance */
  HEAT_USAGE = 64,    /* the command line is wrong */
  HEAT_DECK = 65,     /* the deck or an input file is wrong */
  HEAT_NUMERICS = 70, /* the numbers went wrong */
  HEAT_IO = 74,       /* input or output failed, or memory is exhausted */
  HEAT_STOPPED = 75   /* stopped early with a checkpoint written */
} heat_code;

enum { HEAT_STATUS_TEXT = 1020, HEAT_PATH = 4096 }; /* characters of a message; of the path of a file */

/* Attribute of a function whose parameter number `format` is a printf format for the parameters from `first` on. */
#define HEAT_PRINTF(format, first) __attribute__((__format__(__printf__, format, first)))

typedef struct heat_status {
  heat_code code;
  char text[HEAT_STATUS_TEXT]; /* empty when code is HEAT_OK */
} heat_status;

/* The status of a call that did what it was asked. Local. */
heat_status heat_ok(void);

/* A failure with its code and its one-line message (printf format). Local. */
heat_status heat_fail(heat_code code, const char *format, ...) HEAT_PRINTF(2, 3);

/* A limit as a message prints it with %.<digits>g, so that it can be typed back: the nearest number of so many digits
 * if that is within the limit, otherwise the next one below (or above) it. Local. */
double heat_limit_below(double limit, int digits);
double heat_limit_above(double limit, int digits);

/* The failure of an allocation of `bytes` for `what`. Local. */
heat_status heat_no_memory(const char *what, size_t bytes);

/* The first of two that failed; HEAT_OK when neither did. Local. */
heat_status heat_first(heat_status first, heat_status second);

/* The worst status over the ranks: the highest code wins, and of those the lowest rank's text; the same on every rank.
 * Collective over comm. */
heat_status heat_agree(MPI_Comm comm, heat_status local);

#endif
