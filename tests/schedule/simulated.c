/* What stands for parts of the program where its ranks are simulated: there are no cells, so no values are copied, and
 * what decides about values is left out. */
#include "heat2d/deck/config.h"
#include "heat2d/grid/field.h"
#include "heat2d/numerics/repeats.h"

#include "schedule.h"

#include <string.h>

void *__real_memcpy(void *to, const void *from, size_t bytes);
void *__wrap_memcpy(void *to, const void *from, size_t bytes);
int omp_get_thread_num(void);

/* The linker lets it stand for memcpy (--wrap): rows of cells are not copied. */
void *__wrap_memcpy(void *to, const void *from, size_t bytes) {
  enum { ROW = 128 };
  return bytes < ROW ? __real_memcpy(to, from, bytes) : to;
}

/* Only said where a deck asks for more than there is: never here. */
heat_status heat_config_fail(const heat_config *config, const char *key, const char *format, ...) {
  (void)config;
  (void)format;
  return heat_fail(HEAT_DECK, "%s", key);
}

/* No fields are exchanged here, but arrays. */
ptrdiff_t heat_field_stride(const heat_grid *grid, int depth) {
  (void)grid;
  (void)depth;
  return 0;
}

/* Only the loops, which are left out, ask which rows repeat others. */
void heat_repeats_clear(heat_repeats *repeats, int64_t count) {
  (void)repeats;
  (void)count;
}

void heat_repeats_find(const heat_repeats *repeats, int64_t from, int64_t to, const heat_compared_rows *arrays,
                       int count) {
  (void)repeats, (void)from, (void)to, (void)arrays, (void)count;
}

/* Each rank has one. */
int omp_get_thread_num(void) {
  return 0;
}
