/* Tests the search for leaks: what it must ignore and what it must find, under any launcher. It is run by
 * tests/scripts/test-leaks.
 *
 * leak_probe kept|lost: keeps memory to which only a thread-local variable of a library that was opened at run time
 * points, as components of MPI do, and with `lost` loses an object of heat2d. The block of that variable begins 16
 * bytes after the start of a page: there the sanitizers of gcc up to 13 and clang up to 16 mistake the bytes before it
 * for a header of an old loader, unless they are told not to (see leak_scope.c). */
#include "heat2d/base/launch.h"
#include "heat2d/deck/expression.h"

#include <dlfcn.h>
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "thread_local.h"

enum { PAGE = 4096, TRIES_MOST = 1 << 16 };

/* Allocate blocks of that size, which stay in use, until the next one will begin 16 bytes after the start of a page. */
static void take_up_to_page(void) {
  static void *taken[TRIES_MOST];
  uintptr_t before = 0;
  for (int n = 0; n < TRIES_MOST; n++) {
    taken[n] = malloc(THREAD_LOCAL_BYTES);
    const uintptr_t address = (uintptr_t)taken[n];
    if (n > 0 && (address + (address - before)) % PAGE == 16) return;
    before = address;
  }
}

static bool keep_in_library(const char *path) {
  void *library = dlopen(path, RTLD_NOW);
  if (library == NULL) {
    fprintf(stderr, "leak_probe: %s\n", dlerror());
    return false;
  }
  void *symbol = dlsym(library, "thread_local_block");
  char *(*block_of_thread)(void);
  memcpy(&block_of_thread, &symbol, sizeof symbol);
  take_up_to_page();
  char *block = block_of_thread();
  void *kept = malloc(100);
  memcpy(block, &kept, sizeof kept);
  if ((uintptr_t)block % PAGE != 16) fprintf(stderr, "leak_probe: the block is at %p\n", (void *)block);
  return (uintptr_t)block % PAGE == 16;
}

static bool lose_expression(void) {
  heat_expression *lost;
  return heat_expression_create(&lost, "x + y", false).code == HEAT_OK;
}

int main(int argc, char **argv) {
  heat_launch(&argc, &argv);
  const bool lose = argc == 3 && strcmp(argv[2], "lost") == 0;
  const bool ready = argc == 3 && keep_in_library(argv[1]) && (!lose || lose_expression());
  MPI_Finalize();
  if (ready) printf("leak_probe: ready\n");
  return ready ? 0 : 1;
}
