/* What a process finds out about the machine. One process. */
#include "heat2d/base/runtime.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static double limit_of(const char *lines, const char *root) {
  FILE *file = fmemopen((void *)(uintptr_t)lines, strlen(lines), "r");
  assert_non_null(file);
  const double limit = heat_group_memory(file, root);
  fclose(file);
  return limit;
}

static void the_lowest_limit_of_the_control_groups_counts(void **state) {
  (void)state;
  char root[] = "/tmp/heat2d-runtime-XXXXXX", line[512];
  assert_non_null(mkdtemp(root));
  snprintf(line, sizeof line,
           "cd %s && mkdir -p batch/job/step memory/job cpu/job && echo max >batch/job/step/memory.max && "
           "echo 5000 >batch/job/memory.max && echo 9000 >batch/memory.max && "
           "echo 4000 >memory/job/memory.limit_in_bytes && echo 1 >cpu/job/memory.limit_in_bytes",
           root);
  assert_int_equal(system(line), 0);
  assert_true(limit_of("0::/batch/job/step\n", root) == 5000);
  assert_true(limit_of("0::/batch\n", root) == 9000);
  assert_true(limit_of("3:cpu:/job\n2:memory:/job\n0::/batch/job\n", root) == 4000);
  assert_true(isinf(limit_of("3:cpu:/job\n0::/elsewhere\n", root)));
  assert_true(isinf(limit_of("nonsense\n0:\n", root)));
  /* Used memory is not available, except pages of files that are not in use. */
  snprintf(
      line, sizeof line,
      "cd %s && echo 3000 >batch/job/memory.current && printf 'anon 2000\\nactive_file 200\\ninactive_file 800\\n' "
      ">batch/job/memory.stat && echo 5500 >memory/job/memory.usage_in_bytes && "
      "printf 'inactive_file 1\\ntotal_inactive_file 2000\\n' >memory/job/memory.stat",
      root);
  assert_int_equal(system(line), 0);
  assert_true(limit_of("0::/batch/job/step\n", root) == 5000 - (3000 - 800));
  assert_true(limit_of("2:memory:/job\n0::/batch\n", root) == 4000 - (5500 - 2000));
  snprintf(line, sizeof line, "echo 7000 >%s/batch/job/memory.current", root);
  assert_int_equal(system(line), 0);
  assert_true(limit_of("0::/batch/job\n", root) == 0);
  snprintf(line, sizeof line, "rm -rf %s", root);
  assert_int_equal(system(line), 0);
}

static void a_node_has_some_memory(void **state) {
  (void)state;
  const double least = 1 << 20;
  assert_true(isfinite(heat_node_memory()) && heat_node_memory() > least);
}

/* Memory that this process takes is not available any more. Other processes may free some at the same time, so that
 * there are several attempts; and free() may keep memory, with sanitizers always, so that mmap is used. */
static void memory_that_is_in_use_is_not_there(void **state) {
  (void)state;
  enum { ATTEMPTS = 20 };
  const size_t taken = (size_t)1 << 29;
  const int zeros = open("/dev/zero", O_RDWR);
  assert_true(zeros >= 0);
  bool less = false;
  for (int n = 0; n < ATTEMPTS && !less; n++) {
    const double before = heat_node_memory();
    void *block = mmap(NULL, taken, PROT_READ | PROT_WRITE, MAP_PRIVATE, zeros, 0);
    assert_true(block != MAP_FAILED);
    memset(block, 1, taken);
    less = before - heat_node_memory() > 0.5 * (double)taken;
    munmap(block, taken);
  }
  close(zeros);
  assert_true(less);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_lowest_limit_of_the_control_groups_counts),
                                     cmocka_unit_test(a_node_has_some_memory),
                                     cmocka_unit_test(memory_that_is_in_use_is_not_there)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
