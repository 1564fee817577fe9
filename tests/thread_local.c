/* A library with a thread-local variable, for leak_probe.c to open. */
#include "thread_local.h"

static _Thread_local char block[THREAD_LOCAL_BYTES];

char *thread_local_block(void) {
  return block;
}
