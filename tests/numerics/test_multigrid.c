/* The cycle as a preconditioner is symmetric and positive definite, and has the same bits on any number of ranks. The
 * number of iterations of conjugate gradients with it is limited, for jumps of the material, anisotropy, thin domains,
 * and any sides and sizes. */
#include "trials.h"

#include "thinned.h"

#include <float.h>
#include <math.h>
#include <string.h>

static void failing(const trial *t, const char *what) {
  fail_msg("%s, %lld x %lld: %s", t->name, (long long)t->cells[HEAT_X], (long long)t->cells[HEAT_Y], what);
}

/* Problems with all kinds of sizes and sides, for the properties of a preconditioner and the bits. */
static const trial small[] = {
    {"one cell", {1, 1}, EVEN, 1, 1, .sigma = 1, .dirichlet = true},
    {"one insulated cell", {1, 1}, EVEN, 1, 1, .sigma = 0},
    {"one periodic cell", {1, 1}, EVEN, 1, 1, .sigma = 0.1, .periodic = {true, true}},
    {"a column", {1, 200}, LAYERS, 10, 1, .sigma = 0.01},
    {"a periodic column", {1, 77}, EVEN, 1, 1, .sigma = 0, .periodic = {true, true}},
    {"a row", {130, 1}, PIPE, 10, 1, .sigma = 0, .dirichlet = true},
    {"two columns", {2, 90}, CHECKERBOARD, 100, 1, .sigma = 0, .periodic = {true, false}},
    {"three periodic columns", {3, 2000}, EVEN, 1, 1, .sigma = 0.1, .periodic = {true, true}},
    {"two periodic columns", {2, 2500}, EVEN, 1, 1, .sigma = 0.1, .periodic = {true, false}},
    {"even", {64, 64}, EVEN, 1, 1, .sigma = 0, .dirichlet = true},
    {"odd", {65, 63}, INCLUSIONS, 1000, 1, .sigma = 0.1},
    {"odd and periodic", {95, 71}, INCLUSIONS, 1000, 1, .sigma = 0.1, .periodic = {true, true}},
    {"odd, periodic, singular", {67, 81}, CHECKERBOARD, 10, 1, .sigma = 0, .periodic = {true, true}},
    {"insulated", {90, 70}, PIPE, 100, 1, .sigma = 0},
    {"periodic in y", {75, 129}, PIPE, 100, 3, .sigma = 0.01, .periodic = {false, true}, .dirichlet = true},
    {"visited twice", {301, 280}, INCLUSIONS, 1e6, 1, .sigma = 0.01, .periodic = {true, false}},
    {"repeated rows", {150, 310}, PIPE, 100, 1, .sigma = 0.1}, /* they are only looked for in blocks of many columns */
    {"repeated rows, periodic", {131, 170}, PIPE, 1000, 1, .sigma = 0, .periodic = {true, false}},
    {"repeated rows along x", {100, 240}, PARTLY_ALONG_X, 100, 1, .sigma = 0.1},
    {"along x", {80, 75}, ALONG_X, 100, 1, .sigma = 0, .dirichlet = true},
};
enum { SMALL = sizeof small / sizeof *small };

/* Whether the ranks can be placed with px of them along x (0: in any way). */
static bool fits(const trial *t, int size, int px) {
  heat_layout layout = {.cells = {t->cells[HEAT_X], t->cells[HEAT_Y]}};
  if (px == 0) return heat_layout_choose(&layout, size);
  return size % px == 0 && px <= t->cells[HEAT_X] && size / px <= t->cells[HEAT_Y];
}

static void the_cycle_is_symmetric_and_positive(void **state) {
  (void)state;
  enum { PAIRS = 2 };
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int n = 0; n < SMALL; n++) {
    if (!fits(&small[n], size, 0)) continue;
    setting s;
    open_setting(&s, MPI_COMM_WORLD, &small[n], 0);
    heat_field a = new_field(&s), b = new_field(&s), of_a = new_field(&s), of_b = new_field(&s);
    for (uint64_t pair = 0; pair < PAIRS; pair++) {
      fill_noise(&s, &a, 2 * pair);
      fill_noise(&s, &b, 2 * pair + 1);
      precondition(&s, &a, 1, &of_a);
      precondition(&s, &b, 1, &of_b);
      const double aa = product(&s, &a, &of_a), bb = product(&s, &b, &of_b);
      const double ab = product(&s, &a, &of_b), ba = product(&s, &b, &of_a);
      const double rounding = 2e-6 * sqrt(fabs(aa * bb));
      if (s.made.grid.domain.hi[0] * s.made.grid.domain.hi[1] == 1 && heat_multigrid_singular(s.mg)) {
        if (aa != 0) failing(&small[n], "a correction where there is nothing to correct");
        continue;
      }
      const volatile double least = DBL_MIN;
      if (!(least / 2 > 0)) failing(&small[n], "tiny numbers are 0 behind it");
      if (!(aa > 0 && bb > 0)) failing(&small[n], "not positive");
      if (!(fabs(ab - ba) <= rounding)) failing(&small[n], "not symmetric");
      const double mean = product(&s, &of_a, NULL) / sqrt(product(&s, &of_a, &of_a));
      if (heat_multigrid_singular(s.mg) && !(fabs(mean) < 1e-12)) failing(&small[n], "the mean is not 0");
    }
    heat_field *all[] = {&a, &b, &of_a, &of_b};
    for (int f = 0; f < 4; f++) heat_field_destroy(all[f]);
    close_setting(&s);
  }
}

/* The result of all ranks of a layout is compared with that of each rank by itself. */
static void the_bits_are_those_of_one_rank(void **state) {
  (void)state;
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int n = 0; n < SMALL; n++) {
    setting alone;
    open_setting(&alone, MPI_COMM_SELF, &small[n], 0);
    heat_field r = new_field(&alone), z = new_field(&alone);
    fill_noise(&alone, &r, 5);
    precondition(&alone, &r, 1, &z);
    for (int px = 1; px <= size; px++) {
      if (!fits(&small[n], size, px)) continue;
      setting s;
      open_setting(&s, MPI_COMM_WORLD, &small[n], px);
      heat_field part = new_field(&s), got = new_field(&s);
      fill_noise(&s, &part, 5);
      precondition(&s, &part, 1, &got);
      bool same = true;
      EACH_CELL(&s, i, j)
      same = same && memcmp(heat_field_at(&got, i, j), heat_field_at(&z, i, j), sizeof(double)) == 0;
      heat_field_destroy(&part);
      heat_field_destroy(&got);
      close_setting(&s);
      if (!everywhere(same)) failing(&small[n], "other bits");
    }
    heat_field_destroy(&r);
    heat_field_destroy(&z);
    close_setting(&alone);
  }
}

static const double *row_of_field(void *context, int thread, int64_t j) {
  const heat_field *field = context;
  (void)thread;
  return heat_field_at(field, field->owned.lo[HEAT_X], j);
}

static double total_of(const heat_total *total) {
  return ldexp((double)total->high[1], HEAT_TOTAL_HALF) + (double)total->high[0];
}

/* Levels are large enough for several threads, and other ranks lie beside them along both axes. They are visited once,
 * and also twice, where x is not 0 at the begin. The row r - alpha q is computed while the finest level is done. */
static void the_bits_do_not_depend_on_the_threads(void **state) {
  (void)state;
  static const trial large[] = {{"threads", {257, 400}, PIPE, 100, 1, .sigma = 0.1, .periodic = {true, false}},
                                {"threads, twice", {250, 401}, INCLUSIONS, 1e6, 1, .sigma = 0.01, .dirichlet = true}};
  static const int numbers[] = {1, 2, 3, 7};
  enum { NUMBERS = sizeof numbers / sizeof *numbers };
  const double alpha = 0.7, scale = 0x1p20;
  for (size_t n = 0; n < sizeof large / sizeof *large; n++) {
    heat_field r[2], q, z[2];
    heat_total sums[2][2];
    setting s[2];
    for (int k = 0; k < NUMBERS; k++) {
      const int which = k > 0;
      shared_by = numbers[k];
      open_setting(&s[which], MPI_COMM_WORLD, &large[n], 0);
      r[which] = new_field(&s[which]);
      z[which] = new_field(&s[which]);
      q = new_field(&s[which]);
      fill_noise(&s[which], &r[which], 4);
      fill_noise(&s[which], &q, 5);
      heat_multigrid_cycle(s[which].mg, &(heat_cycle){.r = &r[which],
                                                      .q = row_of_field,
                                                      .context = &q,
                                                      .alpha = alpha,
                                                      .size = 1,
                                                      .product_scale = scale,
                                                      .product = &sums[which][0],
                                                      .square_scale = scale,
                                                      .square = &sums[which][1]});
      heat_multigrid_read(s[which].mg, &z[which]);
      bool same = true;
      EACH_CELL(&s[which], i, j) {
        const double left = noise(&s[which], i, j, 4) - alpha * noise(&s[which], i, j, 5);
        same = same && *heat_field_at(&r[which], i, j) == left;
        same = same && memcmp(heat_field_at(&z[which], i, j), heat_field_at(&z[0], i, j), sizeof(double)) == 0;
      }
      for (int sum = 0; sum < 2; sum++)
        same = same && total_of(&sums[which][sum]) == total_of(&sums[0][sum]) && sums[which][sum].over == 0;
      same = same && total_of(&sums[which][0]) > 0;
      if (!everywhere(same)) failing(&large[n], "other bits with threads");
      heat_field_destroy(&q);
      if (which == 0) continue;
      heat_field_destroy(&r[1]);
      heat_field_destroy(&z[1]);
      close_setting(&s[1]);
    }
    heat_field_destroy(&r[0]);
    heat_field_destroy(&z[0]);
    close_setting(&s[0]);
  }
  shared_by = 1;
}

/* Levels that are updated for another sigma are the same as levels that are made for it at once. */
static void an_update_gives_what_a_new_one_would(void **state) {
  (void)state;
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int n = 0; n < SMALL; n++) {
    if (!fits(&small[n], size, 0)) continue;
    setting fresh, updated;
    trial other = small[n];
    other.sigma = 1e3 * small[n].sigma + 1;
    open_setting(&fresh, MPI_COMM_WORLD, &small[n], 0);
    open_setting(&updated, MPI_COMM_WORLD, &other, 0);
    heat_field r = new_field(&fresh), z = new_field(&fresh), got = new_field(&fresh);
    fill_noise(&fresh, &r, 3);
    precondition(&updated, &r, 1, &got);
    assert_int_equal(heat_multigrid_update(updated.mg, small[n].sigma).code, HEAT_OK);
    precondition(&fresh, &r, 1, &z);
    precondition(&updated, &r, 1, &got);
    bool same = heat_multigrid_bytes(updated.mg) == heat_multigrid_bytes(fresh.mg);
    EACH_CELL(&fresh, i, j)
    same = same && memcmp(heat_field_at(&got, i, j), heat_field_at(&z, i, j), sizeof(double)) == 0;
    if (!everywhere(same)) failing(&small[n], "other levels after an update");
    heat_field *all[] = {&r, &z, &got};
    for (int f = 0; f < 3; f++) heat_field_destroy(all[f]);
    close_setting(&fresh);
    close_setting(&updated);
  }
}

static void the_bits_do_not_depend_on_the_instructions(void **state) {
  (void)state;
  static const char *const kinds[] = {"base", "x86-64-v2", "x86-64-v3", "x86-64-v4"};
  const trial t = {"instructions", {131, 122}, INCLUSIONS, 1000, 1, .sigma = 0.1, .dirichlet = true};
  setting s[2];
  heat_field r, z[2];
  const char *given = getenv("HEAT2D_ISA");
  char *before = given == NULL ? NULL : strdup(given);
  for (size_t n = 0; n < sizeof kinds / sizeof *kinds; n++) {
    const int which = n > 0;
    if (heat_kernels_find(kinds[n]) == NULL) continue;
    setenv("HEAT2D_ISA", kinds[n], 1);
    open_setting(&s[which], MPI_COMM_WORLD, &t, 0);
    r = new_field(&s[which]);
    z[which] = new_field(&s[which]);
    fill_noise(&s[which], &r, 11);
    precondition(&s[which], &r, 1, &z[which]);
    bool same = true;
    EACH_CELL(&s[which], i, j)
    same = same && memcmp(heat_field_at(&z[which], i, j), heat_field_at(&z[0], i, j), sizeof(double)) == 0;
    assert_true(everywhere(same));
    heat_field_destroy(&r);
    if (which == 0) continue;
    heat_field_destroy(&z[1]);
    close_setting(&s[1]);
  }
  heat_field_destroy(&z[0]);
  close_setting(&s[0]);
  if (before == NULL)
    unsetenv("HEAT2D_ISA");
  else
    setenv("HEAT2D_ISA", before, 1);
  free(before);
}

/* A power of two in the units changes nothing, and float is enough for values that are beyond its range. */
static void units_do_not_matter(void **state) {
  (void)state;
  const trial plain = {"plain", {100, 60}, PIPE, 100, 1, .sigma = 0.01, .dirichlet = true};
  trial scaled = plain;
  scaled.faces = ldexp(plain.faces, 300);
  scaled.sigma = ldexp(plain.sigma, 300);
  setting s, other;
  open_setting(&s, MPI_COMM_WORLD, &plain, 0);
  open_setting(&other, MPI_COMM_WORLD, &scaled, 0);
  heat_field r = new_field(&s), z = new_field(&s), other_z = new_field(&s);
  fill_noise(&s, &r, 7);
  precondition(&s, &r, 1, &z);
  EACH_CELL(&s, i, j) * heat_field_at(&r, i, j) = ldexp(*heat_field_at(&r, i, j), -500);
  precondition(&other, &r, ldexp(1, -500), &other_z);
  bool same = true;
  EACH_CELL(&s, i, j) same = same && ldexp(*heat_field_at(&other_z, i, j), 800) == *heat_field_at(&z, i, j);
  assert_true(everywhere(same));
  heat_field_destroy(&r);
  heat_field_destroy(&z);
  heat_field_destroy(&other_z);
  close_setting(&s);
  close_setting(&other);
}

/* Since the bits do not depend on the ranks, iterations are counted on few ranks only. */
static bool many_ranks(void) {
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return size > 2;
}

static int iterations(const trial *t, int most) {
  setting s;
  open_setting(&s, MPI_COMM_WORLD, t, 0);
  const solve done = conjugate_gradients(&s, 1e-10, most + 1, most > 9);
  close_setting(&s);
  if (done.iterations > most) failing(t, "too many iterations");
  return done.iterations;
}

static void few_iterations_are_left(void **state) {
  (void)state;
  static const struct {
    trial trial;
    int most;
  } cases[] = {
      {{"Poisson", {256, 256}, EVEN, 1, 1, .sigma = 0, .dirichlet = true}, 9},
      {{"Poisson, insulated", {255, 256}, EVEN, 1, 1, .sigma = 0}, 9},
      {{"Poisson, periodic", {255, 257}, EVEN, 1, 1, .sigma = 0, .periodic = {true, true}}, 9},
      {{"bent pipe", {250, 250}, PIPE, 1000, 0.01, .sigma = 1}, 9},
      {{"anisotropy of 100", {256, 256}, ALONG_X, 100, 1, .sigma = 0, .dirichlet = true}, 9},
      {{"anisotropy of 1000", {256, 256}, ALONG_X, 1000, 1, .sigma = 0.01}, 9},
      {{"inclusions", {256, 256}, INCLUSIONS, 1e6, 100, .sigma = 1}, 15},
      {{"inclusions, steady", {256, 256}, INCLUSIONS, 1e6, 1, .dirichlet = true}, 15},
      {{"layers of 1000", {256, 256}, LAYERS, 1000, 1, .dirichlet = true}, 24},
      {{"layers of 1e6", {256, 256}, LAYERS, 1e6, 100, .sigma = 1}, 75},
      {{"checkerboard", {256, 256}, CHECKERBOARD, 1e6, 100, .sigma = 1}, 60},
      {{"checkerboard, steady", {256, 256}, CHECKERBOARD, 1e6, 1, .dirichlet = true}, 60},
      {{"1 x n", {1, 1000}, EVEN, 1, 1, .sigma = 0, .dirichlet = true}, 7},
      {{"n x 1", {1000, 1}, EVEN, 1, 1, .sigma = 0, .dirichlet = true}, 7},
      {{"1 : 1000", {10, 10000}, EVEN, 1, 1, .sigma = 0, .dirichlet = true}, 9},
  };
  for (size_t n = 0; n < sizeof cases / sizeof *cases && !many_ranks(); n++)
    if (is_taken((int64_t)n, 4)) iterations(&cases[n].trial, cases[n].most);
}

static void iterations_do_not_grow_with_the_grid(void **state) {
  (void)state;
  static const trial kinds[] = {{"Poisson", {0, 0}, EVEN, 1, 1, .sigma = 0, .dirichlet = true},
                                {"bent pipe", {0, 0}, PIPE, 1000, 0, .sigma = 1}};
  for (int n = 0; n < 2 && !many_ranks(); n++) {
    int first = 0;
    for (int64_t cells = 64; cells <= (IS_SANITIZED ? 128 : 512); cells *= 2) {
      trial t = kinds[n];
      t.cells[HEAT_X] = t.cells[HEAT_Y] = cells;
      if (t.faces == 0) t.faces = 1e-5 * (double)(cells * cells);
      const int count = iterations(&t, 20);
      if (cells == 64) first = count;
      if (count > first + 2) failing(&t, "more iterations than on the smallest grid");
    }
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_cycle_is_symmetric_and_positive),
      cmocka_unit_test(the_bits_are_those_of_one_rank),
      cmocka_unit_test(the_bits_do_not_depend_on_the_threads),
      cmocka_unit_test(an_update_gives_what_a_new_one_would),
      cmocka_unit_test(the_bits_do_not_depend_on_the_instructions),
      cmocka_unit_test(units_do_not_matter),
      cmocka_unit_test(few_iterations_are_left),
      cmocka_unit_test(iterations_do_not_grow_with_the_grid),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
