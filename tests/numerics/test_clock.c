/* The clock: the times of steps, the last step, and cadences that are due once for each multiple, with and without
 * stops. */
#include "heat2d/numerics/clock.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void steps_lie_on_a_lattice_and_the_last_ends_at_the_end(void **state) {
  (void)state;
  static const struct {
    double dt, end;
    int64_t steps;
    bool is_short;
  } cases[] = {{0.25, 1, 4, false},        {0.1, 1, 10, false},       {0.1, 0.3, 3, false},
               {0.3, 1, 4, true},          {1, 0.5, 1, true},         {1e-3, 10, 10000, false},
               {0.1, 1e5, 1000000, false}, {1. / 3, 1, 3, false},     {1. / 3, 1000, 3000, false},
               {7e-4, 1, 1429, true},      {1e-9, 1e-6, 1000, false}, {0.7, 0.7 * 1.5, 2, true},
               {1, 1 + 1e-12, 1, false},   {1, 1 + 1e-6, 2, true}};
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    const heat_clock clock = heat_clock_create(0, 0, cases[n].dt, cases[n].end);
    assert_int_equal(clock.last, cases[n].steps);
    assert_int_equal(heat_clock_short(&clock), cases[n].is_short);
    assert_true(heat_clock_time(&clock, 0) == 0);
    assert_true(heat_clock_time(&clock, clock.last) == cases[n].end);
    for (int64_t k = 1; k < clock.last; k++) assert_true(heat_clock_time(&clock, k) == (double)k * cases[n].dt);
    for (int64_t k = 0; k + 1 < clock.last; k++) assert_true(heat_clock_step(&clock, k) == cases[n].dt);
    const double last = heat_clock_step(&clock, clock.last - 1);
    if (!cases[n].is_short) assert_true(last == cases[n].dt);
    if (cases[n].is_short) assert_true(last < cases[n].dt && last > 0);
    const double before = heat_clock_time(&clock, clock.last - 1);
    assert_true(fabs(before + last - cases[n].end) <= 2e-9 * cases[n].dt);
  }
}

static void at_or_beyond_the_end_there_is_no_step(void **state) {
  (void)state;
  static const double times[] = {1, 1.5, 1e9};
  for (size_t n = 0; n < sizeof times / sizeof *times; n++) {
    const heat_clock clock = heat_clock_create(times[n], 17, 0.1, 1);
    assert_int_equal(clock.last, 17);
    assert_true(heat_clock_time(&clock, 17) == times[n]);
    assert_false(heat_clock_short(&clock));
  }
  /* A run that reached its end and is resumed there. */
  const heat_clock run = heat_clock_create(0, 0, 0.3, 1);
  const heat_clock again = heat_clock_create(heat_clock_time(&run, run.last), run.last, 0.3, 1);
  assert_int_equal(again.last, run.last);
}

static void however_little_is_left_is_one_short_step(void **state) {
  (void)state;
  const heat_clock clock = heat_clock_create(1, 10, 0.1, 1 + 1e-14);
  assert_int_equal(clock.last, 11);
  assert_true(heat_clock_time(&clock, 11) == 1 + 1e-14);
  assert_true(heat_clock_step(&clock, 10) > 0 && heat_clock_step(&clock, 10) < 2e-14);
}

/* A clock that starts later counts times from its own anchor. */
static void a_clock_with_another_anchor_counts_from_there(void **state) {
  (void)state;
  const heat_clock clock = heat_clock_create(2.5, 100, 0.5, 10);
  assert_int_equal(clock.last, 115);
  for (int64_t n = 100; n <= 115; n++) assert_true(heat_clock_time(&clock, n) == 2.5 + 0.5 * (double)(n - 100));
}

/* List the steps at which a cadence is due; returns their number. */
static int64_t count_due(const heat_clock *clock, heat_cadence cadence, int64_t from) {
  int64_t count = 0;
  for (int64_t n = heat_clock_next(clock, cadence, from); n <= clock->last; n = heat_clock_next(clock, cadence, n)) {
    assert_true(heat_clock_due(clock, cadence, n));
    count++;
  }
  return count;
}

static void the_first_and_the_last_step_are_always_due(void **state) {
  (void)state;
  const heat_clock clock = heat_clock_create(0, 0, 0.1, 1);
  const heat_cadence never = {0}, rare = {.steps = 1000, .seconds = 1000};
  assert_int_equal(heat_clock_next(&clock, never, 0), clock.last + 1);
  assert_int_equal(heat_clock_next(&clock, rare, 0), clock.last + 1);
  for (int64_t n = 0; n <= clock.last; n++) {
    assert_int_equal(heat_clock_due(&clock, never, n), n == 0 || n == clock.last);
    assert_int_equal(heat_clock_due(&clock, rare, n), n == 0 || n == clock.last);
  }
}

static void a_cadence_in_steps_is_due_at_each_multiple(void **state) {
  (void)state;
  const heat_clock clock = heat_clock_create(0, 0, 0.1, 10), later = heat_clock_create(0.7, 7, 0.1, 10);
  for (int64_t every = 1; every <= 30; every++) {
    const heat_cadence cadence = {.steps = every};
    for (int64_t n = 0; n < clock.last; n++) {
      int64_t next = n + 1;
      while (next % every != 0) next++;
      const int64_t expected = next <= clock.last ? next : clock.last + 1;
      assert_int_equal(heat_clock_next(&clock, cadence, n), expected);
      if (n >= 7) assert_int_equal(heat_clock_next(&later, cadence, n), expected);
      if (n > 0) assert_int_equal(heat_clock_due(&clock, cadence, n), n % every == 0);
    }
  }
}

/* dt and the cadence as decimal fractions of `scale`, so that the right steps follow from integers: multiple m is hit
 * by the first step n with n dt >= m every. */
static void check_decimal_cadence(int64_t dt, int64_t every, int64_t scale, int64_t first, int64_t last) {
  const double step = (double)dt / (double)scale;
  const heat_clock clock = heat_clock_create(0, 0, step, (double)(last * dt) / (double)scale);
  const heat_cadence cadence = {.seconds = (double)every / (double)scale};
  assert_int_equal(clock.last, last);
  for (int64_t n = first; n < last; n++) {
    const int64_t reached = n * dt / every;                     /* multiples up to step n */
    const int64_t next = ((reached + 1) * every + dt - 1) / dt; /* ceiling */
    const int64_t expected = next <= last ? next : last + 1;
    if (heat_clock_next(&clock, cadence, n) != expected)
      fail_msg("dt %lld/%lld, every %lld/%lld: after step %lld due at %lld instead of %lld", (long long)dt,
               (long long)scale, (long long)every, (long long)scale, (long long)n,
               (long long)heat_clock_next(&clock, cadence, n), (long long)expected);
    const bool due = n == 0 || n * dt / every > (n - 1) * dt / every;
    assert_int_equal(heat_clock_due(&clock, cadence, n), due);
  }
}

static void a_cadence_in_seconds_hits_each_multiple_once_also_for_decimals(void **state) {
  (void)state;
  static const int64_t scales[] = {1, 3, 7, 10, 100, 1000, 10000000, INT64_C(1000000000000)};
  for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
    for (int64_t dt = 1; dt <= 9; dt++)
      for (int64_t every = 1; every <= 40; every++) check_decimal_cadence(dt, every, scales[s], 0, 200);
    check_decimal_cadence(3, 1000, scales[s], 0, 20000);
  }
}

static void a_cadence_in_seconds_holds_over_ten_thousand_million_steps(void **state) {
  (void)state;
  check_decimal_cadence(1, 1, 10, 0, 300000);
  check_decimal_cadence(1, 3, 10, 999000, 1001000);
  check_decimal_cadence(3, 10, 1000, 999000, 1001000);
  check_decimal_cadence(1, 7, 10, 3999000, 4000000);
  for (int64_t many = 10000000; many <= INT64_C(10000000000); many *= 10)
    for (int64_t dt = 1; dt <= 9; dt++)
      for (int64_t every = dt; every <= 20; every++) check_decimal_cadence(dt, every, 1000, many, many + 1000);
}

/* Cadences finer than a step: due at every step, not more often. */
static void a_cadence_finer_than_a_step_is_due_at_every_step(void **state) {
  (void)state;
  const heat_clock clock = heat_clock_create(0, 0, 0.1, 10);
  static const double fine[] = {0.03, 1e-18, 1e-300, 5e-324};
  for (size_t f = 0; f < sizeof fine / sizeof *fine; f++)
    for (int64_t n = 0; n < clock.last; n++)
      assert_int_equal(heat_clock_next(&clock, (heat_cadence){.seconds = fine[f]}, n), n + 1);
}

static void the_earlier_of_steps_and_seconds_is_due(void **state) {
  (void)state;
  const heat_clock clock = heat_clock_create(0, 0, 0.1, 6);
  const heat_cadence both = {.seconds = 0.5, .steps = 3};
  for (int64_t n = 1; n <= clock.last; n++) assert_int_equal(heat_clock_due(&clock, both, n), n % 5 == 0 || n % 3 == 0);
  assert_int_equal(count_due(&clock, both, 0), 60 / 5 + 60 / 3 - 60 / 15);
}

/* A run stopped after any step and resumed has the due steps and the instants of the uninterrupted one: the anchor
 * stays. With a new anchor at that step (another dt) the multiples of the cadence are still those of time 0. */
static void a_resumed_run_has_the_same_due_steps(void **state) {
  (void)state;
  static const heat_cadence cadences[] = {
      {.seconds = 0.3}, {.seconds = 0.7}, {.steps = 4}, {.seconds = 0.25, .steps = 7}};
  for (size_t c = 0; c < sizeof cadences / sizeof *cadences; c++) {
    const heat_clock clock = heat_clock_create(0, 0, 0.1, 20);
    const int64_t all = count_due(&clock, cadences[c], 0);
    int64_t before = 0;
    for (int64_t stop = 1; stop < clock.last; stop++) {
      before += heat_clock_due(&clock, cadences[c], stop);
      const heat_clock resumed = heat_clock_create(heat_clock_time(&clock, stop), stop, 0.1, 20);
      assert_int_equal(resumed.last, clock.last);
      assert_int_equal(before + count_due(&clock, cadences[c], stop), all);
      assert_int_equal(before + count_due(&resumed, cadences[c], stop), all);
      assert_int_equal(heat_clock_next(&resumed, cadences[c], stop), heat_clock_next(&clock, cadences[c], stop));
    }
  }
}

static void a_new_step_length_keeps_the_multiples_of_the_cadence(void **state) {
  (void)state;
  const heat_clock clock = heat_clock_create(0.75, 3, 0.125, 4); /* before: three steps of 0.25 */
  const heat_cadence cadence = {.seconds = 0.5};
  int64_t n = 3;
  for (int multiple = 2; multiple <= 8; multiple++) {
    n = heat_clock_next(&clock, cadence, n);
    assert_true(heat_clock_time(&clock, n) == 0.5 * multiple);
  }
  assert_int_equal(n, clock.last);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steps_lie_on_a_lattice_and_the_last_ends_at_the_end),
      cmocka_unit_test(at_or_beyond_the_end_there_is_no_step),
      cmocka_unit_test(however_little_is_left_is_one_short_step),
      cmocka_unit_test(a_clock_with_another_anchor_counts_from_there),
      cmocka_unit_test(the_first_and_the_last_step_are_always_due),
      cmocka_unit_test(a_cadence_in_steps_is_due_at_each_multiple),
      cmocka_unit_test(a_cadence_in_seconds_hits_each_multiple_once_also_for_decimals),
      cmocka_unit_test(a_cadence_in_seconds_holds_over_ten_thousand_million_steps),
      cmocka_unit_test(a_cadence_finer_than_a_step_is_due_at_every_step),
      cmocka_unit_test(the_earlier_of_steps_and_seconds_is_due),
      cmocka_unit_test(a_resumed_run_has_the_same_due_steps),
      cmocka_unit_test(a_new_step_length_keeps_the_multiples_of_the_cadence),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
