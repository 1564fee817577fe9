/* The operator against a plain serial loop over the whole domain that is written out here as the headers say, bit for
 * bit: lists of stages, rates and totals for every layout, halo depth and number of threads. And what holds for L
 * whatever its bits are: it is self-adjoint, and its spectrum lies below Gershgorin's bound. */
#include "heat2d/numerics/operator.h"
#include "heat2d/numerics/stepper.h"

#include "harness.h"

#include <math.h>
#include <string.h>

enum {
  MOST_COLUMNS = 300,
  MOST_ROWS = 20,
  COLUMNS = MOST_COLUMNS + 2,
  ROWS = MOST_ROWS + 2,
  FIELDS = HEAT_METHOD_FIELDS
};

/* In [-1, 1), the same for the same n on every rank. */
static double noise(uint64_t n) {
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

static heat_config *config;
static heat_problem problem;

static heat_status create_problem(const int64_t *cells, const char *material, const char *source, const char *walls) {
  char deck[4096];
  const int length = snprintf(deck, sizeof deck,
                              "domain: {size: [1, 1.2], cells: [%lld, %lld]}\n%s\nsource: %s\n"
                              "initial: {temperature: 0}\ntime: {end: 1}\nboundary: {%s}\n",
                              (long long)cells[HEAT_X], (long long)cells[HEAT_Y], material, source, walls);
  heat_status status = heat_config_parse(&config, "deck", deck, (size_t)length, NULL, 0);
  assert_string_equal(status.text, "");
  return heat_problem_create(&problem, MPI_COMM_WORLD, config);
}

static void open_problem(const int64_t *cells, const char *material, const char *source, const char *walls) {
  const heat_status status = create_problem(cells, material, source, walls);
  assert_string_equal(status.text, "");
}

static void close_problem(void) {
  heat_problem_destroy(&problem);
  heat_config_destroy(config);
}

/* The plain loop. Arrays of the whole domain with a rim of one ghost cell, cell (i, j) at [j + 1][i + 1]. */
typedef double plain_field[ROWS][COLUMNS];
static plain_field plain_k[HEAT_AXES], plain_inverse, plain_q, plain_fields[FIELDS];

static void plain_paint(heat_property property, double t, plain_field field) {
  for (int64_t j = 0; j < problem.cells[HEAT_Y]; j++)
    assert_int_equal(heat_problem_values(&problem, property, j, 0, problem.cells[HEAT_X], t, &field[j + 1][1]).code,
                     HEAT_OK);
}

static void plain_prepare(void) {
  plain_paint(HEAT_CONDUCTIVITY_X, 0, plain_k[HEAT_X]);
  plain_paint(HEAT_CONDUCTIVITY_Y, 0, plain_k[HEAT_Y]);
  plain_paint(HEAT_DENSITY, 0, plain_inverse);
  plain_paint(HEAT_CAPACITY, 0, plain_q);
  for (int64_t j = 1; j <= problem.cells[HEAT_Y]; j++)
    for (int64_t i = 1; i <= problem.cells[HEAT_X]; i++)
      plain_inverse[j][i] = 1 / (plain_inverse[j][i] * plain_q[j][i]);
}

/* Of the face between cell `at` and the one before it along the axis: K = k_face / h^2. */
static double plain_conductance(int axis, const int64_t at[HEAT_AXES]) {
  const int64_t n = problem.cells[axis];
  const double h = problem.spacing[axis];
  int64_t low[HEAT_AXES] = {at[HEAT_X], at[HEAT_Y]}, high[HEAT_AXES] = {at[HEAT_X], at[HEAT_Y]};
  low[axis]--;
  const bool seam = problem.sides[2 * axis].periodic;
  if (low[axis] < 0) low[axis] = seam ? n - 1 : 0;
  if (high[axis] == n) high[axis] = seam ? 0 : n - 1;
  const bool wall = !seam && low[axis] == high[axis];
  const double a = plain_k[axis][low[HEAT_Y] + 1][low[HEAT_X] + 1];
  const double b = plain_k[axis][high[HEAT_Y] + 1][high[HEAT_X] + 1];
  const double mean = wall ? b : problem.arithmetic ? (a + b) / 2 : 2 * a * b / (a + b);
  return mean * (1 / (h * h));
}

static void plain_ghosts(plain_field u, double t) {
  const int64_t nx = problem.cells[HEAT_X], ny = problem.cells[HEAT_Y];
  for (int side = 0; side < HEAT_SIDES; side++) {
    const int across = side / 2;
    const int64_t n = problem.cells[across], length = problem.cells[1 - across];
    double a[MOST_COLUMNS], b[MOST_COLUMNS], g[MOST_COLUMNS];
    if (!problem.sides[side].periodic)
      assert_int_equal(heat_problem_side(&problem, side, 0, length, t, a, b, g).code, HEAT_OK);
    for (int64_t s = 0; s < length; s++) {
      const int64_t in = side % 2 == 0 ? 1 : n, out = side % 2 == 0 ? 0 : n + 1;
      const int64_t from = problem.sides[side].periodic ? n + 1 - in : in;
      const double inner = across == HEAT_X ? u[s + 1][from] : u[from][s + 1];
      double ghost = inner;
      if (!problem.sides[side].periodic) {
        const double k = across == HEAT_X ? plain_k[across][s + 1][in] : plain_k[across][in][s + 1];
        const double value = a[s] / 2, slope = b[s] * (k / problem.spacing[across]);
        ghost = g[s] / (value + slope) + -(value - slope) / (value + slope) * inner;
      }
      *(across == HEAT_X ? &u[s + 1][out] : &u[out][s + 1]) = ghost;
    }
  }
  u[0][0] = u[0][nx + 1] = u[ny + 1][0] = u[ny + 1][nx + 1] = NAN; /* five points need no corners */
}

/* c L(u) in cell (i, j), with ghosts and source in place. */
static double plain_change(plain_field u, double c, bool uniform, bool source, int64_t i, int64_t j) {
  const double here = u[j + 1][i + 1], west = u[j + 1][i], east = u[j + 1][i + 2], south = u[j][i + 1],
               north = u[j + 2][i + 1], q = plain_q[j + 1][i + 1], s = plain_inverse[j + 1][i + 1];
  const double dx = problem.spacing[HEAT_X], dy = problem.spacing[HEAT_Y];
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

/* Field by field as the stage says; with stage NULL only the largest |L(u)| is found. */
static double plain_stage(const heat_stage *stage, plain_field u, double t) {
  double value, largest = 0;
  const bool uniform = heat_problem_uniform_material(&problem);
  const bool source = !(heat_problem_uniform(&problem, HEAT_SOURCE, &value) && value == 0);
  plain_ghosts(u, t);
  plain_paint(HEAT_SOURCE, t, plain_q);
  for (int64_t j = 0; j < problem.cells[HEAT_Y]; j++) {
    for (int64_t i = 0; i < problem.cells[HEAT_X]; i++) {
      const double c = stage == NULL ? 1 : stage->c, change = plain_change(u, c, uniform, source, i, j);
      largest = fmax(largest, fabs(change));
      if (stage == NULL) continue;
      double sum = stage->term[0].weight * plain_fields[stage->term[0].field][j + 1][i + 1];
      for (int k = 1; k < stage->terms; k++)
        sum += stage->term[k].weight * plain_fields[stage->term[k].field][j + 1][i + 1];
      plain_fields[stage->out][j + 1][i + 1] = sum + change;
    }
  }
  return largest;
}

/* The same problem as the operator sees it. */
typedef struct rig {
  heat_grid grid;
  heat_runtime runtime;
  heat_operator op;
  heat_field fields[FIELDS];
  heat_field *each[FIELDS];
} rig;

static void open_rig(rig *r, MPI_Comm comm, const int *ranks, int depth, int threads) {
  assert_int_equal(heat_grid_create(&r->grid, comm, &problem, ranks).code, HEAT_OK);
  heat_runtime_create(&r->runtime, comm);
  const heat_status status = heat_operator_create(&r->op, &r->grid, &r->runtime, depth, threads);
  assert_string_equal(status.text, "");
  for (int f = 0; f < FIELDS; f++) {
    r->each[f] = &r->fields[f];
    assert_int_equal(heat_field_create(r->each[f], &r->grid, depth).code, HEAT_OK);
    /* A ghost that is used before it is valid shows. */
    const size_t doubles = heat_field_bytes(r->grid.owned, depth) / sizeof(double);
    for (size_t n = 0; n < doubles; n++) r->fields[f].memory[n] = NAN;
    for (int64_t j = r->grid.owned.lo[HEAT_Y]; j < r->grid.owned.hi[HEAT_Y]; j++)
      for (int64_t i = r->grid.owned.lo[HEAT_X]; i < r->grid.owned.hi[HEAT_X]; i++)
        *heat_field_at(r->each[f], i, j) = noise((uint64_t)((f * ROWS + j) * COLUMNS + i));
  }
}

static void close_rig(rig *r) {
  for (int f = 0; f < FIELDS; f++) heat_field_destroy(r->each[f]);
  heat_operator_destroy(&r->op);
  heat_runtime_destroy(&r->runtime);
}

static void plain_start(void) {
  for (int f = 0; f < FIELDS; f++)
    for (int64_t j = 0; j < problem.cells[HEAT_Y]; j++)
      for (int64_t i = 0; i < problem.cells[HEAT_X]; i++)
        plain_fields[f][j + 1][i + 1] = noise((uint64_t)((f * ROWS + j) * COLUMNS + i));
}

/* Owned cells, and every ghost cell that is said to be valid. */
static bool same_as_plain(const rig *r, const heat_field *field, plain_field plain) {
  const heat_box box = heat_grid_grown(&r->grid, r->grid.owned, field->valid);
  bool same = field->valid >= 0 && field->valid <= field->depth;
  for (int64_t j = box.lo[HEAT_Y]; j < box.hi[HEAT_Y]; j++)
    for (int64_t i = box.lo[HEAT_X]; i < box.hi[HEAT_X]; i++)
      same = same &&
             memcmp(heat_field_at(field, i, j),
                    &plain[heat_grid_wrap(&r->grid, HEAT_Y, j) + 1][heat_grid_wrap(&r->grid, HEAT_X, i) + 1], 8) == 0;
  return same;
}

/* A list that uses all that a stage can be: one to four terms, results in place of a term, fields of different age. */
static int mixed_list(double c, heat_stage list[]) {
  const heat_stage stages[] = {
      {.out = 1, .u = 0, .terms = 1, .term = {{0, 1}}, .c = c, .t = 0.1, .share = c},
      {.out = 2, .u = 1, .terms = 2, .term = {{0, 0.3}, {1, 0.7}}, .c = c / 2, .t = 0.15},
      {.out = 3, .u = 2, .terms = 3, .term = {{0, 0.2}, {2, 1.3}, {1, -0.5}}, .c = c / 3, .t = 0.2, .share = c / 7},
      {.out = 0, .u = 3, .terms = 4, .term = {{0, 0.25}, {1, 0.25}, {2, 0.25}, {3, 0.25}}, .c = c, .t = 0.2},
      {.out = 1, .u = 3, .terms = 1, .term = {{1, 1}}, .c = c, .t = 0.3, .share = c / 3},
      {.out = 2, .u = 0, .terms = 1, .term = {{0, 1}}, .c = c, .t = 0, .share = c},
      {.out = 0, .u = 2, .terms = 1, .term = {{2, 1}}, .c = c, .t = 2, .share = c},
  };
  memcpy(list, stages, sizeof stages);
  return sizeof stages / sizeof *stages;
}

/* Operands that are older than the field whose halo is fresh: their ghosts must not be taken for valid. */
static int aged_list(double c, heat_stage list[]) {
  const heat_stage stages[] = {
      {.out = 1, .u = 0, .terms = 1, .term = {{0, 1}}, .c = c, .t = 0.1, .share = c},
      {.out = 2, .u = 1, .terms = 1, .term = {{1, 1}}, .c = c, .t = 0.2, .share = c},
      {.out = 0, .u = 2, .terms = 2, .term = {{2, 0.5}, {3, 0.5}}, .c = c, .t = 0.3, .share = c},
      {.out = 1, .u = 0, .terms = 1, .term = {{0, 1}}, .c = c, .t = 0.4, .share = c},
      {.out = 2, .u = 1, .terms = 1, .term = {{1, 1}}, .c = c, .t = 0.5, .share = c},
      {.out = 0, .u = 3, .terms = 2, .term = {{2, 0.5}, {3, 0.5}}, .c = c, .t = 0.6, .share = c},
      {.out = 3, .u = 0, .terms = 1, .term = {{0, 1}}, .c = c, .t = 0.7, .share = c},
  };
  memcpy(list, stages, sizeof stages);
  return sizeof stages / sizeof *stages;
}

/* Three steps of a method, from fields[0]; the parts that fields play are exchanged after each. */
static int method_list(const heat_method *method, double dt, heat_stage list[]) {
  int count = 0, place[FIELDS];
  for (int f = 0; f < FIELDS; f++) place[f] = f;
  for (int step = 0; step < 3; step++) {
    int result;
    const int added = method->stages(step * dt, dt, list + count, &result);
    for (heat_stage *stage = list + count; stage < list + count + added; stage++) {
      stage->out = place[stage->out];
      stage->u = place[stage->u];
      for (int k = 0; k < stage->terms; k++) stage->term[k].field = place[stage->term[k].field];
    }
    const int solution = place[result];
    place[result] = place[0];
    place[0] = solution;
    count += added;
  }
  return count;
}

/* The mixed list, the aged one, and those of the methods. */
enum { MIXED, AGED, OF_METHODS };
static int make_list(int which, double bound, heat_stage list[]) {
  if (which == MIXED) return mixed_list(0.4 / bound, list);
  if (which == AGED) return aged_list(0.4 / bound, list);
  return method_list(&heat_methods[which - OF_METHODS], 0.3 / bound, list);
}

typedef struct totals {
  heat_energy energy;
  double wall_heat, moved, source_heat, bound;
} totals;

static totals totals_of(rig *r) {
  totals sums = {.bound = heat_operator_bounds(&r->op).spectral};
  sums.energy = heat_operator_energy(&r->op, r->each[0]);
  sums.moved = heat_ledger_wall_moved(&r->op.ledger);
  sums.wall_heat = heat_ledger_wall_heat(&r->op.ledger);
  sums.source_heat = heat_ledger_source_heat(&r->op.ledger);
  return sums;
}

/* Run the list twice on this layout and compare fields, rate and totals. `expected` are the totals on one rank. */
static bool list_is_right(const int *ranks, int depth, int threads, int which, const totals *expected) {
  heat_stage list[3 * HEAT_METHOD_STAGES + 8];
  rig r;
  bool right = true;
  open_rig(&r, MPI_COMM_WORLD, ranks, depth, threads);
  plain_start();
  const int count = make_list(which, heat_operator_bounds(&r.op).spectral, list);
  for (int again = 0; again < 2; again++) {
    const heat_status status = heat_operator_apply(&r.op, list, count, r.each);
    right = right && status.code == HEAT_OK;
    for (int s = 0; s < count; s++) plain_stage(&list[s], plain_fields[list[s].u], list[s].t);
    for (int f = 0; f < FIELDS; f++) right = right && same_as_plain(&r, r.each[f], plain_fields[f]);
  }
  const totals sums = totals_of(&r);
  right = right && memcmp(&sums, expected, sizeof sums) == 0;
  double rate;
  heat_bounds bounds = {0};
  const heat_status rated = heat_operator_rate(&r.op, r.each[depth % 2], 0.7, &rate);
  right = right && rated.code == HEAT_OK && rate == plain_stage(NULL, plain_fields[depth % 2], 0.7);
  right = right && heat_stencil_bound(&r.grid, &bounds).code == HEAT_OK &&
          bounds.spectral <= heat_operator_bounds(&r.op).spectral;
  bounds = heat_bounds_agree(bounds, MPI_COMM_WORLD);
  const heat_bounds all = heat_operator_bounds(&r.op);
  right = right && memcmp(&bounds, &all, sizeof bounds) == 0;
  close_rig(&r);
  return everywhere(right);
}

static totals totals_on_one_rank(int which) {
  static const int alone[HEAT_AXES] = {1, 1};
  heat_stage list[3 * HEAT_METHOD_STAGES + 8];
  rig r;
  open_rig(&r, MPI_COMM_SELF, alone, 1, 1);
  const int count = make_list(which, heat_operator_bounds(&r.op).spectral, list);
  for (int again = 0; again < 2; again++)
    assert_int_equal(heat_operator_apply(&r.op, list, count, r.each).code, HEAT_OK);
  const totals sums = totals_of(&r);
  close_rig(&r);
  return sums;
}

/* One problem on every layout with every depth; on several ranks on every seventh of them in turn, for time's sake. */
static int check_problem(int number) {
  static const int depths[] = {1, 2, 3, 5};
  static int turn;
  enum { THINNED = 7 };
  int size, checked = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  plain_prepare();
  for (int which = 0; which < OF_METHODS + HEAT_METHODS; which++) {
    const totals expected = totals_on_one_rank(which);
    for (int px = 1; px <= size; px++) {
      if (size % px != 0 || px > problem.cells[HEAT_X] || size / px > problem.cells[HEAT_Y]) continue;
      const int ranks[HEAT_AXES] = {px, size / px};
      for (int d = 0; d < 4; d++) {
        if (size > 1 && turn++ % THINNED != 0) continue;
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
  assert_true(checked >= 2 * MATERIALS * SIDES); /* whatever the number of ranks, most problems can be placed */
}

/* Blocks of several tiles, however large those are: grids much wider than a tile's row, and of many rows. */
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
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int m = 0; m < MATERIALS; m += 3) {
    open_problem(shapes[0], materials[m], sources[2], sides[5]);
    plain_prepare();
    const totals expected = totals_on_one_rank(AGED);
    const int ranks[HEAT_AXES] = {1, size};
    assert_true(list_is_right(ranks, 2, 2, AGED, &expected));
    close_problem();
  }
}

static void a_nan_in_any_cell_makes_the_rate_infinite_on_all_ranks(void **state) {
  (void)state;
  static const int chosen[HEAT_AXES] = {0, 0};
  for (int m = 0; m < MATERIALS; m += 3) {
    open_problem(shapes[1], materials[m], sources[1], sides[8]);
    rig r;
    open_rig(&r, MPI_COMM_WORLD, chosen, 2, 1);
    for (int64_t cell = 0; cell < 35; cell++) {
      const int64_t i = cell % 7, j = cell / 7;
      const heat_box one = {{i, j}, {i + 1, j + 1}};
      const bool own = !heat_box_empty(heat_box_intersect(one, r.grid.owned));
      double *at = own ? heat_field_at(r.each[0], i, j) : NULL, kept = 0, rate;
      if (own) kept = *at;
      if (own) *at = NAN;
      r.fields[0].valid = 0;
      assert_int_equal(heat_operator_rate(&r.op, r.each[0], 0, &rate).code, HEAT_OK);
      if (own) *at = kept;
      assert_true(everywhere(isinf(rate)));
    }
    close_rig(&r);
    close_problem();
  }
}

/* L(u) of fields[u] into fields[out]. */
static void apply_operator(rig *r, int u, int out) {
  const heat_stage stage = {.out = out, .u = u, .terms = 1, .term = {{u, 0}}, .c = 1};
  assert_int_equal(heat_operator_apply(&r->op, &stage, 1, r->each).code, HEAT_OK);
}

/* The product of two fields weighted with rho c_p, and the sum of the absolute values of its terms. */
static double product(const rig *r, int a, int b, double *scale) {
  heat_sum sum = {0}, absolute = {0};
  for (int64_t j = r->grid.owned.lo[HEAT_Y]; j < r->grid.owned.hi[HEAT_Y]; j++) {
    for (int64_t i = r->grid.owned.lo[HEAT_X]; i < r->grid.owned.hi[HEAT_X]; i++) {
      const double both = *heat_field_at(r->each[a], i, j) * *heat_field_at(r->each[b], i, j);
      heat_sum_add(&sum, both / plain_inverse[j + 1][i + 1]);
      heat_sum_add(&absolute, fabs(both) / plain_inverse[j + 1][i + 1]);
    }
  }
  sum = heat_sum_reduce(&sum, r->grid.comm);
  absolute = heat_sum_reduce(&absolute, r->grid.comm);
  if (scale != NULL) *scale = heat_sum_value(&absolute);
  return heat_sum_value(&sum);
}

static const char *const homogeneous_sides[] = {
    "",
    "left: {type: dirichlet, value: 0}, right: {type: dirichlet, value: 0}, bottom: {type: dirichlet, value: 0}, "
    "top: {type: dirichlet, value: 0}",
    "left: {type: robin, coefficient: 1 + y, ambient: 0}, right: {type: robin, coefficient: 50, ambient: 0}, "
    "bottom: {type: robin, coefficient: 2, ambient: 0}, top: {type: robin, coefficient: 0.1, ambient: 0}",
    "left: {type: periodic}, right: {type: periodic}, bottom: {type: periodic}, top: {type: periodic}",
    "left: {type: periodic}, right: {type: periodic}, bottom: {type: dirichlet, value: 0}",
    "left: {type: dirichlet, value: 0}, top: {type: robin, coefficient: 3, ambient: 0}",
};
enum { HOMOGENEOUS_SIDES = sizeof homogeneous_sides / sizeof *homogeneous_sides };
/* Without the regions' sources: L is linear. */
static const char *const linear_materials[] = {
    "material: {conductivity: [1.3, 0.4], density: 2, heat_capacity: 0.7}",
    "material: {conductivity: ['1.5 + sin(3*x + y)', 0.8], density: 1 + x*x, heat_capacity: 1.5}\n"
    "regions: [{shape: circle, center: [0.4, 0.6], radius: 0.3, conductivity: [5, 0.01]}]",
    "interface: arithmetic\nmaterial: {conductivity: [1 + x, 1 + y], density: 1, heat_capacity: 1}\n"
    "regions: [{shape: rectangle, min: [0.2, 0.1], max: [0.7, 0.8], conductivity: 200, heat_capacity: 4 + y}]",
};
enum { LINEAR_MATERIALS = sizeof linear_materials / sizeof *linear_materials };

static void the_operator_is_self_adjoint_and_lets_no_heat_appear(void **state) {
  (void)state;
  static const int chosen[HEAT_AXES] = {0, 0};
  for (int n = 0; n < LINEAR_MATERIALS * HOMOGENEOUS_SIDES; n++) {
    open_problem(shapes[n % 2], linear_materials[n / HOMOGENEOUS_SIDES], "0", homogeneous_sides[n % HOMOGENEOUS_SIDES]);
    plain_prepare();
    rig r;
    double scale;
    open_rig(&r, MPI_COMM_WORLD, chosen, 1 + n % 3, 1);
    apply_operator(&r, 0, 2);
    apply_operator(&r, 1, 3);
    const double luv = product(&r, 2, 1, &scale), ulv = product(&r, 0, 3, NULL), luu = product(&r, 2, 0, NULL);
    assert_true(fabs(luv - ulv) <= 1e-13 * scale);
    assert_true(fabs(luv) > 1e-6 * scale); /* not by being nothing */
    assert_true(luu < 0);                  /* heat only spreads */
    close_rig(&r);
    close_problem();
  }
}

/* The matrix of L, column by column from fields that are 1 in one cell: its largest diagonal, and the largest sum of
 * the sizes in a row, which is Gershgorin's bound. On slabs too: of one cell across, the faces that conduct nothing do
 * not count, and where nothing conducts both are 0. */
static heat_bounds bounds_of_the_matrix(rig *r) {
  static plain_field rows;
  const heat_box owned = r->grid.owned;
  double found[2] = {0, 0};
  memset(rows, 0, sizeof rows);
  for (int64_t cell = 0; cell < problem.cells[HEAT_X] * problem.cells[HEAT_Y]; cell++) {
    const int64_t ci = cell % problem.cells[HEAT_X], cj = cell / problem.cells[HEAT_X];
    for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
      for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++)
        *heat_field_at(r->each[0], i, j) = i == ci && j == cj ? 1 : 0;
    r->fields[0].valid = 0;
    apply_operator(r, 0, 2);
    for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
      for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) {
        const double entry = *heat_field_at(r->each[2], i, j);
        rows[j][i] += fabs(entry);
        if (i == ci && j == cj) found[0] = fmax(found[0], -entry);
      }
  }
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) found[1] = fmax(found[1], rows[j][i]);
  MPI_Allreduce(MPI_IN_PLACE, found, 2, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  return (heat_bounds){.diagonal = found[0], .spectral = found[1]};
}

static void the_bounds_are_those_of_the_matrix(void **state) {
  (void)state;
  static const int64_t grids[][HEAT_AXES] = {{7, 5}, {2, 3}, {6, 1}, {1, 6}, {2, 6}};
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int n = 0; n < 5 * LINEAR_MATERIALS * HOMOGENEOUS_SIDES; n++) {
    const int64_t *cells = grids[n / (LINEAR_MATERIALS * HOMOGENEOUS_SIDES)];
    const char *material = linear_materials[n / HOMOGENEOUS_SIDES % LINEAR_MATERIALS];
    heat_layout layout = {.cells = {cells[HEAT_X], cells[HEAT_Y]}};
    if (!heat_layout_choose(&layout, size)) continue;
    open_problem(cells, material, "0", homogeneous_sides[n % HOMOGENEOUS_SIDES]);
    rig r;
    open_rig(&r, MPI_COMM_WORLD, layout.ranks, 2, 1);
    const heat_bounds matrix = bounds_of_the_matrix(&r), have = heat_operator_bounds(&r.op);
    if (!(fabs(have.diagonal - matrix.diagonal) <= 1e-12 * matrix.diagonal &&
          fabs(have.spectral - matrix.spectral) <= 1e-12 * matrix.spectral && have.spectral <= have.all_faces))
      fail_msg("problem %d: diagonal %g, spectral %g instead of %g, %g", n, have.diagonal, have.spectral,
               matrix.diagonal, matrix.spectral);
    close_rig(&r);
    close_problem();
  }
}

/* A Robin wall whose coefficient will grow counts as if it were held at a temperature; an ambient temperature may do
 * what it likes. */
static void walls_that_will_change_are_bounded_for_all_time(void **state) {
  (void)state;
  static const int chosen[HEAT_AXES] = {0, 0};
  static const int64_t square[] = {8, 8};
  static const char *const walls[] = {"left: {type: dirichlet, value: 0}, top: {type: dirichlet, value: 0}",
                                      ("left: {type: robin, coefficient: '1e9*t', ambient: 0}, "
                                       "top: {type: robin, coefficient: 'exp(t)', ambient: 0}"),
                                      "left: {type: robin, coefficient: 2, ambient: 0}",
                                      "left: {type: robin, coefficient: 2, ambient: 'sin(t)'}"};
  heat_bounds have[4];
  for (int n = 0; n < 4; n++) {
    open_problem(square, linear_materials[0], "0", walls[n]);
    rig r;
    open_rig(&r, MPI_COMM_WORLD, chosen, 2, 1);
    have[n] = heat_operator_bounds(&r.op);
    close_rig(&r);
    close_problem();
  }
  assert_memory_equal(&have[0], &have[1], sizeof have[0]);
  assert_memory_equal(&have[2], &have[3], sizeof have[2]);
  assert_true(have[2].diagonal < have[0].diagonal);
}

/* Power iteration: the Rayleigh quotient bounds the largest eigenvalue of -L from below, Gershgorin from above. */
static void the_spectrum_lies_below_the_bound(void **state) {
  (void)state;
  enum { ITERATIONS = 150 };
  static const int chosen[HEAT_AXES] = {0, 0};
  for (int n = 0; n < LINEAR_MATERIALS * HOMOGENEOUS_SIDES; n++) {
    open_problem(shapes[n % 2], linear_materials[n / HOMOGENEOUS_SIDES], "0", homogeneous_sides[n % HOMOGENEOUS_SIDES]);
    plain_prepare();
    rig r;
    open_rig(&r, MPI_COMM_WORLD, chosen, 5, 1);
    const double bound = heat_operator_bounds(&r.op).spectral;
    for (int k = 0; k < ITERATIONS; k++) {
      /* v <- -L(v) / bound: no longer than before when the bound is one. */
      const heat_stage stage = {.out = 1 - k % 2, .u = k % 2, .terms = 1, .term = {{k % 2, 0}}, .c = -1 / bound};
      assert_int_equal(heat_operator_apply(&r.op, &stage, 1, r.each).code, HEAT_OK);
    }
    apply_operator(&r, 0, 2);
    const double largest = -product(&r, 0, 2, NULL) / product(&r, 0, 0, NULL);
    assert_true(largest <= bound * (1 + 1e-12));
    assert_true(largest > 0.45 * bound); /* the bound is no waste either */
    close_rig(&r);
    close_problem();
  }
}

/* A checkerboard on an even torus is the mode that Gershgorin's bound is for. */
static void the_bound_is_attained_by_the_checkerboard(void **state) {
  (void)state;
  static const int chosen[HEAT_AXES] = {0, 0};
  open_problem(shapes[5], linear_materials[0], "0", homogeneous_sides[3]);
  rig r;
  bool right = true;
  open_rig(&r, MPI_COMM_WORLD, chosen, 1, 1);
  for (int64_t j = r.grid.owned.lo[HEAT_Y]; j < r.grid.owned.hi[HEAT_Y]; j++)
    for (int64_t i = r.grid.owned.lo[HEAT_X]; i < r.grid.owned.hi[HEAT_X]; i++)
      *heat_field_at(r.each[0], i, j) = (i + j) % 2 == 0 ? 1 : -1;
  apply_operator(&r, 0, 1);
  for (int64_t j = r.grid.owned.lo[HEAT_Y]; j < r.grid.owned.hi[HEAT_Y]; j++)
    for (int64_t i = r.grid.owned.lo[HEAT_X]; i < r.grid.owned.hi[HEAT_X]; i++)
      right = right && fabs(*heat_field_at(r.each[1], i, j) * ((i + j) % 2 == 0 ? 1 : -1) +
                            heat_operator_bounds(&r.op).spectral) <= 1e-13 * heat_operator_bounds(&r.op).spectral;
  assert_true(everywhere(right));
  close_rig(&r);
  close_problem();
}

/* What flows in through each side: the same bits on every layout, the plain loop's differences across the wall, and
 * over a step of Euler what that step counts. */
static void flows_are_those_across_the_walls(void **state) {
  (void)state;
  static const int chosen[HEAT_AXES] = {0, 0}, alone[HEAT_AXES] = {1, 1};
  const double t = 0.3;
  for (int n = 0; n < MATERIALS * SIDES; n++) {
    rig r, one;
    double flows[HEAT_SIDES], expected[HEAT_SIDES], again[HEAT_SIDES], counted = 0, sum = 0;
    open_problem(shapes[n % 2], materials[n / SIDES], "1", sides[n % SIDES]);
    plain_prepare();
    plain_start();
    plain_ghosts(plain_fields[0], t);
    open_rig(&one, MPI_COMM_SELF, alone, 1, 1);
    open_rig(&r, MPI_COMM_WORLD, chosen, 2, 1);
    assert_int_equal(heat_operator_flows(&one.op, one.each[0], t, expected).code, HEAT_OK);
    assert_int_equal(heat_operator_flows(&r.op, r.each[0], t, flows).code, HEAT_OK);
    assert_true(everywhere(memcmp(flows, expected, sizeof flows) == 0));
    for (int side = 0; side < HEAT_SIDES; side++) {
      const int across = side / 2;
      const double h = problem.spacing[across], length = problem.spacing[1 - across];
      double across_wall = 0, scale = 0;
      for (int64_t s = 1; s <= problem.cells[1 - across] && !problem.sides[side].periodic; s++) {
        const int64_t in = side % 2 == 0 ? 1 : problem.cells[across], out = side % 2 == 0 ? 0 : in + 1;
        const double inner = plain_fields[0][across == HEAT_X ? s : in][across == HEAT_X ? in : s];
        const double ghost = plain_fields[0][across == HEAT_X ? s : out][across == HEAT_X ? out : s];
        const double slope = plain_k[across][across == HEAT_X ? s : in][across == HEAT_X ? in : s] / h * length;
        across_wall += slope * (ghost - inner);
        scale += slope * (fabs(ghost) + fabs(inner));
      }
      if (!(fabs(flows[side] - across_wall) <= 1e-14 * scale))
        fail_msg("problem %d, %s: %g, not %g", n, heat_side_names[side], flows[side], across_wall);
      sum += flows[side];
      counted += scale;
    }
    const double c = 0.1 / heat_operator_bounds(&r.op).spectral;
    const heat_stage step = {.out = 1, .u = 0, .terms = 1, .term = {{0, 1}}, .c = c, .t = t, .share = c};
    assert_int_equal(heat_operator_apply(&r.op, &step, 1, r.each).code, HEAT_OK);
    assert_true(fabs(heat_ledger_wall_heat(&r.op.ledger) - c * sum) <= 1e-14 * c * counted);
    /* Asking in between changes nothing, and walls of another time are evaluated anew. */
    assert_int_equal(heat_operator_flows(&r.op, r.each[0], t + 1, again).code, HEAT_OK);
    assert_int_equal(heat_operator_flows(&r.op, r.each[0], t, again).code, HEAT_OK);
    assert_true(everywhere(memcmp(flows, again, sizeof flows) == 0));
    close_rig(&r);
    close_rig(&one);
    close_problem();
  }
}

/* An insulated wall lets through nothing at all, and a prescribed flux is that, whatever the field is. */
static void a_prescribed_flux_flows_to_the_bit(void **state) {
  (void)state;
  static const int chosen[HEAT_AXES] = {0, 0};
  static const int64_t square[] = {16, 8};
  open_problem(square, materials[3], "0", "left: {type: neumann, flux: -4}, top: {type: neumann, flux: 2.5}");
  rig r;
  double flows[HEAT_SIDES];
  open_rig(&r, MPI_COMM_WORLD, chosen, 1, 1);
  assert_int_equal(heat_operator_flows(&r.op, r.each[0], 0, flows).code, HEAT_OK);
  assert_true(flows[HEAT_RIGHT] == 0 && flows[HEAT_BOTTOM] == 0);
  assert_true(fabs(flows[HEAT_LEFT] + 4 * 1.2) <= 1e-14 && fabs(flows[HEAT_TOP] - 2.5) <= 1e-14);
  close_rig(&r);
  close_problem();
}

/* An operator that cannot be: the same failure on all ranks, though only one of them has the cell. */
static void check_refused(const char *material, const char *source, const char *walls, const char *says) {
  static const int chosen[HEAT_AXES] = {0, 0};
  open_problem(shapes[0], material, source, walls);
  heat_grid grid;
  heat_runtime runtime;
  heat_operator op;
  assert_int_equal(heat_grid_create(&grid, MPI_COMM_WORLD, &problem, chosen).code, HEAT_OK);
  heat_runtime_create(&runtime, MPI_COMM_WORLD);
  const heat_status status = heat_operator_create(&op, &grid, &runtime, 2, 1);
  assert_true(everywhere(status.code == HEAT_DECK));
  assert_true(everywhere(strstr(status.text, says) != NULL));
  heat_operator_destroy(&op);
  heat_runtime_destroy(&runtime);
  close_problem();
}

static void coefficients_that_cannot_be_are_refused_on_all_ranks(void **state) {
  (void)state;
  check_refused("material: {diffusivity: 'x < 0.95 || y < 1.1 ? 1 : -1'}", "0", "",
                "material.diffusivity: is -1 at x = 0.961538, y = 1.14545");
  check_refused("material: {diffusivity: 1}", "'x > 0.05 ? 1 : sqrt(-1)'", "", "source: is ");
  check_refused("material: {diffusivity: 1}", "0", "top: {type: dirichlet, value: 'x > 0.05 ? 1 : sqrt(-1)'}",
                "boundary.top.value: is ");
  check_refused("material: {diffusivity: '1e200*1e108*(1 + 0*x)'}", "0", "",
                "material: gives a spectral bound of inf 1/s");
}

/* A source that fails at a later time in one rank's cells: the list is gone through to its end, nobody hangs. */
static void an_expression_that_fails_in_time_is_this_ranks_own_failure(void **state) {
  (void)state;
  static const int chosen[HEAT_AXES] = {0, 0};
  open_problem(shapes[0], materials[0], "'x > 0.05 ? t : sqrt(0.15 - t)'", sides[0]);
  rig r;
  heat_stage list[8];
  open_rig(&r, MPI_COMM_WORLD, chosen, 2, 1);
  const int count = mixed_list(0.1 / heat_operator_bounds(&r.op).spectral, list);
  const heat_status mine = heat_operator_apply(&r.op, list, count, r.each);
  const bool has_column = r.grid.owned.lo[HEAT_X] == 0;
  assert_true(everywhere(!has_column || mine.code == HEAT_DECK));
  const heat_status agreed = heat_agree(MPI_COMM_WORLD, mine);
  assert_true(everywhere(agreed.code == HEAT_DECK && strstr(agreed.text, "t = 0.2") != NULL));
  double rate;
  assert_true(everywhere(heat_operator_rate(&r.op, r.each[0], 0.3, &rate).code == HEAT_DECK));
  close_rig(&r);
  close_problem();
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lists_of_stages_have_the_bits_of_the_plain_loop),
      cmocka_unit_test(tiles_change_no_bit),
      cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(a_nan_in_any_cell_makes_the_rate_infinite_on_all_ranks),
      cmocka_unit_test(the_operator_is_self_adjoint_and_lets_no_heat_appear),
      cmocka_unit_test(the_bounds_are_those_of_the_matrix),
      cmocka_unit_test(walls_that_will_change_are_bounded_for_all_time),
      cmocka_unit_test(the_spectrum_lies_below_the_bound),
      cmocka_unit_test(the_bound_is_attained_by_the_checkerboard),
      cmocka_unit_test(flows_are_those_across_the_walls),
      cmocka_unit_test(a_prescribed_flux_flows_to_the_bit),
      cmocka_unit_test(coefficients_that_cannot_be_are_refused_on_all_ranks),
      cmocka_unit_test(an_expression_that_fails_in_time_is_this_ranks_own_failure),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
