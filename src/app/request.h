/* Requests to a run that is going on: empty files in its directory, made by `heat2d status --request`, or by hand. The
 * run looks for them about twice a second, as it does for STOP, obeys, and says so in run.log. A file that holds
 * anything is none, and so nothing can be lost when it is removed. */
#ifndef HEAT2D_REQUEST_H
#define HEAT2D_REQUEST_H

#include "heat2d/base/status.h"

typedef enum heat_request {
  HEAT_REQUEST_CHECKPOINT,
  HEAT_REQUEST_SNAPSHOT,
  HEAT_REQUEST_IMAGE,
  HEAT_REQUESTS
} heat_request;

/* "checkpoint", "snapshot", "image". */
extern const char *const heat_request_words[HEAT_REQUESTS];

/* The file by which it is asked for: "CHECKPOINT", ... HEAT_DECK where the path is too long. Local. */
heat_status heat_request_path(char path[HEAT_PATH], const char *directory, heat_request request);

/* Remove the files of all requests that are there, and return them: bit n for request n. Local. */
unsigned heat_request_take(const char *directory);

#endif
