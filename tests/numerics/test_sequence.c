/* Sequences of stages are compared with the plain loop, bit for bit: lists that use everything that a stage can be, and
 * random lists, for every layout, halo depth, tile, number of threads and choice of bands. The number of exchanges that
 * they take is tested as well. */
#include "numerics/schedule.h"

#include "plain_loop.h"
#include "thinned.h"

/* Replaces the function of MPI, and counts the exchanges that are begun: each one starts its receives, then its sends.
 */
static int starts;
int MPI_Startall(int count, MPI_Request requests[]) {
  starts++;
  return PMPI_Startall(count, requests);
}

/* A list with operands that are older than the field whose halo is fresh: their ghost cells must not be taken for valid
 * ones. */
static int aged_list(double c, heat_stage list[]) {
  const heat_stage stages[] = {
      {.out = 1, .u = 0, .terms = 1, .term = {{0, 1}}, .c = c, .t = 0.1, .budget_weight = c},
      {.out = 2, .u = 1, .terms = 1, .term = {{1, 1}}, .c = c, .t = 0.2, .budget_weight = c},
      {.out = 0, .u = 2, .terms = 2, .term = {{2, 0.5}, {3, 0.5}}, .c = c, .t = 0.3, .budget_weight = c},
      {.out = 1, .u = 0, .terms = 1, .term = {{0, 1}}, .c = c, .t = 0.4, .budget_weight = c},
      {.out = 2, .u = 1, .terms = 1, .term = {{1, 1}}, .c = c, .t = 0.5, .budget_weight = c},
      {.out = 0, .u = 3, .terms = 2, .term = {{2, 0.5}, {3, 0.5}}, .c = c, .t = 0.6, .budget_weight = c},
      {.out = 3, .u = 0, .terms = 1, .term = {{0, 1}}, .c = c, .t = 0.7, .budget_weight = c},
  };
  memcpy(list, stages, sizeof stages);
  return sizeof stages / sizeof *stages;
}

enum { MIXED, AGED, LISTS };
static int make_list(int which, double bound, heat_stage list[]) {
  return which == MIXED ? mixed_list(0.4 / bound, list) : aged_list(0.4 / bound, list);
}

typedef struct totals {
  heat_energy energy;
  double wall_heat, moved, source_heat, bound;
} totals;

static totals totals_of(noisy_rig *r) {
  totals sums = {.bound = heat_operator_bounds(&r->made.op).spectral};
  sums.energy = heat_operator_energy(&r->made.op, r->each[0]);
  sums.moved = heat_ledger_wall_moved(&r->made.op.ledger);
  sums.wall_heat = heat_ledger_wall_heat(&r->made.op.ledger);
  sums.source_heat = heat_ledger_source_heat(&r->made.op.ledger);
  return sums;
}

/* Run the list twice on this layout and compare fields, rate and totals. `expected` are the totals on one rank. */
static bool list_is_right(const int *ranks, int depth, int threads, int which, const totals *expected) {
  heat_stage list[8];
  noisy_rig r;
  bool right = true;
  open_noisy(&r, (rig_setting){.ranks = ranks, .depth = depth, .threads = threads});
  plain_start();
  const int count = make_list(which, heat_operator_bounds(&r.made.op).spectral, list);
  for (int again = 0; again < 2; again++) {
    const heat_status status = heat_operator_apply(&r.made.op, list, count, r.each);
    right = right && status.code == HEAT_OK;
    for (int s = 0; s < count; s++) plain_stage(&list[s], plain_fields[list[s].u], list[s].t);
    for (int f = 0; f < FIELDS; f++) right = right && same_as_plain(&r, r.each[f], plain_fields[f]);
  }
  const totals sums = totals_of(&r);
  right = right && memcmp(&sums, expected, sizeof sums) == 0;
  double rate;
  heat_bounds bounds = {0};
  const heat_status rated = heat_operator_rate(&r.made.op, r.each[depth % 2], 0.7, &rate);
  right = right && rated.code == HEAT_OK && rate == plain_stage(NULL, plain_fields[depth % 2], 0.7);
  right = right && heat_stencil_bound(problem, &r.made.grid, &bounds).code == HEAT_OK &&
          bounds.spectral <= heat_operator_bounds(&r.made.op).spectral;
  bounds = heat_bounds_agree(bounds, MPI_COMM_WORLD);
  const heat_bounds all = heat_operator_bounds(&r.made.op);
  right = right && memcmp(&bounds, &all, sizeof bounds) == 0;
  close_noisy(&r);
  return everywhere(right);
}

static totals totals_on_one_rank(int which) {
  heat_stage list[8];
  noisy_rig r;
  open_noisy(&r, (rig_setting){.alone = true, .depth = 1});
  const int count = make_list(which, heat_operator_bounds(&r.made.op).spectral, list);
  for (int again = 0; again < 2; again++)
    assert_int_equal(heat_operator_apply(&r.made.op, list, count, r.each).code, HEAT_OK);
  const totals sums = totals_of(&r);
  close_noisy(&r);
  return sums;
}

/* Check one problem on every layout with every depth. On several ranks only every fourth combination is checked, which
 * saves time. */
static int check_problem(int number) {
  static const int depths[] = {1, 2, 3, 5};
  static int turn;
  enum { THINNED = 4 };
  int size, checked = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  plain_prepare();
  for (int which = 0; which < LISTS; which++) {
    const totals expected = totals_on_one_rank(which);
    for (int px = 1; px <= size; px++) {
      if (size % px != 0 || px > problem->cells[HEAT_X] || size / px > problem->cells[HEAT_Y]) continue;
      const int ranks[HEAT_AXES] = {px, size / px};
      for (int d = 0; d < 4; d++) {
        if (size > 1 && (turn++ % THINNED != 0 || !is_taken(turn / THINNED, 3))) continue;
        if (!list_is_right(ranks, depths[d], 1, which, &expected))
          fail_msg("problem %d, list %d, %d x %d ranks, depth %d", number, which, px, size / px, depths[d]);
        checked++;
      }
    }
  }
  return checked;
}

static void lists_of_stages_have_the_bits_of_the_plain_loop(void **state) {
  (void)state;
  int checked = 0;
  for (int m = 0; m < MATERIALS; m++) {
    for (int w = 0; w < SIDES; w++) {
      const int number = m * SIDES + w;
      open_problem(shapes[(w + 2 * m) % SHAPES], materials[m], sources[(w + m) % SOURCES], sides[w]);
      checked += check_problem(number);
      close_problem();
    }
  }
  assert_true(checked >= fewer(2 * MATERIALS * SIDES, 3)); /* most problems can be placed on any number of ranks */
}

/* Blocks have several tiles, however large these are: the grids are much wider than a tile, or have many rows. */
static void tiles_change_no_bit(void **state) {
  (void)state;
  static const int64_t wide[] = {290, 19};
  static const int walls[] = {2, 5, 7, 8};
  for (int n = 0; n < 4; n++) {
    open_problem(wide, materials[n % 2 == 0 ? 1 : 3], sources[n == 3 ? 2 : 1], sides[walls[n]]);
    check_problem(n);
    close_problem();
  }
}

static void threads_change_no_bit(void **state) {
  (void)state;
  enum { MOST = 3 }; /* ranks: with more of them, threads would wait for cores and not for each other */
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (size > MOST) return;
  for (int m = 0; m < MATERIALS; m += 3) {
    open_problem(shapes[0], materials[m], sources[2], sides[5]);
    plain_prepare();
    const totals expected = totals_on_one_rank(AGED);
    const int ranks[HEAT_AXES] = {1, size};
    assert_true(list_is_right(ranks, 2, 2, AGED, &expected));
    close_problem();
  }
}

/* Random lists */

typedef struct trial {
  heat_stage list[100];
  int count;
  bool written_first[FIELDS]; /* the list writes it before it reads it, so such a field may be a band */
} trial;

enum { USED = 5 }; /* number of fields that the lists name */

/* A number below `limit`, which is the same on all ranks. */
static uint64_t draws;
static int draw(int limit) {
  return (int)((noise(draws++) + 1) / 2 * limit);
}

static trial make_trial(double bound) {
  trial t = {.count = draw(20) == 0 ? 100 : 1 + draw(40)};
  bool read[FIELDS] = {false};
  for (int k = 0; k < t.count; k++) {
    heat_stage *stage = &t.list[k];
    const double c = draw(4) == 0 ? 0 : 0.4 / bound / (1 + draw(4));
    *stage = (heat_stage){
        .out = draw(USED), .terms = 1 + draw(HEAT_TERMS), .c = c, .t = draw(5) * 0.1, .budget_weight = draw(2) * c};
    stage->u = (stage->out + 1 + draw(USED - 1)) % USED;
    read[stage->u] |= c != 0 && !t.written_first[stage->u];
    for (int n = 0; n < stage->terms; n++) {
      const int field = draw(USED);
      stage->term[n] = (heat_term){field, (draw(9) - 4) / (4.0 * stage->terms)};
      read[field] |= !t.written_first[field];
    }
    t.written_first[stage->out] |= !read[stage->out];
  }
  return t;
}

/* Make a field a band where it is possible on all ranks; returns whether it now is one. */
static bool make_band(noisy_rig *r, int f, int depth) {
  static const int rows[] = {1, 4, 5, 7, 9, 14, 24, 40};
  const heat_layout *layout = &r->made.grid.layout;
  const heat_box last = heat_layout_last(layout);
  const int wanted = rows[draw(sizeof rows / sizeof *rows)];
  if (wanted >= heat_box_width(last, HEAT_Y) + 2 * (int64_t)depth) return false;
  heat_field_destroy(r->each[f]);
  const heat_field_form form = {.depth = depth, .rows = wanted, .page_slot = f, .threads = 1};
  assert_int_equal(heat_field_create_as(r->each[f], &r->made.grid, form).code, HEAT_OK);
  const size_t doubles = r->fields[f].bytes / sizeof(double);
  for (size_t n = 0; n < doubles; n++) r->fields[f].memory[n] = NAN;
  return true;
}

/* Check one list, which is run twice, on one layout. */
static bool trial_is_right(const int *ranks, int *bands) {
  static const int depths[] = {1, 2, 3, 4, 5, 8, 16};
  const int depth = depths[draw(sizeof depths / sizeof *depths)], threads = 1 + (draw(4) == 0);
  noisy_rig r;
  open_noisy(&r, (rig_setting){.ranks = ranks, .depth = depth, .threads = threads});
  heat_tiling tiling = heat_tiling_fixed(1 + draw(50), 1 + draw(7));
  tiling.tile[0].stages =
      1 + (draw(HEAT_TILE_STAGES) + 7 * r.made.grid.rank) % HEAT_TILE_STAGES; /* another one on each rank */
  tiling.tile[0].block = draw(2);
  tiling.tile[0].frame = draw(2) == 0;
  const bool plain = draw(8) == 0;
  if (plain)
    heat_sequence_set_plain(&r.made.op.sequence);
  else
    heat_sequence_set_tiling(&r.made.op.sequence, tiling);
  const trial t = make_trial(heat_operator_bounds(&r.made.op).spectral);
  bool band[FIELDS] = {false}, right = true;
  for (int f = 0; f < USED && !plain; f++) {
    band[f] = t.written_first[f] && draw(3) > 0 && make_band(&r, f, depth);
    *bands += band[f];
  }
  plain_start();
  for (int again = 0; again < 2; again++) {
    right = right && heat_operator_apply(&r.made.op, t.list, t.count, r.each).code == HEAT_OK;
    for (int s = 0; s < t.count; s++) plain_stage(&t.list[s], plain_fields[t.list[s].u], t.list[s].t);
    for (int f = 0; f < USED; f++) right = right && (band[f] || same_as_plain(&r, r.each[f], plain_fields[f]));
  }
  close_noisy(&r);
  return everywhere(right);
}

/* The lists are other ones on each number of ranks. On many ranks there are fewer of them, since they take longer. */
static void lists_at_random_have_the_bits_of_the_plain_loop(void **state) {
  (void)state;
  enum { PROBLEMS = 30, TRIALS = 14, APART = 1 << 20 };
  static const int64_t grids[][HEAT_AXES] = {{13, 11}, {23, 17}, {60, 19}, {7, 12}, {12, 7}};
  int size, bands = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const int problems = (int)fewer(size > 2 ? PROBLEMS / 3 : PROBLEMS, 5);
  draws = (uint64_t)size * APART;
  for (int n = 0; n < problems; n++) {
    const int64_t *cells = grids[n % (int)(sizeof grids / sizeof *grids)];
    open_problem(cells, materials[draw(MATERIALS)], sources[draw(SOURCES)], sides[draw(SIDES)]);
    plain_prepare();
    for (int m = 0; m < TRIALS; m++) {
      int px = 1 + draw(size);
      while (size % px != 0) px--;
      const int ranks[HEAT_AXES] = {px, size / px};
      const uint64_t seed = draws;
      if (!trial_is_right(ranks, &bands))
        fail_msg("problem %d, list %d: %d x %d ranks, from draw %llu", n, m, px, size / px, (unsigned long long)seed);
    }
    close_problem();
  }
  assert_true(bands > problems * TRIALS / 20); /* some fields were bands */
}

/* The number of exchanges */

/* Steps of the Runge-Kutta-Legendre method of second order (Meyer, Balsara, Aslam 2014) with so many stages each; for
 * each step the list has one stage more. Field 0 is the solution, and field 3 keeps L of it; the stages are written to
 * two other fields in turn. */
static int legendre_list(int steps, int stages, double c, heat_stage list[]) {
  int count = 0, solution = 0, one = 1, other = 2;
  for (int step = 0; step < steps; step++) {
    list[count++] = (heat_stage){.out = 3, .u = solution, .terms = 1, .term = {{solution, 0}}, .c = 1};
    list[count++] = (heat_stage){.out = one, .u = solution, .terms = 2, .term = {{solution, 1}, {3, c / 3}}};
    for (int j = 2, before = one, two_before = solution; j <= stages; j++) {
      const int out = j == 2 ? other : two_before;
      list[count++] = (heat_stage){.out = out,
                                   .u = before,
                                   .terms = 4,
                                   .term = {{before, 1.5}, {two_before, -0.6}, {solution, 0.1}, {3, c / 5}},
                                   .c = c};
      two_before = before;
      before = out;
      if (j < stages) continue;
      const int free_field = solution;
      solution = before;
      one = two_before;
      other = free_field;
    }
  }
  return count;
}

static void an_exchange_is_made_once_for_as_many_stages_as_the_halo_is_deep(void **state) {
  (void)state;
  enum { STAGES = 15, STEPS = 4, DEPTH = 16 };
  static const int64_t cells[] = {60, 19};
  heat_stage list[STEPS * (STAGES + 1)];
  open_problem(cells, materials[1], sources[0], sides[7]);
  plain_prepare();
  noisy_rig r;
  open_noisy(&r, (rig_setting){.depth = DEPTH});
  plain_start();
  const int count = legendre_list(STEPS, STAGES, 0.1 / heat_operator_bounds(&r.made.op).spectral, list);
  assert_int_equal(count, STEPS * (STAGES + 1));
  starts = 0;
  assert_int_equal(heat_operator_apply(&r.made.op, list, count, r.each).code, HEAT_OK);
  assert_true(everywhere(starts == 2 * STEPS));
  for (int s = 0; s < count; s++) plain_stage(&list[s], plain_fields[list[s].u], list[s].t);
  bool right = true;
  for (int f = 0; f < 4; f++) right = right && same_as_plain(&r, r.each[f], plain_fields[f]);
  assert_true(everywhere(right));
  close_noisy(&r);
  close_problem();
}

/* The schedule of these steps has its exchanges before a step, when only the solution is still needed. The same holds
 * with bands for all fields but the solution. */
static void exchanges_come_where_the_fewest_fields_are_needed(void **state) {
  (void)state;
  enum { STAGES = 15, STEPS = 4, DEPTH = 16 };
  heat_stage list[STEPS * (STAGES + 1)];
  const int count = legendre_list(STEPS, STAGES, 1, list);
  heat_schedule_input input = {.stages = list, .count = count, .depth = DEPTH, .needs_exchange = true};
  heat_schedule schedule = heat_schedule_make(&input);
  for (int k = 0; k < count; k++) {
    const unsigned solution = 1u << list[k / (STAGES + 1) * (STAGES + 1)].u;
    assert_int_equal(schedule.refresh[k], k % (STAGES + 1) == 0 ? solution : 0);
    assert_int_equal(schedule.grow[k], k % (STAGES + 1) < 2 ? DEPTH - 1 : DEPTH - k % (STAGES + 1));
  }
  /* Field 3 holds values within a step only, so it stays a band. No field stays one where the halo does not last for a
   * step. */
  input.rows[3] = 60;
  assert_int_equal(heat_schedule_make(&input).widen, 0);
  input.depth = 4;
  assert_int_equal(heat_schedule_make(&input).widen, 1u << 3);
  input.depth = DEPTH; /* nor does a band with too few rows */
  input.rows[3] = STAGES + 2;
  assert_int_equal(heat_schedule_make(&input).widen, 1u << 3);
  input.rows[3] = STAGES + 4;
  assert_int_equal(heat_schedule_make(&input).widen, 0);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lists_of_stages_have_the_bits_of_the_plain_loop),
      cmocka_unit_test(tiles_change_no_bit),
      cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(lists_at_random_have_the_bits_of_the_plain_loop),
      cmocka_unit_test(an_exchange_is_made_once_for_as_many_stages_as_the_halo_is_deep),
      cmocka_unit_test(exchanges_come_where_the_fewest_fields_are_needed),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
