/* Exact sums: known cancellations, the same bits for every order and partition, carries, values that are not finite. */
#include "heat2d/base/sum.h"

#include "harness.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

static double sum_of(const double *values, size_t count) {
  heat_sum sum = {0};
  for (size_t n = 0; n < count; n++) heat_sum_add(&sum, values[n]);
  return heat_sum_value(&sum);
}

static bool same_bits(double a, double b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

/* Random numbers that are the same on every machine. */
static uint64_t next_random(uint64_t *state) {
  *state += 0x9e3779b97f4a7c15u;
  uint64_t z = *state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* A finite double of any magnitude and sign: random bits. */
static double random_bits(uint64_t *state) {
  double value;
  do {
    const uint64_t bits = next_random(state);
    memcpy(&value, &bits, sizeof value);
  } while (!isfinite(value));
  return value;
}

static bool same_sums(const heat_sum *a, const heat_sum *b) {
  heat_sum one = {0}, other = {0};
  heat_sum_merge(&one, a); /* brings the sum into canonical form */
  heat_sum_merge(&other, b);
  return memcmp(one.digit, other.digit, sizeof one.digit) == 0;
}

/* Any number of values of all kinds: similar ones, of all magnitudes, too large or too small for extraction, not
 * finite. */
static void many_at_once_are_as_one_by_one(void **state) {
  (void)state;
  enum { MOST = 700, KINDS = 6 };
  static double values[MOST];
  uint64_t random = 4;
  for (int kind = 0; kind < KINDS; kind++) {
    for (int count = 0; count <= MOST; count = count < 20 ? count + 1 : count + 97) {
      for (int n = 0; n < count; n++) {
        const double part = (double)(next_random(&random) >> 11) * 0x1p-53;
        values[n] = kind == 0   ? 293.15 + part
                    : kind == 1 ? ldexp(part - 0.5, (int)(next_random(&random) % 150))
                    : kind == 2 ? random_bits(&random)
                    : kind == 3 ? ldexp(part, -1060)
                    : kind == 4 ? ldexp(0.5 + part / 2, 1024)
                                : (n % 300 == 299 ? INFINITY : part);
      }
      heat_sum many = {0}, single = {0};
      heat_sum_add_many(&many, values, count);
      for (int n = 0; n < count; n++) heat_sum_add(&single, values[n]);
      assert_true(same_sums(&many, &single));
    }
  }
}

static void a_value_many_times(void **state) {
  (void)state;
  static const double values[] = {0.1, -293.15, 1e-310, 0};
  for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
    for (int64_t count = 0; count < 70; count++) {
      heat_sum many = {0}, single = {0};
      heat_sum_add_times(&many, values[v], count);
      for (int64_t n = 0; n < count; n++) heat_sum_add(&single, values[v]);
      assert_true(same_sums(&many, &single));
    }
  }
}

static void known_sums_are_exact(void **state) {
  (void)state;
  static const struct {
    double terms[6], sum;
  } cases[] = {
      {{1e308, 1, -1e308}, 1},
      {{1, 1e308, -1e308, 1e-300, -1}, 1e-300},
      {{DBL_MAX, DBL_MAX, DBL_MAX, -DBL_MAX, -DBL_MAX}, DBL_MAX},
      {{-DBL_MAX, -DBL_MAX, DBL_MAX}, -DBL_MAX},
      {{DBL_TRUE_MIN, DBL_TRUE_MIN, DBL_TRUE_MIN}, 3 * DBL_TRUE_MIN},
      {{DBL_MIN, -DBL_TRUE_MIN}, DBL_MIN - DBL_TRUE_MIN},
      {{DBL_MAX, DBL_TRUE_MIN, -DBL_MAX}, DBL_TRUE_MIN},
      {{DBL_MAX, -DBL_TRUE_MIN, -DBL_MAX}, -DBL_TRUE_MIN},
      {{0.1, 0.2, -0.3}, 0x1p-55}, /* the exact sum of these binary fractions */
      {{0x1p53, 1, -0x1p53}, 1},
      {{0x1p53, 1, 1}, 0x1p53 + 2},
      {{-0.0, -0.0}, 0},
      {{1, -1}, 0},
      {{-5, 2}, -3},
      {{0x1.fffffffffffffp1023, 0x1p970, -0x1p970}, DBL_MAX},
      {{0}, 0},
  };
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    assert_true(sum_of(cases[n].terms, sizeof cases[n].terms / sizeof(double)) == cases[n].sum);
    assert_false(signbit(sum_of(cases[n].terms, 6)) && cases[n].sum == 0);
  }
}

static void a_single_value_comes_back_with_its_bits(void **state) {
  (void)state;
  uint64_t seed = 1;
  for (int n = 0; n < 20000; n++) {
    const double value = random_bits(&seed);
    assert_true(same_bits(sum_of(&value, 1), value));
  }
  for (int e = -1074; e < 1024; e++) {
    const double value = ldexp(1, e), pair[] = {value, -DBL_TRUE_MIN, DBL_TRUE_MIN};
    assert_true(same_bits(sum_of(pair, 3), value));
  }
}

/* Integers whose sum a 128-bit integer holds: the value is one of the two doubles around the exact sum, and the exact
 * sum itself where that is a double. */
static void a_sum_is_faithfully_rounded(void **state) {
  (void)state;
  uint64_t seed = 2;
  for (int n = 0; n < 20000; n++) {
    double terms[8];
    __int128 exact = 0;
    for (int k = 0; k < 8; k++) {
      const int shift = (int)(next_random(&seed) % 60);
      const int64_t integer = (int64_t)(next_random(&seed) >> 11) * (next_random(&seed) % 2 == 0 ? 1 : -1);
      exact += integer * ((__int128)1 << shift);
      terms[k] = ldexp((double)integer, shift);
    }
    const double value = sum_of(terms, 8);
    const __int128 below = (__int128)nextafter(value, -INFINITY), above = (__int128)nextafter(value, INFINITY);
    assert_true((__int128)value == exact || (below < exact && exact < above));
    const double whole = (double)exact;
    if ((__int128)whole == exact) assert_true(value == whole);
  }
}

static void every_order_and_partition_gives_the_same_bits(void **state) {
  (void)state;
  enum { COUNT = 1000, ORDERS = 50, PARTS = 7 };
  uint64_t seed = 3;
  double values[COUNT];
  for (int n = 0; n < COUNT; n++) values[n] = n < COUNT / 2 ? random_bits(&seed) * 0x1p-12 : ldexp(1, -(n % 60)) / 3;
  const double sum = sum_of(values, COUNT);
  assert_true(isfinite(sum));
  for (int order = 0; order < ORDERS; order++) {
    for (int n = COUNT - 1; n > 0; n--) {
      const int other = (int)(next_random(&seed) % (uint64_t)(n + 1));
      const double kept = values[n];
      values[n] = values[other];
      values[other] = kept;
    }
    assert_true(same_bits(sum_of(values, COUNT), sum));
    heat_sum parts[PARTS] = {{{0}, 0}};
    for (int n = 0; n < COUNT; n++) heat_sum_add(&parts[next_random(&seed) % PARTS], values[n]);
    for (int part = 1; part < PARTS; part++) heat_sum_merge(&parts[0], &parts[part]);
    assert_true(same_bits(heat_sum_value(&parts[0]), sum));
  }
}

static void a_sum_agrees_with_extended_precision(void **state) {
  (void)state;
  uint64_t seed = 4;
  heat_sum sum = {0};
  long double plain = 0;
  for (int n = 0; n < 100000; n++) {
    const double value = ldexp((double)(next_random(&seed) >> 11), -53) - 0.25;
    heat_sum_add(&sum, value);
    plain += (long double)value;
    if (n % 9973 == 0) assert_true(fabs(heat_sum_value(&sum) - (double)plain) <= 1e-11 * fabs((double)plain));
  }
}

/* The digits of an accumulator after `times` additions of `value`, which are not carried out: until carries are
 * propagated, additions only scale the digits. */
static void add_many(heat_sum *sum, double value, int64_t times) {
  heat_sum once = {0};
  heat_sum_add(&once, value);
  for (int k = 0; k < HEAT_SUM_DIGITS; k++) sum->digit[k] += once.digit[k] * times;
  sum->pending += times;
}

static void carries_are_passed_on_before_a_digit_overflows(void **state) {
  (void)state;
  const int64_t most = INT64_C(1) << 30; /* largest number of additions without propagation, see the header */
  static const double values[] = {0x1.fffffffffffffp0, -0x1.fffffffffffffp0,  0x1.fffffffffffffp31, -0x1p-1074,
                                  0x1.8p-1060,         0x1.fffffffffffffp993, -0x1.fffffffffffffp7};
  for (size_t n = 0; n < sizeof values / sizeof *values; n++) {
    heat_sum sum = {0};
    for (int round = 1; round <= 4; round++) {
      add_many(&sum, values[n], most - sum.pending - 1);
      heat_sum_add(&sum, values[n]);
      assert_true(sum.pending < most / 2);
      for (int k = 0; k < HEAT_SUM_DIGITS - 2; k++) assert_true(sum.digit[k] >= 0 && sum.digit[k] < INT64_C(1) << 32);
      heat_sum whole = sum;
      for (int k = 0; k < round; k++) {
        heat_sum_add(&whole, -values[n] * 0x1p29);
        heat_sum_add(&whole, -values[n] * 0x1p29);
      }
      assert_true(heat_sum_value(&whole) == 0);
    }
  }
}

/* Accumulators with the largest number of additions are merged, one into another and over all ranks. */
static void full_accumulators_are_merged_without_overflow(void **state) {
  (void)state;
  const int64_t most = (INT64_C(1) << 30) - 1;
  const double value = 0x1.fffffffffffffp31;
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  heat_sum sum = {0}, other = {0};
  add_many(&sum, value, most);
  add_many(&other, value, most);
  heat_sum all = heat_sum_reduce(&sum, MPI_COMM_WORLD);
  for (int n = 0; n < 4; n++) {
    heat_sum_merge(&sum, &other);
    heat_sum_add(&sum, value);
  }
  heat_sum_add(&sum, value);
  assert_true(heat_sum_value(&sum) == 5 * 0x1p30 * value);
  for (int n = 0; n < size; n++) {
    heat_sum_add(&all, value);
    heat_sum_add(&all, -value * 0x1p30);
  }
  assert_true(everywhere(heat_sum_value(&all) == 0));
}

static void a_value_that_is_not_finite_makes_the_sum_nan_for_good(void **state) {
  (void)state;
  const double bad[] = {NAN, INFINITY, -INFINITY};
  for (int n = 0; n < 3; n++) {
    heat_sum sum = {0}, other = {0};
    heat_sum_add(&sum, 1);
    heat_sum_add(&other, bad[n]);
    assert_true(isnan(heat_sum_value(&other)));
    heat_sum_add(&other, -bad[n]);
    heat_sum_merge(&sum, &other);
    heat_sum_add(&sum, 2);
    assert_true(isnan(heat_sum_value(&sum)));
  }
}

/* The values distributed over the ranks in several ways, some of which leave ranks without any. */
static void a_reduction_has_the_bits_of_the_sum_on_one_rank(void **state) {
  (void)state;
  enum { COUNT = 500, DEALS = 20 };
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  uint64_t seed = 5;
  double values[COUNT];
  for (int n = 0; n < COUNT; n++) values[n] = random_bits(&seed) * 0x1p-12;
  heat_sum whole = {0};
  for (int n = 0; n < COUNT; n++) heat_sum_add(&whole, values[n]);
  const double sum = heat_sum_value(&whole);
  whole = heat_sum_reduce(&whole, MPI_COMM_SELF);
  for (int deal = 0; deal < DEALS; deal++) {
    heat_sum local = {0};
    for (int n = 0; n < COUNT; n++)
      if ((int)(next_random(&seed) % (uint64_t)(deal % size + 1)) == rank) heat_sum_add(&local, values[n]);
    const heat_sum total = heat_sum_reduce(&local, MPI_COMM_WORLD);
    assert_true(everywhere(same_bits(heat_sum_value(&total), sum)));
    assert_true(everywhere(memcmp(total.digit, whole.digit, sizeof total.digit) == 0));
  }
  heat_sum local = {0};
  if (rank == size - 1) heat_sum_add(&local, NAN);
  const heat_sum total = heat_sum_reduce(&local, MPI_COMM_WORLD);
  assert_true(everywhere(isnan(heat_sum_value(&total))));
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_sums_are_exact),
      cmocka_unit_test(many_at_once_are_as_one_by_one),
      cmocka_unit_test(a_value_many_times),
      cmocka_unit_test(a_single_value_comes_back_with_its_bits),
      cmocka_unit_test(a_sum_is_faithfully_rounded),
      cmocka_unit_test(every_order_and_partition_gives_the_same_bits),
      cmocka_unit_test(a_sum_agrees_with_extended_precision),
      cmocka_unit_test(carries_are_passed_on_before_a_digit_overflows),
      cmocka_unit_test(full_accumulators_are_merged_without_overflow),
      cmocka_unit_test(a_value_that_is_not_finite_makes_the_sum_nan_for_good),
      cmocka_unit_test(a_reduction_has_the_bits_of_the_sum_on_one_rank),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
