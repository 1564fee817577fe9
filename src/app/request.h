/* Requests to a run in progress: empty files in its directory, made by `heat2d status --request` or by hand. The run
 * looks for them about twice a second, as it does for STOP, obeys them, and reports that in run.log. A file that is not
 * empty is no request, so that nothing is lost when requests are removed. */
#ifndef HEAT2D_REQUEST_H
#define HEAT2D_REQUEST_H

#include "heat2d/base/status.h"

typedef enum heat_request {
  HEAT_REQUEST_CHECKPOINT,
  HEAT_REQUEST_SNAPSHOT,
  HEAT_REQUEST_IMAGE,
  HEAT_REQUESTS
} heat_request;

/* The words for the requests: "checkpoint", "snapshot", "image". */
extern const char *const heat_request_words[HEAT_REQUESTS];

/* Write the path of the file that makes a request: "CHECKPOINT", ... HEAT_DECK when the path is too long. Local. */
heat_status heat_request_path(char path[HEAT_PATH], const char *directory, heat_request request);

/* Remove the files of all requests, and return the requests: bit n is set for request n. Local. */
unsigned heat_request_take(const char *directory);

#endif
