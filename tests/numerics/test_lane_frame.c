/* The lane frame is compared with single stages in plain loops, bit for bit: on grids from one cell to some tiles, with
 * all types of sides, in layouts with blocks that are narrower than the halo, with threads, and with every kind of
 * vectors. Fields and the memory that tiles share begin as NAN, so a value that is used before it has been set is
 * found. */
#include "harness.h"

#include "rig.h"

#include <math.h>
#include <omp.h>
#include <time.h>

/* The materials are one material; layers; inclusions in one that is the same nearly everywhere, with a contact
 * resistance; a checkerboard; 17, 256 and 257 materials; and one that differs from cell to cell, with and without
 * sources that do not depend on time. */
static const char *const materials[] = {
    "material: {diffusivity: 1}", "material: {diffusivity: [1, 0.3]}",
    "material: {conductivity: [2, '1 + floor(3*y)'], density: 2, heat_capacity: 1.5}",
    "material: {conductivity: [2, 0.7], density: 2, heat_capacity: 1.5}\n"
    "regions: [{shape: circle, center: [0.9, 0.1], radius: 0.05, conductivity: 0.1, contact: {resistance: 0.3}},"
    " {shape: rectangle, min: [0, 0.95], max: [0.02, 1], density: 3}]",
    "material: {conductivity: '1 + abs(floor(8*x) + floor(8*y) - 2*floor((floor(8*x) + floor(8*y))/2))',"
    " density: 1, heat_capacity: 1}\nsource: 3",
    "material: {conductivity: 1, density: '1 + floor(17*x)', heat_capacity: 1}",
    "material: {conductivity: '1 + (floor(16*x) + 16*floor(16*y))/99', density: 1, heat_capacity: 1}",
    "material: {conductivity: '1 + (floor(16*x) + 16*floor(16*y))/99', density: 1, heat_capacity: 1}\n"
    "regions: [{shape: rectangle, min: [0.4, 0.4], max: [0.6, 0.6], conductivity: 9, source: 5}]",
    "material: {conductivity: '1.1 + sin(50*x)*cos(40*y)', density: '2 + x', heat_capacity: 1}\nsource: 'x - y'",
    "material: {conductivity: '1.1 + sin(50*x)*cos(40*y)', density: '2 + x', heat_capacity: 1}",
    /* layers that begin where patches do: see large_blocks_have_the_bits_of_single_stages */
    "material: {conductivity: [1, '1 + floor(y*341/128)'], density: 1, heat_capacity: 1}"};
enum { MATERIALS = sizeof materials / sizeof *materials };
static const char *const sides[] = {
    "",
    "boundary: {left: {type: dirichlet, value: 'sin(90*t) + y'}, right: {type: neumann, flux: 'cos(70*t)*y'},"
    " bottom: {type: robin, coefficient: '2 + x', ambient: 1}, top: {type: dirichlet, value: 'x - t'}}",
    "boundary: {left: {type: robin, coefficient: '1 + t', ambient: y}, right: {type: dirichlet, value: 2},"
    " bottom: {type: neumann, flux: 'x*cos(50*t)'}, top: {type: robin, coefficient: 3, ambient: 'x + t'}}",
    "boundary: {left: {type: periodic}, right: {type: periodic}, bottom: {type: neumann, flux: 'cos(50*t)'}}",
    "boundary: {bottom: {type: periodic}, top: {type: periodic}, right: {type: dirichlet, value: 'sin(9*t) + y'}}",
    "boundary: {left: {type: periodic}, right: {type: periodic}, bottom: {type: periodic}, top: {type: periodic}}"};
static const int depths[] = {1, 2, 5, 16, 33, 64};
static const char *const isas[] = {"wide", "base", "x86-64-v2", "x86-64-v3", "x86-64-v4"};

/* lanes.c with vectors of 64 bytes, whatever this processor has: see CMakeLists.txt. */
extern const heat_lanes heat_lanes_wide;
#if defined(__SANITIZE_ADDRESS__) /* see lanes.c */
static const bool has_wide = false;
#else
static const bool has_wide = true;
#endif

static uint64_t seed = 1;
static int draw(int below) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (int)((seed >> 33) % (uint64_t)below);
}

/* A number in [-1, 1), which is the same for the same cell on every rank. */
static double noise(int64_t i, int64_t j) {
  uint64_t n = (uint64_t)(i * 1000 + j + 1) * 0x9e3779b97f4a7c15u;
  n = (n ^ (n >> 29)) * 0xbf58476d1ce4e5b9u;
  return ldexp((double)(n >> 11), -52) - 1;
}

static void poison(double *memory, size_t bytes) {
  for (size_t n = 0; n < bytes / sizeof *memory; n++) memory[n] = NAN;
}

static void start(rig *r) {
  const heat_box owned = r->grid.owned;
  for (int f = 0; f < r->stepper.method->fields; f++) poison(r->stepper.fields[f].memory, r->stepper.fields[f].bytes);
  heat_field *u = heat_stepper_solution(&r->stepper);
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) *heat_field_at(u, i, j) = noise(i, j);
  u->valid = 0;
}

/* Do the steps in two batches, between which the memory of the frame becomes NAN. */
static void advance(rig *r, int64_t first, int64_t all) {
  const double dt = 0.4 * heat_stepper_limit(&r->stepper);
  const heat_clock clock = heat_clock_create(0, 0, dt, dt * (double)all);
  assert_int_equal(heat_stepper_advance(&r->stepper, &clock, 0, first).code, HEAT_OK);
  poison(r->op.sequence.frame.memory, r->op.sequence.frame.bytes);
  assert_int_equal(heat_stepper_advance(&r->stepper, &clock, first, all).code, HEAT_OK);
}

/* Whether the owned cells are the same with the frame as in the reference, which has the same owned box. */
static bool same_cells(rig *a, rig *b) {
  const heat_box owned = a->grid.owned;
  const size_t bytes = (size_t)heat_box_width(owned, HEAT_X) * sizeof(double);
  bool same = true;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    same = same && memcmp(heat_field_at(heat_stepper_solution(&a->stepper), owned.lo[HEAT_X], j),
                          heat_field_at(heat_stepper_solution(&b->stepper), owned.lo[HEAT_X], j), bytes) == 0;
  return same;
}

static bool same_heat(const rig *a, const rig *b) {
  bool same = true;
  for (int side = 0; side < HEAT_SIDES; side++) {
    const double one = heat_ledger_side_heat(&a->op.ledger, side), other = heat_ledger_side_heat(&b->op.ledger, side);
    same = memcmp(&one, &other, sizeof one) == 0 && same;
  }
  return same;
}

typedef struct trial {
  int64_t cells[HEAT_AXES];
  int ranks[HEAT_AXES], material, side, depth, threads, isa;
  int late;  /* threads that are slow from time to time: bit n for thread n */
  int band;  /* rows of the field between the steps, if it is a band; 0: it is whole */
  bool sure; /* the frame is used as in a large block, and not because a tiling measured it as the fastest */
  int64_t first, steps;
} trial;

/* Loops of the frame that are slow from time to time in the threads of `late`. So threads come to their tiles in all
 * orders, and a value that is used before another thread has stored it, or overwritten before another thread has read
 * it, is found. */
static heat_lanes real;
static int late;
static void dawdle(void) {
  enum { SELDOM = 5, NAP_NANOSECONDS = 30000 };
  static _Thread_local unsigned calls;
  if ((late >> omp_get_thread_num() & 1) != 0 && calls++ % SELDOM == 0)
    nanosleep(&(struct timespec){0, NAP_NANOSECONDS}, NULL);
}
static void late_load(double *tile, int p, const double *const *from, int first, int last) {
  if (p == 0) dawdle();
  real.load(tile, p, from, first, last);
}
static void late_store(const double *tile, int p, double *const *to, int first, int last) {
  if (p == 0) dawdle();
  real.store(tile, p, to, first, last);
}
static void late_hand_over(const heat_lane_tile *tile, int first, int last) {
  dawdle();
  real.hand_over(tile, first, last);
}

/* Make the field between the steps a band, where the lowest block has more rows than the band. */
static void make_band(rig *r, const trial *c) {
  heat_field *field = &r->stepper.fields[1];
  const int64_t lowest = c->cells[HEAT_Y] / c->ranks[HEAT_Y] + 2 * (int64_t)field->depth;
  if (c->band == 0 || c->band >= lowest) return;
  const heat_field_form form = {.depth = field->depth, .rows = c->band, .page_slot = 1};
  heat_field_destroy(field);
  assert_int_equal(heat_field_create_as(field, &r->grid, form).code, HEAT_OK);
}

static bool is_untouched_band(const heat_field *field) {
  bool untouched = field->window_rows > 0;
  for (size_t n = 0; n < field->bytes / sizeof(double); n++) untouched = untouched && isnan(field->memory[n]);
  return untouched;
}

/* Whether the memory that was forecast for the frame is at least what it takes, and not much more where all threads do
 * all 64 stages at once. Narrower vectors take less than the widest ones, for which the forecast is. */
static bool forecast_is_near(const rig *r, const trial *c) {
  const heat_layout *layout = &r->grid.layout;
  const heat_sequence *sequence = &r->op.sequence;
  heat_box grown = r->grid.owned;
  for (int axis = 0; axis < HEAT_AXES; axis++)
    if (layout->ranks[axis] > 1 || layout->periodic[axis]) grown.hi[axis] += 2 * (int64_t)r->op.stencil.depth;
  const double most = 1.15, taken = (double)sequence->frame.bytes,
               forecast = (double)heat_lane_frame_bytes(grown, c->threads, sequence->coefficients.count,
                                                        layout->ranks[HEAT_X] > 1);
  if (taken == 0 || sequence->kernels->lanes->lanes > heat_kernels_find(NULL)->lanes->lanes) return true;
  const bool whole = sequence->kernels->lanes->lanes == heat_kernels_find(NULL)->lanes->lanes &&
                     c->first == HEAT_BATCH && c->cells[HEAT_X] >= 256 && !heat_layout_needs_exchange(layout);
  return taken <= forecast && (!whole || forecast <= most * taken);
}

/* Compare a trial with the reference; returns whether the lane frame was in use. */
static bool check(trial c) {
  char deck[1024];
  snprintf(deck, sizeof deck, "%s\n%s", materials[c.material], sides[c.side]);
  rig_setting set = {.deck = deck, .cells = {c.cells[HEAT_X], c.cells[HEAT_Y]}, .ranks = c.ranks, .depth = 1};
  rig plain, frame;
  open_rig(&plain, set);
  heat_sequence_set_plain(&plain.op.sequence);
  set.depth = depths[c.depth];
  set.threads = c.threads;
  const bool known = heat_kernels_find(isas[c.isa]) != NULL;
  if (known) setenv("HEAT2D_ISA", isas[c.isa], 1);
  open_rig(&frame, set);
  unsetenv("HEAT2D_ISA");
  heat_kernels kernels = *frame.op.sequence.kernels;
  if (c.isa == 0 && has_wide) kernels.lanes = &heat_lanes_wide;
  real = *kernels.lanes;
  late = c.late;
  heat_lanes slow = real;
  slow.load = late_load;
  slow.store = late_store;
  slow.hand_over = late_hand_over;
  if (late != 0) kernels.lanes = &slow;
  frame.op.sequence.kernels = &kernels;
  heat_tiling tiling = heat_tiling_fixed(16, 4);
  tiling.tile[0].frame = !c.sure;
  tiling.frame_stages = c.sure ? 32 : 0;
  heat_sequence_set_tiling(&frame.op.sequence, tiling);
  make_band(&frame, &c);
  start(&plain);
  start(&frame);
  advance(&plain, c.first, c.steps);
  advance(&frame, c.first, c.steps);
  const bool used = frame.op.sequence.frame.bytes > 0, cells = everywhere(same_cells(&plain, &frame)),
             heat = same_heat(&plain, &frame), memory = everywhere(forecast_is_near(&frame, &c));
  close_rig(&frame);
  close_rig(&plain);
  if (!cells || !heat || !memory)
    fail_msg("%s: %lld x %lld cells, %d x %d ranks, material %d, sides %d, depth %d, %d threads, %s, %lld + %lld steps",
             !cells  ? "cells"
             : !heat ? "heat"
                     : "memory",
             (long long)c.cells[HEAT_X], (long long)c.cells[HEAT_Y], c.ranks[HEAT_X], c.ranks[HEAT_Y], c.material,
             c.side, depths[c.depth], c.threads, known || c.isa == 0 ? isas[c.isa] : "best", (long long)c.first,
             (long long)(c.steps - c.first));
  return used;
}

static void every_block_has_the_bits_of_single_stages(void **state) {
  (void)state;
  enum { TRIALS = 60 };
  static const int most[] = {3, 20, 90, 200};
  int size, used = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const int trials = TRIALS / size;
  for (int n = 0; n < trials; n++) {
    trial c = {.material = draw(MATERIALS), .side = draw(6), .depth = draw(6), .threads = 1 + draw(3), .isa = draw(5)};
    int px = 1 + draw(size);
    while (size % px != 0) px--;
    c.ranks[HEAT_X] = px;
    c.ranks[HEAT_Y] = size / px;
    for (int axis = 0; axis < HEAT_AXES; axis++) c.cells[axis] = c.ranks[axis] + draw(most[draw(4)]);
    c.band = draw(2) * (6 + draw(40));
    c.sure = draw(2) == 1;
    c.first = 1 + draw(HEAT_BATCH);
    c.steps = c.first + 1 + draw(HEAT_BATCH + 9);
    used += check(c);
  }
  assert_true(used > trials / 3);
}

/* There are tiles in the middle, where there is nothing to do but the kernel, and several strips and threads. */
static void large_blocks_have_the_bits_of_single_stages(void **state) {
  (void)state;
  static const int of[][5] = {{MATERIALS - 1, 9, 3, 7, 2}, {0, 4, 8, 3, 6}};
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int n = 0; n < 5; n++)
    assert_true(check((trial){.cells = {260, 340 + size},
                              .ranks = {1, size},
                              .material = of[size > 1][n],
                              .side = 1 + n % 5,
                              .depth = 3 + n % 3,
                              .threads = 1 + n % 3,
                              .isa = (n + 4) % 5,
                              .band = 41,
                              .first = 64,
                              .steps = 64 + 37}));
}

/* The batches of a run have one step at first, then two, four, and so on. */
static void a_run_in_the_frame_touches_no_band(void **state) {
  (void)state;
  enum { ROWS = 35 };
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  trial c = {.cells = {100, 90 * (int64_t)size}, .ranks = {1, size}, .depth = 5, .threads = 2, .band = ROWS};
  rig r;
  open_rig(&r, (rig_setting){.deck = materials[0], .cells = {100, c.cells[HEAT_Y]}, .ranks = c.ranks, .depth = 64});
  r.op.sequence.tiling.frame_stages = 32;
  make_band(&r, &c);
  start(&r);
  const heat_clock clock = heat_clock_create(0, 0, 1e-6, 1);
  for (int64_t step = 0, batch = 1; step < 300; step += batch, batch = batch < HEAT_BATCH ? 2 * batch : 37)
    assert_int_equal(heat_stepper_advance(&r.stepper, &clock, step, step + batch).code, HEAT_OK);
  assert_true(everywhere(is_untouched_band(&r.stepper.fields[1])));
  close_rig(&r);
}

/* There are few columns, so that all threads work on the same rows, and so many strips that the memory for strips which
 * are not finished is used again. */
static void threads_may_come_to_their_tiles_in_any_order(void **state) {
  (void)state;
  enum { THREADS = 3 };
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int slow = size == 1 ? 1 : 5; slow < (1 << THREADS) - 1; slow++)
    assert_true(check((trial){.cells = {slow % 2 == 0 ? 70 : 110 * size, 500 * (int64_t)(slow % 2 == 0 ? size : 2)},
                              .ranks = {slow % 2 == 0 ? 1 : size, slow % 2 == 0 ? size : 1},
                              .side = slow % 6,
                              .depth = 4,
                              .threads = THREADS,
                              .isa = 1 + slow % 4,
                              .late = slow,
                              .first = 20,
                              .steps = 29}));
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_block_has_the_bits_of_single_stages),
      cmocka_unit_test(large_blocks_have_the_bits_of_single_stages),
      cmocka_unit_test(a_run_in_the_frame_touches_no_band),
      cmocka_unit_test(threads_may_come_to_their_tiles_in_any_order),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
