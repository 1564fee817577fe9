/* The stencil is compared with the matrix that it stands for, column by column, and with the stages of the operator:
 * for all kinds of material, walls and periodic sides, for slabs of one cell, and in every layout. */
#include "harness.h"
#include "rig.h"

#include <float.h>

enum { MOST = 7 }; /* cells along an axis, at most */

static const int64_t grids[][HEAT_AXES] = {{7, 5}, {2, 3}, {6, 1}, {1, 6}, {2, 6}};
static const char *const materials[] = {
    "material: {conductivity: [1.3, 0.4], density: 2, heat_capacity: 0.7}",
    "material: {conductivity: ['1.5 + sin(3*x + y)', 0.8], density: 1 + x*x, heat_capacity: 1.5}\n"
    "regions: [{shape: circle, center: [0.4, 0.6], radius: 0.3, conductivity: [5, 0.01]}]",
    "interface: arithmetic\nmaterial: {conductivity: [1 + x, 1 + y], density: 1, heat_capacity: 1}\n"
    "regions: [{shape: rectangle, min: [0.2, 0.1], max: [0.7, 0.8], conductivity: 200, heat_capacity: 4 + y}]",
};
static const char *const sides[] = {
    "",
    "left: {type: dirichlet, value: 0}, right: {type: dirichlet, value: 0}, bottom: {type: dirichlet, value: 0}, "
    "top: {type: dirichlet, value: 0}",
    "left: {type: robin, coefficient: 1 + y, ambient: 0}, right: {type: robin, coefficient: 50, ambient: 0}, "
    "bottom: {type: robin, coefficient: 2, ambient: 0}, top: {type: robin, coefficient: 0.1, ambient: 0}",
    "left: {type: periodic}, right: {type: periodic}, bottom: {type: periodic}, top: {type: periodic}",
    "left: {type: periodic}, right: {type: periodic}, bottom: {type: dirichlet, value: 0}",
    "left: {type: dirichlet, value: 0}, top: {type: robin, coefficient: 3, ambient: 0}",
};
enum {
  GRIDS = sizeof grids / sizeof *grids,
  MATERIALS = sizeof materials / sizeof *materials,
  SIDES = sizeof sides / sizeof *sides,
  PROBLEMS = GRIDS * MATERIALS * SIDES
};

/* An operator, and three fields for it. */
typedef struct setting {
  rig made;
  heat_field x, y, z;
} setting;

/* Open the problem with number n; returns false where the ranks cannot be placed. */
static bool open_setting(setting *s, bool alone, int n, int depth) {
  const int64_t *cells = grids[n / (MATERIALS * SIDES)];
  heat_layout layout = {.cells = {cells[HEAT_X], cells[HEAT_Y]}};
  char deck[2048];
  int size;
  MPI_Comm_size(alone ? MPI_COMM_SELF : MPI_COMM_WORLD, &size);
  if (!heat_layout_choose(&layout, size)) return false;
  snprintf(deck, sizeof deck, "%s\nboundary: {%s}\n", materials[n / SIDES % MATERIALS], sides[n % SIDES]);
  open_rig(&s->made, (rig_setting){.deck = deck,
                                   .cells = {cells[HEAT_X], cells[HEAT_Y]},
                                   .size = {1, 1.2},
                                   .up_to = RIG_OPERATOR,
                                   .alone = alone,
                                   .depth = depth});
  heat_field *fields[] = {&s->x, &s->y, &s->z};
  for (int f = 0; f < 3; f++) assert_int_equal(heat_field_create(fields[f], &s->made.grid, depth).code, HEAT_OK);
  return true;
}

static void close_setting(setting *s) {
  heat_field_destroy(&s->x);
  heat_field_destroy(&s->y);
  heat_field_destroy(&s->z);
  close_rig(&s->made);
}

/* Values that differ from cell to cell and are the same in any layout; NAN beyond walls, where nothing may be read. */
static double value_at(const heat_grid *grid, int64_t i, int64_t j) {
  return sin((double)(3 * heat_grid_wrap(grid, HEAT_X, i) + 7 * heat_grid_wrap(grid, HEAT_Y, j) + 1));
}

static void fill(setting *s, int64_t unit) {
  const heat_box all = heat_box_grow(s->made.grid.owned, 1),
                 inside = heat_grid_grown(&s->made.grid, s->made.grid.owned, 1);
  const int64_t nx = s->made.grid.layout.cells[HEAT_X];
  for (int64_t j = all.lo[HEAT_Y]; j < all.hi[HEAT_Y]; j++) {
    for (int64_t i = all.lo[HEAT_X]; i < all.hi[HEAT_X]; i++) {
      const heat_box cell = {{i, j}, {i + 1, j + 1}};
      const bool in = !heat_box_empty(heat_box_intersect(cell, inside));
      const int64_t number =
          in ? heat_grid_wrap(&s->made.grid, HEAT_Y, j) * nx + heat_grid_wrap(&s->made.grid, HEAT_X, i) : -1;
      *heat_field_at(&s->x, i, j) = !in ? NAN : unit < 0 ? value_at(&s->made.grid, i, j) : number == unit ? 1 : 0;
    }
  }
  s->x.valid = 1;
}

/* The balance is applied to one unit vector after the other, which gives the columns of its matrix. The matrix is
 * symmetric, its rows add up to what the walls take, and its diagonal is the one that heat_stencil_diagonal computes.
 */
static void the_matrix_is_symmetric_and_its_diagonal_is_what_it_says(void **state) {
  (void)state;
  enum { CELLS = MOST * MOST };
  static double matrix[CELLS][CELLS], diagonal[CELLS], walls[CELLS];
  for (int n = 0; n < PROBLEMS; n++) {
    setting s;
    if (!open_setting(&s, false, n, 1 + n % 3)) continue;
    const heat_box owned = s.made.grid.owned;
    const int64_t nx = s.made.grid.layout.cells[HEAT_X], cells = nx * s.made.grid.layout.cells[HEAT_Y];
    memset(matrix, 0, sizeof matrix);
    memset(diagonal, 0, sizeof diagonal);
    memset(walls, 0, sizeof walls);
    for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
      heat_stencil_diagonal(&s.made.op.stencil, j, heat_field_at(&s.z, owned.lo[HEAT_X], j));
    for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
      for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) {
        const int64_t cell = j * nx + i, at[HEAT_AXES] = {i, j};
        diagonal[cell] = *heat_field_at(&s.z, i, j);
        for (int side = 0; side < HEAT_SIDES; side++) {
          const int axis = side / 2;
          if (at[axis] == (side % 2 == 0 ? 0 : s.made.grid.layout.cells[axis] - 1))
            walls[cell] += heat_stencil_wall(&s.made.op.stencil, side, at[1 - axis]);
        }
      }
    for (int64_t unit = 0; unit < cells; unit++) {
      fill(&s, unit);
      heat_stencil_balance(&s.made.op.stencil, &s.x, &s.y);
      for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
        for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++)
          matrix[unit][j * nx + i] = *heat_field_at(&s.y, i, j);
    }
    MPI_Allreduce(MPI_IN_PLACE, matrix, CELLS * CELLS, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, diagonal, CELLS, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, walls, CELLS, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    for (int64_t a = 0; a < cells; a++) {
      double sum = 0, scale = 0;
      for (int64_t b = 0; b < cells; b++) {
        if (matrix[a][b] != matrix[b][a]) fail_msg("problem %d is not symmetric", n);
        if (a != b) assert_true(matrix[a][b] >= 0);
        sum += matrix[a][b];
        scale += fabs(matrix[a][b]);
      }
      if (!(fabs(-matrix[a][a] - diagonal[a]) <= 8 * DBL_EPSILON * scale))
        fail_msg("problem %d, cell %d: diagonal %g, not %g", n, (int)a, diagonal[a], -matrix[a][a]);
      if (!(fabs(sum + walls[a]) <= 32 * DBL_EPSILON * scale))
        fail_msg("problem %d, cell %d: the walls take %g, not %g", n, (int)a, walls[a], -sum);
    }
    close_setting(&s);
  }
}

/* Where the temperatures of walls and the sources are 0, L_h is what the stages apply, and its bits are those of one
 * rank. */
static void it_is_the_operator_without_sources(void **state) {
  (void)state;
  static double here[MOST][MOST];
  for (int n = 0; n < PROBLEMS; n++) {
    setting s, one;
    if (!open_setting(&s, false, n, 2)) continue;
    const heat_box owned = s.made.grid.owned;
    fill(&s, -1);
    heat_stencil_apply(&s.made.op.stencil, &s.x, &s.y);
    heat_field *fields[] = {&s.x, &s.z};
    const heat_stage stage = {.out = 1, .u = 0, .terms = 1, .term = {{0, 0}}, .c = 1};
    assert_int_equal(heat_operator_apply(&s.made.op, &stage, 1, fields).code, HEAT_OK);
    const double bound = s.made.op.stencil.bounds.all_faces;
    bool right = true;
    for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
      for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) {
        here[j][i] = *heat_field_at(&s.y, i, j);
        right = right && fabs(here[j][i] - *heat_field_at(&s.z, i, j)) <= 32 * DBL_EPSILON * bound;
      }
    if (!everywhere(right)) fail_msg("problem %d", n);
    assert_true(open_setting(&one, true, n, 1));
    fill(&one, -1);
    heat_stencil_apply(&one.made.op.stencil, &one.x, &one.y);
    for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
      for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++)
        right = right && memcmp(&here[j][i], heat_field_at(&one.y, i, j), sizeof(double)) == 0;
    if (!everywhere(right)) fail_msg("problem %d has other bits than on one rank", n);
    close_setting(&one);
    close_setting(&s);
  }
}

/* With a Robin coefficient that grows in time, the diagonal follows when it is updated, and the bounds hold at all
 * times. */
static void walls_are_taken_at_the_time_that_is_asked_for(void **state) {
  (void)state;
  char deck[512];
  snprintf(deck, sizeof deck, "%s\nboundary: {left: {type: robin, coefficient: '2 + t', ambient: 0}}\n", materials[0]);
  rig made;
  open_rig(&made, (rig_setting){.deck = deck, .cells = {6, 6}, .size = {1, 1.2}, .up_to = RIG_GRID});
  const heat_discretisation from = {&made.problem, &made.grid, 1, 1};
  heat_walls walls;
  heat_stencil stencil;
  assert_int_equal(heat_stencil_create(&stencil, &from).code, HEAT_OK);
  assert_int_equal(heat_walls_create(&walls, &from).code, HEAT_OK);
  assert_int_equal(heat_stencil_set_walls(&stencil, &walls).code, HEAT_OK);
  const double h = made.grid.spacing[HEAT_X], k = 1.3;
  for (int n = 0; n < 3; n++) {
    const double t = n / 2.0, a = 2 + t;
    const double expected = k / (h * h) * (a / (a / 2 + k / h)); /* K (1 - B) */
    assert_int_equal(heat_walls_update(&walls, &t, 1).code, HEAT_OK);
    heat_stencil_update_walls(&stencil, &walls);
    const bool mine = made.grid.owned.lo[HEAT_X] == 0;
    const double have = heat_stencil_wall(&stencil, HEAT_LEFT, made.grid.owned.lo[HEAT_Y]);
    assert_true(everywhere(mine ? fabs(have - expected) <= 8 * DBL_EPSILON * expected : have == 0));
    assert_true(everywhere(have <= 2 * k / (h * h) * (1 + DBL_EPSILON)));
  }
  heat_stencil_destroy(&stencil);
  heat_walls_destroy(&walls);
  close_rig(&made);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_matrix_is_symmetric_and_its_diagonal_is_what_it_says),
      cmocka_unit_test(it_is_the_operator_without_sources),
      cmocka_unit_test(walls_are_taken_at_the_time_that_is_asked_for),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
