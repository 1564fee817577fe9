/* Replaces parts of the program where its ranks are simulated. There are no cells, so no values are copied, and
 * functions whose result depends on values do nothing. */
#include "heat2d/deck/config.h"
#include "heat2d/grid/field.h"
#include "heat2d/numerics/repeats.h"

#include "schedule.h"

#include <string.h>

void *__real_memcpy(void *to, const void *from, size_t bytes);
void *__wrap_memcpy(void *to, const void *from, size_t bytes);
int omp_get_thread_num(void);

/* The linker replaces memcpy by this function (--wrap): rows of cells are not copied. */
void *__wrap_memcpy(void *to, const void *from, size_t bytes) {
  enum { ROW = 128 };
  return bytes < ROW ? __real_memcpy(to, from, bytes) : to;
}

/* This is only used for messages about a deck that asks for too much, which does not happen here. */
heat_status heat_config_fail(const heat_config *config, const char *key, const char *format, ...) {
  (void)config;
  (void)format;
  return heat_fail(HEAT_DECK, "%s", key);
}

/* Arrays are exchanged here, not fields. */
ptrdiff_t heat_field_stride(const heat_grid *grid, int depth) {
  (void)grid;
  (void)depth;
  return 0;
}

/* Only the loops over cells ask which rows repeat others, and these loops are left out. */
void heat_repeats_clear(heat_repeats *repeats, int64_t count) {
  (void)repeats;
  (void)count;
}

void heat_repeats_find(const heat_repeats *repeats, int64_t from, int64_t to, const heat_compared_rows *arrays,
                       int count) {
  (void)repeats, (void)from, (void)to, (void)arrays, (void)count;
}

/* Each rank has one thread. */
int omp_get_thread_num(void) {
  return 0;
}
