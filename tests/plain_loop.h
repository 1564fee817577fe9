/* A plain serial loop over the whole domain that follows the formulas in the headers, and decks for which it is
 * compared, bit for bit, with the sequence of stages on a distributed grid. */
#ifndef HEAT2D_TESTS_PLAIN_LOOP_H
#define HEAT2D_TESTS_PLAIN_LOOP_H

#include "harness.h"

#include "rig.h"

enum {
  MOST_COLUMNS = 300,
  MOST_ROWS = 20,
  COLUMNS = MOST_COLUMNS + 2,
  ROWS = MOST_ROWS + 2,
  FIELDS = HEAT_STAGE_FIELDS
};

/* A number in [-1, 1) that depends on n only, the same on every rank. */
static inline double noise(uint64_t n) {
  n = (n + 1) * 0x9e3779b97f4a7c15u;
  n = (n ^ (n >> 29)) * 0xbf58476d1ce4e5b9u;
  n ^= n >> 32;
  return ldexp((double)(n >> 11), -52) - 1;
}

/* Decks: the product of materials, sources and sides, each with grids of all shapes in turn. */
static const int64_t shapes[][HEAT_AXES] = {{13, 11}, {7, 5}, {2, 3}, {1, 9}, {11, 1}, {12, 6}, {3, 2}};
static const char *const materials[] = {
    "material: {conductivity: 1.3, density: 2, heat_capacity: 0.7}",
    "material: {conductivity: [1.3, 0.4], density: 2, heat_capacity: 0.7}",
    "material: {diffusivity: 0.9}",
    "material: {conductivity: ['1.5 + sin(3*x + y)', 0.8], density: 1 + x*x, heat_capacity: 1.5}\n"
    "regions: [{shape: circle, center: [0.4, 0.6], radius: 0.3, conductivity: [5, 0.01]}, "
    "{shape: where, condition: x > y, density: 3, source: 10*x + t}]",
    ("interface: arithmetic\nmaterial: {conductivity: ['1.5 + sin(3*x + y)', 1 + y], density: 1, heat_capacity: 1}\n"
     "regions: [{shape: rectangle, min: [0.2, 0.1], max: [0.7, 0.8], conductivity: 20, heat_capacity: 4 + y}]"),
};
static const char *const sources[] = {"0", "1 + x - y*y", "sin(3*t) + x*t"};
static const char *const sides[] = {
    "",
    "left: {type: dirichlet, value: 3}, right: {type: dirichlet, value: -1}, bottom: {type: dirichlet, value: 2}, "
    "top: {type: dirichlet, value: 0}",
    "left: {type: dirichlet, value: y + t}, right: {type: dirichlet, value: y*y}, "
    "bottom: {type: dirichlet, value: sin(9*t)*x}, top: {type: dirichlet, value: x}",
    "left: {type: neumann, flux: y - t}, right: {type: neumann, flux: 2}, top: {type: neumann, flux: sin(x + t)}",
    "left: {type: robin, coefficient: 2, ambient: 1}, right: {type: robin, coefficient: 1 + y, ambient: y*t}, "
    "bottom: {type: robin, coefficient: 3 + t, ambient: x}, top: {type: robin, coefficient: 0, ambient: 1}",
    "left: {type: periodic}, right: {type: periodic}, bottom: {type: dirichlet, value: x + t}, "
    "top: {type: robin, coefficient: 1 + x, ambient: 2}",
    "bottom: {type: periodic}, top: {type: periodic}, left: {type: neumann, flux: y*t}, "
    "right: {type: dirichlet, value: y}",
    "left: {type: periodic}, right: {type: periodic}, bottom: {type: periodic}, top: {type: periodic}",
    "left: {type: dirichlet, value: 1 + y}, right: {type: neumann, flux: t}, "
    "bottom: {type: robin, coefficient: 2 + x, ambient: 1}, top: {type: dirichlet, value: 1}",
};
enum {
  SHAPES = sizeof shapes / sizeof *shapes,
  MATERIALS = sizeof materials / sizeof *materials,
  SOURCES = sizeof sources / sizeof *sources,
  SIDES = sizeof sides / sizeof *sides
};

/* The input of the plain loop, and the deck of the operators with which it is compared. */
static char deck[4096];
static rig opened;
static const heat_problem *const problem = &opened.problem;

static inline rig_setting of_deck(rig_setting set, const int64_t *cells) {
  set.deck = deck;
  for (int axis = 0; axis < HEAT_AXES; axis++) set.cells[axis] = cells[axis];
  set.size[HEAT_X] = 1;
  set.size[HEAT_Y] = 1.2;
  return set;
}

static inline void open_problem(const int64_t *cells, const char *material, const char *source, const char *walls) {
  snprintf(deck, sizeof deck, "%s\nsource: %s\nboundary: {%s}\n", material, source, walls);
  open_rig(&opened, of_deck((rig_setting){.up_to = RIG_PROBLEM}, cells));
}

static inline void close_problem(void) {
  close_rig(&opened);
}

/* The plain loop. Its arrays have the whole domain with one layer of ghost cells; cell (i, j) is at [j + 1][i + 1]. */
typedef double plain_field[ROWS][COLUMNS];
static plain_field plain_k[HEAT_AXES], plain_inverse, plain_q, plain_fields[FIELDS];

static inline void plain_paint(heat_property property, double t, plain_field field) {
  for (int64_t j = 0; j < problem->cells[HEAT_Y]; j++)
    assert_int_equal(heat_problem_values(problem, property, j, 0, problem->cells[HEAT_X], t, &field[j + 1][1]).code,
                     HEAT_OK);
}

static inline void plain_prepare(void) {
  plain_paint(HEAT_CONDUCTIVITY_X, 0, plain_k[HEAT_X]);
  plain_paint(HEAT_CONDUCTIVITY_Y, 0, plain_k[HEAT_Y]);
  plain_paint(HEAT_DENSITY, 0, plain_inverse);
  plain_paint(HEAT_CAPACITY, 0, plain_q);
  for (int64_t j = 1; j <= problem->cells[HEAT_Y]; j++)
    for (int64_t i = 1; i <= problem->cells[HEAT_X]; i++)
      plain_inverse[j][i] = 1 / (plain_inverse[j][i] * plain_q[j][i]);
}

/* K = k_face / h^2 of the face between cell `at` and the one before it along the axis. */
static inline double plain_conductance(int axis, const int64_t at[HEAT_AXES]) {
  const int64_t n = problem->cells[axis];
  const double h = problem->spacing[axis];
  int64_t low[HEAT_AXES] = {at[HEAT_X], at[HEAT_Y]}, high[HEAT_AXES] = {at[HEAT_X], at[HEAT_Y]};
  low[axis]--;
  const bool seam = problem->sides[2 * axis].periodic;
  if (low[axis] < 0) low[axis] = seam ? n - 1 : 0;
  if (high[axis] == n) high[axis] = seam ? 0 : n - 1;
  const bool wall = !seam && low[axis] == high[axis];
  const double a = plain_k[axis][low[HEAT_Y] + 1][low[HEAT_X] + 1];
  const double b = plain_k[axis][high[HEAT_Y] + 1][high[HEAT_X] + 1];
  const double mean = wall ? b : problem->arithmetic ? (a + b) / 2 : 2 * a * b / (a + b);
  return mean * (1 / (h * h));
}

static inline void plain_ghosts(plain_field u, double t) {
  const int64_t nx = problem->cells[HEAT_X], ny = problem->cells[HEAT_Y];
  for (int side = 0; side < HEAT_SIDES; side++) {
    const int across = side / 2;
    const int64_t n = problem->cells[across], length = problem->cells[1 - across];
    double a[MOST_COLUMNS], b[MOST_COLUMNS], g[MOST_COLUMNS];
    if (!problem->sides[side].periodic)
      assert_int_equal(heat_problem_side(problem, side, 0, length, t, a, b, g).code, HEAT_OK);
    for (int64_t s = 0; s < length; s++) {
      const int64_t in = side % 2 == 0 ? 1 : n, out = side % 2 == 0 ? 0 : n + 1;
      const int64_t from = problem->sides[side].periodic ? n + 1 - in : in;
      const double inner = across == HEAT_X ? u[s + 1][from] : u[from][s + 1];
      double ghost = inner;
      if (!problem->sides[side].periodic) {
        const double k = across == HEAT_X ? plain_k[across][s + 1][in] : plain_k[across][in][s + 1];
        const double value = a[s] / 2, slope = b[s] * (k / problem->spacing[across]);
        ghost = g[s] / (value + slope) + -(value - slope) / (value + slope) * inner;
      }
      *(across == HEAT_X ? &u[s + 1][out] : &u[out][s + 1]) = ghost;
    }
  }
  u[0][0] = u[0][nx + 1] = u[ny + 1][0] = u[ny + 1][nx + 1] = NAN; /* five points need no corners */
}

/* c L(u) in cell (i, j), with ghosts and source in place. */
static inline double plain_change(plain_field u, double c, bool uniform, bool source, int64_t i, int64_t j) {
  const double here = u[j + 1][i + 1], west = u[j + 1][i], east = u[j + 1][i + 2], south = u[j][i + 1],
               north = u[j + 2][i + 1], q = plain_q[j + 1][i + 1], s = plain_inverse[j + 1][i + 1];
  const double dx = problem->spacing[HEAT_X], dy = problem->spacing[HEAT_Y];
  if (uniform) {
    const double rx = plain_k[HEAT_X][1][1] * s / (dx * dx), ry = plain_k[HEAT_Y][1][1] * s / (dy * dy);
    const double p = c * rx, r = c * ry;
    const double change = p == r ? p * (((west + east) + (south + north)) - 4 * here)
                                 : p * ((west + east) - 2 * here) + r * ((south + north) - 2 * here);
    return source ? change + c * s * q : change;
  }
  const double w = plain_conductance(HEAT_X, (int64_t[]){i, j}), e = plain_conductance(HEAT_X, (int64_t[]){i + 1, j});
  const double b = plain_conductance(HEAT_Y, (int64_t[]){i, j}), a = plain_conductance(HEAT_Y, (int64_t[]){i, j + 1});
  const double rate = (e * (east - here) - w * (here - west)) + (a * (north - here) - b * (here - south));
  return (c * s) * (source ? rate + q : rate);
}

/* Do one stage, field by field. If `stage` is NULL, only the largest |L(u)| is found. */
static inline double plain_stage(const heat_stage *stage, plain_field u, double t) {
  double value, largest = 0;
  const bool uniform = heat_problem_uniform_material(problem);
  const bool source = !(heat_problem_uniform(problem, HEAT_SOURCE, &value) && value == 0);
  plain_ghosts(u, t);
  plain_paint(HEAT_SOURCE, t, plain_q);
  for (int64_t j = 0; j < problem->cells[HEAT_Y]; j++) {
    for (int64_t i = 0; i < problem->cells[HEAT_X]; i++) {
      const double c = stage == NULL ? 1 : stage->c, change = plain_change(u, c, uniform, source, i, j);
      largest = fmax(largest, fabs(change));
      if (stage == NULL) continue;
      double sum = stage->term[0].weight * plain_fields[stage->term[0].field][j + 1][i + 1];
      for (int k = 1; k < stage->terms; k++)
        sum += stage->term[k].weight * plain_fields[stage->term[k].field][j + 1][i + 1];
      plain_fields[stage->out][j + 1][i + 1] = stage->c == 0 ? sum : sum + change;
    }
  }
  return largest;
}

/* The same problem as an operator, with fields of random numbers. */
typedef struct noisy_rig {
  rig made;
  heat_field fields[FIELDS];
  heat_field *each[FIELDS];
} noisy_rig;

static inline void open_noisy(noisy_rig *r, rig_setting set) {
  set.up_to = RIG_OPERATOR;
  open_rig(&r->made, of_deck(set, problem->cells));
  const heat_grid *grid = &r->made.grid;
  for (int f = 0; f < FIELDS; f++) {
    r->each[f] = &r->fields[f];
    assert_int_equal(heat_field_create(r->each[f], grid, set.depth).code, HEAT_OK);
    /* Invalid ghost cells are NaN, so that it is noticed if one is used. */
    const size_t doubles = r->fields[f].bytes / sizeof(double);
    for (size_t n = 0; n < doubles; n++) r->fields[f].memory[n] = NAN;
    for (int64_t j = grid->owned.lo[HEAT_Y]; j < grid->owned.hi[HEAT_Y]; j++)
      for (int64_t i = grid->owned.lo[HEAT_X]; i < grid->owned.hi[HEAT_X]; i++)
        *heat_field_at(r->each[f], i, j) = noise((uint64_t)((f * ROWS + j) * COLUMNS + i));
  }
}

static inline void close_noisy(noisy_rig *r) {
  for (int f = 0; f < FIELDS; f++) heat_field_destroy(r->each[f]);
  close_rig(&r->made);
}

static inline void plain_start(void) {
  for (int f = 0; f < FIELDS; f++)
    for (int64_t j = 0; j < problem->cells[HEAT_Y]; j++)
      for (int64_t i = 0; i < problem->cells[HEAT_X]; i++)
        plain_fields[f][j + 1][i + 1] = noise((uint64_t)((f * ROWS + j) * COLUMNS + i));
}

/* Compare the owned cells, and every ghost cell that is marked as valid. */
static inline bool same_as_plain(const noisy_rig *r, const heat_field *field, plain_field expected) {
  const heat_box box = heat_grid_grown(&r->made.grid, r->made.grid.owned, field->valid);
  bool same = field->valid >= 0 && field->valid <= field->depth;
  for (int64_t j = box.lo[HEAT_Y]; j < box.hi[HEAT_Y]; j++)
    for (int64_t i = box.lo[HEAT_X]; i < box.hi[HEAT_X]; i++)
      same =
          same &&
          memcmp(heat_field_at(field, i, j),
                 &expected[heat_grid_wrap(&r->made.grid, HEAT_Y, j) + 1][heat_grid_wrap(&r->made.grid, HEAT_X, i) + 1],
                 8) == 0;
  return same;
}

/* A list that uses all features of stages: one to four terms, results that replace a term, fields of different age. */
static inline int mixed_list(double c, heat_stage list[]) {
  const heat_stage stages[] = {
      {.out = 1, .u = 0, .terms = 1, .term = {{0, 1}}, .c = c, .t = 0.1, .budget_weight = c},
      {.out = 2, .u = 1, .terms = 2, .term = {{0, 0.3}, {1, 0.7}}, .c = c / 2, .t = 0.15},
      {.out = 3,
       .u = 2,
       .terms = 3,
       .term = {{0, 0.2}, {2, 1.3}, {1, -0.5}},
       .c = c / 3,
       .t = 0.2,
       .budget_weight = c / 7},
      {.out = 0, .u = 3, .terms = 4, .term = {{0, 0.25}, {1, 0.25}, {2, 0.25}, {3, 0.25}}, .c = c, .t = 0.2},
      {.out = 1, .u = 3, .terms = 1, .term = {{1, 1}}, .c = c, .t = 0.3, .budget_weight = c / 3},
      {.out = 2, .u = 0, .terms = 1, .term = {{0, 1}}, .c = c, .t = 0, .budget_weight = c},
      {.out = 0, .u = 2, .terms = 1, .term = {{2, 1}}, .c = c, .t = 2, .budget_weight = c},
  };
  memcpy(list, stages, sizeof stages);
  return sizeof stages / sizeof *stages;
}

#endif
