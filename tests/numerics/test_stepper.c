/* Laws of the bits of every explicit method of the table: they are the same for every layout, depth and stop, for
 * stages that are fused in tiles, with threads and any kernel, and for a problem that is reflected or rotated. */
#include "harness.h"
#include "steps.h"
#include "thinned.h"

/* How the stages of a rig are carried out. */
typedef struct passage {
  bool plain;
  heat_tile tile; /* 0 columns: chosen */
  bool narrow;    /* blocks of few columns, as if much of the cache were taken */
} passage;

static void open_passage(rig *r, rig_setting set, passage p) {
  set.up_to = RIG_OPERATOR;
  open_rig(r, set);
  if (p.plain) heat_sequence_set_plain(&r->op.sequence);
  if (p.tile.columns > 0) { /* each rank goes its own way through the stages between two messages */
    heat_tiling tiling = heat_tiling_fixed(p.tile.columns, p.tile.rows);
    tiling.tile[0].stages /= 1 + r->grid.rank % 3;
    tiling.tile[0].frame = p.tile.frame;
    if (p.narrow) tiling.tile[0].block = 1;
    heat_sequence_set_tiling(&r->op.sequence, tiling);
  }
  start_rig(r, set.method);
}

static const char *const whole_decks[] = {
    "material: {diffusivity: [1, 0.3]}\ninitial: {temperature: sin(9*x)*cos(7*y) + x}\n"
    "boundary: {left: {type: dirichlet, value: y + sin(30*t)}, top: {type: robin, coefficient: 3, ambient: x + t}}",
    "material: {conductivity: 1 + x*y, density: 2 - x, heat_capacity: 1.5}\ninitial: {temperature: exp(-9*(x*x + "
    "y*y))}\n"
    "source: x*sin(20*t)\nregions: [{shape: circle, center: [0.5, 0.5], radius: 0.3, conductivity: [4, 0.1], source: "
    "7}]\n"
    "boundary: {left: {type: periodic}, right: {type: periodic}, bottom: {type: neumann, flux: x - t}}",
    "interface: arithmetic\nmaterial: {conductivity: 1 + x*y, density: 2, heat_capacity: 1 + y}\n"
    "initial: {temperature: sin(7*x + 3*y)}\nboundary: {left: {type: periodic}, right: {type: periodic}, "
    "bottom: {type: periodic}, top: {type: periodic}}",
};
enum { WHOLE_DECKS = sizeof whole_decks / sizeof *whole_decks };

/* The steps of a run with a short last one, at once or in pieces, on these ranks; to be compared with one rank. */
static bool run_has_bits(rig_setting set, int64_t piece, const double *expected, const outcome *all) {
  enum { STEPS = 83 }; /* more than are handed over at once */
  rig r;
  open_rig(&r, set);
  const double dt = 0.8 * heat_stepper_limit(&r.stepper);
  const heat_clock clock = heat_clock_create(0, 0, dt, 82.4 * dt);
  assert_int_equal(clock.last, STEPS);
  for (int64_t from = 0; from < STEPS; from += piece)
    advance(&r, &clock, from, from + piece < STEPS ? from + piece : STEPS);
  const outcome out = outcome_of(&r);
  bool same = memcmp(&out, all, sizeof out) == 0;
  for (int64_t j = r.grid.owned.lo[HEAT_Y]; j < r.grid.owned.hi[HEAT_Y]; j++)
    for (int64_t i = r.grid.owned.lo[HEAT_X]; i < r.grid.owned.hi[HEAT_X]; i++) {
      const double value = solution_at(&r, i, j);
      same = same && memcmp(&value, &expected[j * set.cells[HEAT_X] + i], sizeof value) == 0;
    }
  close_rig(&r);
  return everywhere(same);
}

static void a_run_has_the_same_bits_on_every_layout_depth_and_stop(void **state) {
  (void)state;
  static const int depths[] = {1, 2, 3, 5};
  static const int64_t pieces[] = {83, 1, 7, 64};
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int n = 0; n < HEAT_EXPLICIT_METHODS * WHOLE_DECKS; n++) {
    rig_setting set = {.deck = whole_decks[n % WHOLE_DECKS],
                       .cells = {9, 7},
                       .size = {1, 1.3},
                       .alone = true,
                       .depth = 1,
                       .method = &heat_methods[n / WHOLE_DECKS]};
    rig r;
    open_rig(&r, set);
    const double dt = 0.8 * heat_stepper_limit(&r.stepper);
    const heat_clock clock = heat_clock_create(0, 0, dt, 82.4 * dt);
    advance(&r, &clock, 0, clock.last);
    double *expected = gather(&r);
    const outcome all = outcome_of(&r);
    assert_true(isfinite(all.energy) && isfinite(all.wall_heat) && isfinite(all.source_heat));
    close_rig(&r);
    set.alone = false;
    for (int px = 1, layout = 0; px <= size; px++) {
      if (size % px != 0 || px > set.cells[HEAT_X] || size / px > set.cells[HEAT_Y]) continue;
      set.ranks = (int[HEAT_AXES]){px, size / px};
      layout++;
      for (int d = 0; d < 4; d++) {
        /* On many ranks one depth for each deck and layout: so each two of these three meet. */
        if (size > 3 && (n + layout + d) % 4 != 0) continue;
        if (!is_taken(n + d, 3)) continue;
        set.depth = depths[d];
        if (!run_has_bits(set, pieces[(d + px) % 4], expected, &all))
          fail_msg("deck %d, %s, %d x %d ranks, depth %d", n % WHOLE_DECKS, heat_method_name(set.method), px, size / px,
                   depths[d]);
      }
    }
    free(expected);
  }
}

/* Return the field after some steps, which has to be freed. */
static double *stepped(rig_setting set, passage p, int64_t steps, outcome *out) {
  rig r;
  open_passage(&r, set, p);
  take_steps(&r, 0.4 * heat_stepper_limit(&r.stepper), steps);
  *out = outcome_of(&r);
  double *whole = gather(&r);
  close_rig(&r);
  return whole;
}

/* What the bits must not depend on, and the physics in which they must not; on one rank and on two each value meets
 * each value of every other factor at least once. */
enum { MATERIAL, SOURCE, SIDES, SIZE, DEPTH, TILE, THREADS, ISA, FACTORS, VALUES = 6 };
static const int values_of[FACTORS] = {3, 4, 3, 3, 6, 6, 3, 5};
typedef bool pairs[FACTORS][VALUES][FACTORS][VALUES];

/* Count the pairs of values of a case that have not occurred so far; with `meet` they are marked. */
static int new_pairs(pairs met, const int *values, bool meet) {
  int count = 0;
  for (int a = 0; a < FACTORS; a++) {
    for (int b = a + 1; b < FACTORS; b++) {
      bool *one = &met[a][values[a]][b][values[b]];
      count += !*one;
      *one = *one || meet;
    }
  }
  return count;
}

/* Choose the one of some random cases that has the most new pairs; returns their number. */
static int next_case(pairs met, uint64_t *seed, int *values) {
  enum { CANDIDATES = 50 };
  int most = 0;
  for (int n = 0; n < CANDIDATES; n++) {
    int candidate[FACTORS];
    for (int f = 0; f < FACTORS; f++) {
      *seed = *seed * 6364136223846793005u + 1442695040888963407u;
      candidate[f] = (int)((*seed >> 33) % (uint64_t)values_of[f]);
    }
    const int count = new_pairs(met, candidate, false);
    if (count <= most) continue;
    most = count;
    memcpy(values, candidate, sizeof candidate);
  }
  new_pairs(met, values, true);
  return most;
}

static void check_case(const int *values) {
  static const char *const materials[] = {"material: {diffusivity: 1}", "material: {diffusivity: [1, 0.3]}",
                                          "material: {conductivity: '1 + x*y', density: '2 - x/4', heat_capacity: 3}"};
  static const char *const sources[] = {
      "source: 0", "source: 'x - y'", "source: 'x*t - y'",
      "source: 2\nregions: [{shape: circle, center: [1, 0.3], radius: 0.2, source: 'sin(40*t)*x'}]"};
  static const char *const sides[] = {
      "boundary: {left: {type: dirichlet, value: 'sin(9*t) + y'}, top: {type: robin, coefficient: 3, ambient: 'x'}}",
      "boundary: {left: {type: periodic}, right: {type: periodic}, bottom: {type: neumann, flux: 'cos(50*t)'}}",
      "boundary: {left: {type: periodic}, right: {type: periodic}, bottom: {type: periodic}, top: {type: periodic}}"};
  static const int64_t sizes[][HEAT_AXES] = {{301, 43}, {13, 7}, {33, 130}};
  static const int depths[] = {1, 2, 9, 22, 32, 64};
  static const heat_tile tiles[] = {{.columns = 0},
                                    {.columns = 192, .rows = 8},
                                    {.columns = 16, .rows = 1},
                                    {.columns = 41, .rows = 3},
                                    {.columns = 8, .rows = 64},
                                    {.columns = 16, .rows = 4, .frame = true}};
  static const char *const isas[] = {NULL, "base", "x86-64-v2", "x86-64-v3", "x86-64-v4"};
  enum { STEPS = 71 };
  char deck[1024];
  snprintf(deck, sizeof deck, "%s\n%s\ninitial: {temperature: 'sin(7*x)*cos(11*y)'}\n%s", materials[values[MATERIAL]],
           sources[values[SOURCE]], sides[values[SIDES]]);
  const int64_t *cells = sizes[values[SIZE]];
  const rig_setting reference = {
      .deck = deck, .cells = {cells[HEAT_X], cells[HEAT_Y]}, .size = {3, 0.5}, .depth = 1, .method = &heat_methods[0]};
  rig_setting fused = reference;
  fused.depth = depths[values[DEPTH]];
  fused.threads = values[THREADS] + 1;
  const heat_tile tile = tiles[values[TILE]];
  outcome outcomes[2];
  double *plain = stepped(reference, (passage){.plain = true}, STEPS, &outcomes[0]);
  /* Kernels that this processor does not have are those of the reference. */
  const char *isa = isas[values[ISA]];
  if (isa != NULL && heat_kernels_find(isa) != NULL) setenv("HEAT2D_ISA", isa, 1);
  double *whole = stepped(fused, (passage){.tile = tile, .narrow = values[TILE] % 2 == 1}, STEPS, &outcomes[1]);
  unsetenv("HEAT2D_ISA");
  const bool same = memcmp(plain, whole, (size_t)(cells[HEAT_X] * cells[HEAT_Y]) * sizeof *plain) == 0 &&
                    memcmp(&outcomes[0], &outcomes[1], sizeof outcomes[0]) == 0;
  free(plain);
  free(whole);
  if (!same)
    fail_msg("%s\n%lld x %lld, depth %d, tile %d x %d, %d threads, %s", deck, (long long)cells[HEAT_X],
             (long long)cells[HEAT_Y], fused.depth, tile.columns, tile.rows, fused.threads, isa != NULL ? isa : "best");
}

static void fused_stages_have_the_bits_of_single_ones(void **state) {
  (void)state;
  enum {
    MANY = 2,
    FEW = 10
  }; /* ranks; cases that many ranks, or the sanitizers, take, others on each number of them */
  static pairs met;
  int values[FACTORS], missing = 0, cases = 0, size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  uint64_t seed = 20260101 + (uint64_t)size;
  const bool all = size <= MANY && !IS_SANITIZED;
  memset(met, 0, sizeof met);
  for (int a = 0; a < FACTORS; a++)
    for (int b = a + 1; b < FACTORS; b++) missing += values_of[a] * values_of[b];
  for (; missing > 0 && (all || cases < FEW); cases++) {
    missing -= next_case(met, &seed, values);
    check_case(values);
  }
  print_message("%d cases\n", cases);
}

/* Where a pass ends depends on which fields are bands: blocks on both sides of the size from which they pay. */
static int band_of_all(int size, int64_t columns, int64_t rows, int depth) {
  rig r;
  open_rig(&r, (rig_setting){.deck = "material: {diffusivity: 1}\ninitial: {temperature: 1}",
                             .cells = {columns, rows},
                             .ranks = (int[HEAT_AXES]){1, size},
                             .depth = depth});
  const int own = r.stepper.fields[1].window_rows;
  int least, most;
  MPI_Allreduce(&own, &least, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  MPI_Allreduce(&own, &most, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  close_rig(&r);
  assert_int_equal(least, most);
  return most;
}

/* Where the first block, which is the larger one, is just large enough; and just high enough. */
static void all_ranks_have_bands_or_none(void **state) {
  (void)state;
  enum { COLUMNS = 1000, WIDE = 1 << 15, WORTH = 2 << 20, LAYERS = 3 };
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  assert_true(band_of_all(size, COLUMNS, WORTH / COLUMNS * size + 1, 2) > 0);
  const int rows = heat_tiles_band((heat_box){{0, 0}, {WIDE, WORTH / WIDE + 1}}, 1);
  assert_in_range(rows, WORTH / WIDE + 2 * LAYERS, 2 * WORTH / WIDE);
  band_of_all(size, WIDE, (int64_t)(rows - 2 * LAYERS) * size + 1, LAYERS);
}

/* The same problem with x and y in other places: `across` and `up` take the places of x and y in every expression. */
static double *run_seen_from(const char *across, const char *up, bool turned, const char *const names[HEAT_SIDES]) {
  char deck[4096];
  const int used =
      snprintf(deck, sizeof deck,
               "material: {conductivity: ['%s', '%s'], density: '1.5 + %s', heat_capacity: 1}\n"
               "initial: {temperature: '%s*%s*%s + 2*%s'}\nsource: '%s + 3*%s*t'\n"
               "boundary: {%s: {type: dirichlet, value: '1 + %s'}, %s: {type: robin, coefficient: 2, ambient: '%s*t'}, "
               "%s: {type: neumann, flux: '%s*%s'}, %s: {type: dirichlet, value: -1}}\n",
               turned ? "4" : "2 + x*x", turned ? "2 + y*y" : "4", across, across, across, up, across, across, up,
               names[0], up, names[1], up, names[2], across, across, names[3]);
  /* From -1 on, in cells of 1/8: coordinates are exact, and reflect exactly. */
  const int64_t n[HEAT_AXES] = {turned ? 12 : 16, turned ? 16 : 12};
  const double size[HEAT_AXES] = {(double)n[HEAT_X] / 8, (double)n[HEAT_Y] / 8};
  snprintf(deck + used, sizeof deck - (size_t)used, "domain: {origin: [%g, %g], size: [%g, %g], cells: [%d, %d]}\n",
           -size[HEAT_X] / 2, -size[HEAT_Y] / 2, size[HEAT_X], size[HEAT_Y], (int)n[HEAT_X], (int)n[HEAT_Y]);
  rig r;
  open_rig(&r, (rig_setting){.deck = deck, .method = &heat_methods[HEAT_EXPLICIT_METHODS - 1]});
  take_steps(&r, 0x1p-12, 50);
  assert_true(0x1p-12 < heat_stepper_limit(&r.stepper));
  double *solution = gather(&r);
  close_rig(&r);
  return solution;
}

static void reflected_and_turned_problems_have_the_same_bits(void **state) {
  (void)state;
  enum { NX = 16, NY = 12 };
  double *plain = run_seen_from("x", "y", false, (const char *[]){"left", "right", "bottom", "top"});
  double *mirrored = run_seen_from("(-x)", "y", false, (const char *[]){"right", "left", "bottom", "top"});
  double *upside_down = run_seen_from("x", "(-y)", false, (const char *[]){"left", "right", "top", "bottom"});
  double *turned = run_seen_from("y", "x", true, (const char *[]){"bottom", "top", "left", "right"});
  bool same = true, nothing = true;
  for (int j = 0; j < NY; j++) {
    for (int i = 0; i < NX; i++) {
      const double value = plain[j * NX + i];
      same = same && value == mirrored[j * NX + NX - 1 - i] && value == upside_down[(NY - 1 - j) * NX + i];
      same = same && value == turned[i * NY + j];
      nothing = nothing && value == plain[0];
    }
  }
  assert_true(same && !nothing);
  free(plain);
  free(mirrored);
  free(upside_down);
  free(turned);
}

static void each_method_of_the_deck_has_stages(void **state) {
  (void)state;
  for (int m = 0; m < HEAT_EXPLICIT_METHODS; m++) {
    const heat_method *method = &heat_methods[m];
    heat_stage stages[HEAT_METHOD_STAGES];
    int result = -1;
    assert_non_null(method->stages); /* a word of the deck without a row */
    assert_in_range(method->fields, 1, HEAT_METHOD_FIELDS);
    const int count = method->stages(&(heat_step){.dt = 0.1}, 500, stages, &result);
    assert_in_range(count, 1, HEAT_METHOD_STAGES);
    assert_in_range(result, 0, method->fields - 1);
    double weight = 0;
    for (int s = 0; s < count; s++) {
      weight += stages[s].budget_weight;
      assert_true(stages[s].u != stages[s].out);
      assert_in_range(stages[s].terms, 1, HEAT_TERMS);
    }
    assert_true(fabs(weight - 0.1) <= 1e-15); /* the weights of the stages in the heat balance make up the step */
  }
}

/* A failure in the cells of one rank, at the start and later: all ranks end. */
static void failing_expressions_end_the_start_and_the_steps_on_all_ranks(void **state) {
  (void)state;
  static const char deck[] = "material: {diffusivity: 1}\ninitial: {temperature: 0}\n"
                             "boundary: {top: {type: dirichlet, value: 'x < 0.9 ? t : sqrt(0.0205 - t)'}}";
  rig r;
  open_rig(&r, (rig_setting){.deck = deck, .cells = {8, 8}, .method = &heat_methods[HEAT_METHOD_EULER]});
  const heat_clock clock = heat_clock_create(0, 0, 0.001, 0.1);
  const heat_status status = heat_agree(MPI_COMM_WORLD, heat_stepper_advance(&r.stepper, &clock, 0, clock.last));
  assert_true(everywhere(status.code == HEAT_DECK && strstr(status.text, "boundary.top.value: is ") != NULL));
  assert_true(everywhere(strstr(status.text, "t = 0.021") != NULL)); /* the first time at which it fails */
  close_rig(&r);
  open_rig(&r, (rig_setting){.deck = "initial: {temperature: 'x < 0.9 || y < 0.9 ? 1 : 1/0'}", .up_to = RIG_OPERATOR});
  assert_int_equal(heat_stepper_create(&r.stepper, &heat_methods[HEAT_METHOD_EULER], &r.op).code, HEAT_OK);
  r.has_stepper = true;
  const heat_status start = heat_stepper_start(&r.stepper);
  assert_true(
      everywhere(start.code == HEAT_DECK && strstr(start.text, "initial.temperature: is inf at x = 0.9375") != NULL));
  close_rig(&r);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_run_has_the_same_bits_on_every_layout_depth_and_stop),
      cmocka_unit_test(fused_stages_have_the_bits_of_single_ones),
      cmocka_unit_test(all_ranks_have_bands_or_none),
      cmocka_unit_test(reflected_and_turned_problems_have_the_same_bits),
      cmocka_unit_test(each_method_of_the_deck_has_stages),
      cmocka_unit_test(failing_expressions_end_the_start_and_the_steps_on_all_ranks),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
