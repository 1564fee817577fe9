/* The results of measurements with a clock that is advanced by the work only: this program has its own MPI_Wtime. */
#include "app/measure.h"

#include "harness.h"

#include <math.h>

static double clock_now; /* s, of this rank */

double MPI_Wtime(void) {
  return clock_now;
}

enum { CALLS_MOST = 2000 };

/* Work whose n-th call takes seconds[n % count], and `slower` times as long on the last rank. */
typedef struct timed_work {
  const double *seconds;
  int count, calls;
  double slower;
} timed_work;

static bool is_last_rank(void) {
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return rank == size - 1;
}

static void take_time(void *context) {
  timed_work *work = context;
  const double seconds = work->seconds[work->calls++ % work->count];
  clock_now += is_last_rank() ? work->slower * seconds : seconds;
}

/* Powers of 2, so that sums of them are exact. */
static void the_median_is_that_of_the_slowest_rank_without_the_first_call(void **state) {
  (void)state;
  static const double seconds[] = {1024, 8, 1, 4, 2, 512};
  timed_work job = {.seconds = seconds, .count = 6, .slower = 4};
  const double median = heat_measure(MPI_COMM_WORLD, 0, (heat_work){take_time, &job}, NULL, NULL);
  assert_int_equal(job.calls, 6); /* one to warm up, and no fewer than 5 */
  assert_true(median == 4 * 4);
}

static void it_goes_on_for_as_long_as_it_is_told(void **state) {
  (void)state;
  static const double quarter = 0.25, nothing = 0;
  timed_work job = {.seconds = &quarter, .count = 1, .slower = 1}, none = {.seconds = &nothing, .count = 1};
  assert_true(heat_measure(MPI_COMM_WORLD, 3, (heat_work){take_time, &job}, NULL, NULL) == 0.25);
  assert_int_equal(job.calls, 1 + 12);
  assert_true(heat_measure(MPI_COMM_WORLD, 3, (heat_work){take_time, &none}, NULL, NULL) == 0);
  assert_int_equal(none.calls, 1 + 1000); /* the measurement also ends for work that takes no time */
}

/* The ratio to the reference does not change if a processor runs at half its speed for most of the time. */
static void the_ratio_to_known_work_does_not_depend_on_the_speed(void **state) {
  (void)state;
  static const double fast[] = {2}, slow[] = {2, 2, 2, 4, 4, 4, 4, 4, 4, 4, 4};
  static const double known[] = {0.5, 0.5, 0.5, 1, 1, 1, 1, 1, 1, 1, 1};
  static const double steady[] = {0.5};
  double ratios[2];
  timed_work job = {.seconds = fast, .count = 1, .slower = 1}, reference = {.seconds = steady, .count = 1, .slower = 1};
  const heat_work beside = {take_time, &reference};
  assert_true(heat_measure(MPI_COMM_WORLD, 20, (heat_work){take_time, &job}, &beside, &ratios[0]) == 2);
  assert_int_equal(reference.calls, 1 + 10); /* before and after each */
  job = (timed_work){.seconds = slow, .count = 11, .slower = 1};
  reference = (timed_work){.seconds = known, .count = 11, .slower = 1};
  assert_true(heat_measure(MPI_COMM_WORLD, 36, (heat_work){take_time, &job}, &beside, &ratios[1]) == 4);
  assert_true(ratios[0] == 0.25 && ratios[1] == 0.25);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_median_is_that_of_the_slowest_rank_without_the_first_call),
      cmocka_unit_test(it_goes_on_for_as_long_as_it_is_told),
      cmocka_unit_test(the_ratio_to_known_work_does_not_depend_on_the_speed),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
