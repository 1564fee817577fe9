/* The outcome of a call: a documented exit code, and one line of text for the person who has to act on it.
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
  HEAT_DECK = 65,     /* the deck or an input file is wrong or missing */
  HEAT_NUMERICS = 70, /* a value became NaN or infinite, or a linear system did not converge */
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

/* Return the status of a call that succeeded. Local. */
heat_status heat_ok(void);

/* Return a failure with its code and its message of one line (printf format). Control characters become spaces, and a
 * message that is too long ends in "...". Local. */
heat_status heat_fail(heat_code code, const char *format, ...) HEAT_PRINTF(2, 3);

/* Round a limit to `digits` significant digits for a message, so that a person who types the printed number stays
 * within the limit: the nearest number if that is not above (below) the limit, otherwise the next one below (above).
 * Local. */
double heat_limit_below(double limit, int digits);
double heat_limit_above(double limit, int digits);

/* Return HEAT_IO with the message that `bytes` could not be allocated for `what`. Local. */
heat_status heat_no_memory(const char *what, size_t bytes);

/* Return the first of the two that is a failure, or HEAT_OK when neither is. Local. */
heat_status heat_first(heat_status first, heat_status second);

/* Return the worst status of all ranks, the same on every rank: the highest code, with the text of the lowest rank that
 * has it. Collective over comm. */
heat_status heat_agree(MPI_Comm comm, heat_status local);

#endif
