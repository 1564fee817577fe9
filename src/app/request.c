#include "request.h"

#include "heat2d/io/directory_names.h"

#include <sys/stat.h>
#include <unistd.h>

const char *const heat_request_words[HEAT_REQUESTS] = {"checkpoint", "snapshot", "image"};
static const char *const names[HEAT_REQUESTS] = {"CHECKPOINT", "SNAPSHOT", "IMAGE"};

heat_status heat_request_path(char path[HEAT_PATH], const char *directory, heat_request request) {
  return heat_directory_join(path, HEAT_PATH, directory, names[request]);
}

unsigned heat_request_take(const char *directory) {
  unsigned taken = 0;
  char path[HEAT_PATH];
  struct stat info;
  for (int n = 0; n < HEAT_REQUESTS;
       n++) /* a request that cannot be removed is ignored, since it would be obeyed again and again */
    if (heat_request_path(path, directory, (heat_request)n).code == HEAT_OK && lstat(path, &info) == 0 &&
        S_ISREG(info.st_mode) && info.st_size == 0 && unlink(path) == 0)
      taken |= 1U << n;
  return taken;
}
