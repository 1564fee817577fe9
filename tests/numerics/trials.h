/* Linear systems on which the multigrid is tested, with materials of all kinds on the grid of a rig, and the solution
 * of such a system by conjugate gradients. */
#ifndef HEAT2D_TRIALS_H
#define HEAT2D_TRIALS_H

#include "heat2d/base/sum.h"
#include "heat2d/grid/halo.h"
#include "heat2d/numerics/multigrid.h"

#include "harness.h"
#include "rig.h"

#include <math.h>
#include <string.h>

/* The pattern of the conductivity. */
typedef enum pattern {
  EVEN,
  PIPE,
  INCLUSIONS,
  LAYERS,
  CHECKERBOARD,
  ALONG_X,
  ALONG_X_STRONGLY,
  PARTLY_ALONG_X,
  PATTERNS
} pattern;

typedef struct trial {
  const char *name;
  int64_t cells[HEAT_AXES];
  pattern pattern;
  double contrast;
  double faces; /* conductance of a face where the conductivity is 1, W/(m3 K); rho c_p is 1 */
  double sigma;
  bool dirichlet; /* at all sides that are not periodic; otherwise these are insulated */
  bool periodic[HEAT_AXES];
} trial;

typedef struct setting {
  rig made; /* up to its grid */
  heat_walls walls;
  heat_stencil stencil;
  heat_multigrid *mg;
  double sigma;
} setting;

/* The bent pipe of TeaLeaf's fifth benchmark, in a square of ten by ten. */
static bool in_pipe(double x, double y) {
  return (x < 1 && y > 1 && y < 2) || (x > 1 && x < 6 && y > 1 && y < 2) || (x > 5 && x < 6 && y > 1 && y < 8) ||
         (x > 5 && y > 7 && y < 8);
}

static double conductivity(const trial *t, int axis, int64_t i, int64_t j) {
  const double x = (double)i + 0.5, y = (double)j + 0.5;
  switch (t->pattern) {
  case PIPE:
    return in_pipe(10 * x / (double)t->cells[HEAT_X], 10 * y / (double)t->cells[HEAT_Y]) ? t->contrast : 1;
  case INCLUSIONS: {
    const double from_x = fmod(x, 37.3) - 18, from_y = fmod(y, 29.9) - 15;
    return from_x * from_x + from_y * from_y < 81 ? t->contrast : 1;
  }
  case LAYERS:
    return j % 11 == 3 ? t->contrast : j % 17 < 5 ? sqrt(t->contrast) : 1;
  case CHECKERBOARD:
    return ((int64_t)floor(x / 13.7 + 0.3) + (int64_t)floor(y / 11.3 + 0.7)) % 2 != 0 ? t->contrast : 1;
  case ALONG_X:
    return axis == HEAT_X ? t->contrast : 1;
  case PARTLY_ALONG_X: /* in many rows that are all the same; in a few other rows, all different, along both axes */
    return j % 120 < 20 ? 1 + 0.01 * (double)(j % 20) : axis == HEAT_X ? t->contrast : 1;
  default:
    return 1;
  }
}

static double face(const trial *t, const heat_grid *grid, int axis, int64_t i, int64_t j) {
  const int64_t before[HEAT_AXES] = {axis == HEAT_X ? i - 1 : i, axis == HEAT_Y ? j - 1 : j};
  const bool wall_before = !grid->layout.periodic[axis] && before[axis] < 0;
  const bool wall_behind = !grid->layout.periodic[axis] && before[axis] + 1 == grid->domain.hi[axis];
  const double a =
      conductivity(t, axis, heat_grid_wrap(grid, HEAT_X, before[HEAT_X]), heat_grid_wrap(grid, HEAT_Y, before[HEAT_Y]));
  const double b = conductivity(t, axis, heat_grid_wrap(grid, HEAT_X, i), heat_grid_wrap(grid, HEAT_Y, j));
  return t->faces * (wall_before ? b : wall_behind ? a : 2 * a * b / (a + b));
}

static void fill_stencil(const trial *t, heat_stencil *stencil) {
  const heat_box owned = stencil->grid->owned;
  for (int64_t j = owned.lo[HEAT_Y]; j <= owned.hi[HEAT_Y]; j++) {
    for (int64_t i = owned.lo[HEAT_X]; i <= owned.hi[HEAT_X]; i++) {
      *heat_field_at(&stencil->kx, i, j) = face(t, stencil->grid, HEAT_X, i, j);
      *heat_field_at(&stencil->ky, i, j) = face(t, stencil->grid, HEAT_Y, i, j);
      *heat_field_at(&stencil->inverse, i, j) = 1;
    }
  }
}

/* The number of threads that share the work of the cycles that are made from now on. */
static int shared_by = 1;

/* Open a problem with px ranks along x (0: the layout is chosen). If there are several ranks, they are numbered in two
 * strips. */
static void open_setting(setting *s, MPI_Comm comm, const trial *t, int px) {
  char deck[1024], walls[512] = "";
  for (int side = 0; side < HEAT_SIDES; side++) {
    const size_t at = strlen(walls);
    const char *type = t->periodic[side / 2] ? "periodic" : t->dirichlet ? "dirichlet, value: 0" : "neumann";
    snprintf(walls + at, sizeof walls - at, "%s%s: {type: %s}", side > 0 ? ", " : "", heat_side_names[side], type);
  }
  snprintf(deck, sizeof deck, "material: {conductivity: 1 + x, density: 1, heat_capacity: 1}\nboundary: {%s}\n", walls);
  int size;
  MPI_Comm_size(comm, &size);
  open_rig(&s->made, (rig_setting){.deck = deck,
                                   .cells = {t->cells[HEAT_X], t->cells[HEAT_Y]},
                                   .up_to = RIG_GRID,
                                   .alone = comm == MPI_COMM_SELF,
                                   .strips = comm == MPI_COMM_SELF ? 0 : 2,
                                   .ranks = px > 0 ? (int[HEAT_AXES]){px, size / px} : NULL});
  const heat_discretisation from = {&s->made.problem, &s->made.grid, 1, 1};
  assert_int_equal(heat_stencil_create(&s->stencil, &from).code, HEAT_OK);
  fill_stencil(t, &s->stencil);
  assert_int_equal(heat_walls_create(&s->walls, &from).code, HEAT_OK);
  assert_int_equal(heat_stencil_set_walls(&s->stencil, &s->walls).code, HEAT_OK);
  s->sigma = t->sigma;
  const heat_status status = heat_multigrid_create(&s->mg, &s->stencil, t->sigma, shared_by);
  assert_string_equal(status.text, "");
}

static void close_setting(setting *s) {
  heat_multigrid_destroy(s->mg);
  heat_stencil_destroy(&s->stencil);
  heat_walls_destroy(&s->walls);
  close_rig(&s->made);
}

static heat_field new_field(const setting *s) {
  heat_field field;
  assert_int_equal(heat_field_create(&field, &s->made.grid, 1).code, HEAT_OK);
  return field;
}

#define EACH_CELL(s, i, j)                                                                                             \
  for (int64_t j = (s)->made.grid.owned.lo[HEAT_Y]; j < (s)->made.grid.owned.hi[HEAT_Y]; j++)                          \
    for (int64_t i = (s)->made.grid.owned.lo[HEAT_X]; i < (s)->made.grid.owned.hi[HEAT_X]; i++)

/* A number in [-1, 1) for a cell, which is the same in any layout. */
static double noise(const setting *s, int64_t i, int64_t j, uint64_t seed) {
  uint64_t z = (uint64_t)(j * s->made.grid.layout.cells[HEAT_X] + i) * UINT64_C(0x9E3779B97F4A7C15) + seed;
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return (double)((z ^ (z >> 31)) >> 11) * 0x1p-52 - 1;
}

static double product(const setting *s, const heat_field *a, const heat_field *b) {
  heat_sum sum = {0};
  EACH_CELL(s, i, j) heat_sum_add(&sum, *heat_field_at(a, i, j) * (b == NULL ? 1 : *heat_field_at(b, i, j)));
  sum = heat_sum_reduce(&sum, s->made.grid.comm);
  return heat_sum_value(&sum);
}

static double cells_of(const setting *s) {
  return (double)heat_box_cells(s->made.grid.domain);
}

static void remove_mean(const setting *s, heat_field *field) {
  const double mean = product(s, field, NULL) / cells_of(s);
  EACH_CELL(s, i, j) * heat_field_at(field, i, j) -= mean;
}

static void fill_noise(const setting *s, heat_field *field, uint64_t seed) {
  EACH_CELL(s, i, j) * heat_field_at(field, i, j) = noise(s, i, j, seed);
  if (heat_multigrid_singular(s->mg)) remove_mean(s, field);
}

/* Compute y = A x. */
static inline void multiply(const setting *s, heat_halo *halo, heat_field *x, heat_field *y) {
  heat_halo_begin(halo, &x);
  heat_halo_end(halo, &x);
  heat_stencil_balance(&s->stencil, x, y);
  EACH_CELL(s, i, j)
  *heat_field_at(y, i, j) =
      s->sigma / heat_stencil_inverse(&s->stencil, i, j) * *heat_field_at(x, i, j) - *heat_field_at(y, i, j);
}

static void add(const setting *s, heat_field *x, double factor, const heat_field *y, double own) {
  EACH_CELL(s, i, j)
  *heat_field_at(x, i, j) = own * *heat_field_at(x, i, j) + factor * *heat_field_at(y, i, j);
}

/* Compute z = M r, with `size` about as large as the values of r. */
static inline void precondition(const setting *s, heat_field *r, double size, heat_field *z) {
  heat_multigrid_cycle(s->mg, &(heat_cycle){.r = r, .size = size});
  heat_multigrid_read(s->mg, z);
}

typedef struct solve {
  int iterations;
  double residual; /* the true residual, relative to the right-hand side */
} solve;

/* Preconditioned conjugate gradients from x = 0 until the residual is `tolerance` times the right-hand side. */
static inline solve conjugate_gradients(const setting *s, double tolerance, int most, bool thorough) {
  heat_field x = new_field(s), r = new_field(s), p = new_field(s), w = new_field(s), z = new_field(s);
  heat_halo *halo;
  assert_int_equal(heat_halo_create(&halo, &s->made.grid, 1, 1).code, HEAT_OK);
  fill_noise(s, &r, 1);
  EACH_CELL(s, i, j) * heat_field_at(&x, i, j) = *heat_field_at(&p, i, j) = 0;
  const double first = sqrt(product(s, &r, &r));
  double norm = first, rz = 1;
  solve done = {0};
  while (norm > tolerance * first && done.iterations < most) {
    heat_multigrid_cycle(s->mg, &(heat_cycle){.r = &r, .size = norm / sqrt(cells_of(s)), .thorough = thorough});
    heat_multigrid_read(s->mg, &z);
    const double now = product(s, &r, &z);
    add(s, &p, 1, &z, done.iterations == 0 ? 0 : now / rz);
    rz = now;
    multiply(s, halo, &p, &w);
    const double step = rz / product(s, &p, &w);
    add(s, &x, step, &p, 1);
    add(s, &r, -step, &w, 1);
    norm = sqrt(product(s, &r, &r));
    done.iterations++;
  }
  multiply(s, halo, &x, &w);
  fill_noise(s, &r, 1);
  add(s, &r, -1, &w, 1);
  done.residual = sqrt(product(s, &r, &r)) / first;
  heat_halo_destroy(halo);
  heat_field *all[] = {&x, &r, &p, &w, &z};
  for (int f = 0; f < 5; f++) heat_field_destroy(all[f]);
  return done;
}

#endif
