/* Walls: the affine ghost of each type of side makes  a u + b k du/dn = g  hold on the wall's face to rounding, at
 * every layer of the halo and at any time, and the heat that is counted is the flux through the owned faces. */
#include "heat2d/numerics/ledger.h"

#include "harness.h"
#include "rig.h"

#include <float.h>

enum { NX = 7, NY = 6 };
static const double untouched = -7e7, origin[] = {1, -2}, extent[] = {2.1, 3.6};

static rig opened;

static void open_problem(const char *material, const char *boundary) {
  char deck[2048];
  snprintf(deck, sizeof deck, "domain: {origin: [1, -2], size: [2.1, 3.6], cells: [%d, %d]}\n%s\nboundary: {%s}\n", NX,
           NY, material, boundary);
  open_rig(&opened, (rig_setting){.deck = deck, .up_to = RIG_PROBLEM});
}

static void close_problem(void) {
  close_rig(&opened);
}

/* Call `check` on the grid of every layout of the ranks. */
static void for_each_layout(void (*check)(const heat_grid *grid)) {
  int size, placed = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int px = 1; px <= size; px++) {
    if (size % px != 0 || px > NX || size / px > NY) continue;
    const int ranks[HEAT_AXES] = {px, size / px};
    heat_grid grid;
    assert_int_equal(heat_grid_create(&grid, MPI_COMM_WORLD, &opened.problem, ranks).code, HEAT_OK);
    check(&grid);
    placed++;
  }
  assert_true(placed > 0);
}

static double value_at(const heat_grid *grid, int64_t i, int64_t j) {
  return sin((double)(3 * heat_grid_wrap(grid, HEAT_X, i) + 7 * heat_grid_wrap(grid, HEAT_Y, j) + 1));
}

/* A field as after an exchange: all layers but those beyond walls. */
static void fill(const heat_grid *grid, heat_field *field) {
  const heat_box all = heat_box_grow(grid->owned, field->depth);
  const heat_box inside = heat_grid_grown(grid, grid->owned, field->depth);
  for (int64_t j = all.lo[HEAT_Y]; j < all.hi[HEAT_Y]; j++) {
    for (int64_t i = all.lo[HEAT_X]; i < all.hi[HEAT_X]; i++) {
      const heat_box cell = {{i, j}, {i + 1, j + 1}};
      const bool in = !heat_box_empty(heat_box_intersect(cell, inside));
      *heat_field_at(field, i, j) = in ? value_at(grid, i, j) : untouched;
    }
  }
}

/* What the deck of the test prescribes: a, b, g and the conductivity at a point of a side. */
typedef struct law {
  double a, b, g, k;
} law;
static law (*prescribed)(int side, double x, double y, double t);

/* Where n is the cell along the side: the coordinates of the wall's face. */
static void face_at(const heat_grid *grid, int side, int64_t n, double *x, double *y) {
  const int across = side / 2, along = 1 - across;
  double at[HEAT_AXES];
  at[across] = origin[across] + (side % 2 == 0 ? 0 : extent[across]);
  at[along] = heat_problem_centre(&opened.problem, along, heat_grid_wrap(grid, along, n));
  *x = at[HEAT_X];
  *y = at[HEAT_Y];
}

/* Whether the ghost cell beyond (i, j), a cell at `side`, obeys the side's law. */
static bool ghost_is_right(const heat_grid *grid, const heat_field *field, int side, int64_t i, int64_t j, double t) {
  const int across = side / 2, out = side % 2 == 0 ? -1 : 1;
  const double h = grid->spacing[across], inner = *heat_field_at(field, i, j);
  const double ghost = *heat_field_at(field, across == HEAT_X ? i + out : i, across == HEAT_X ? j : j + out);
  double x, y;
  face_at(grid, side, across == HEAT_X ? j : i, &x, &y);
  const law p = prescribed(side, x, y, t);
  const double wall = (ghost + inner) / 2, slope = (ghost - inner) / h;
  const double scale =
      fabs(p.a) * (fabs(ghost) + fabs(inner)) + p.b * p.k * (fabs(ghost) + fabs(inner)) / h + fabs(p.g);
  return fabs(p.a * wall + p.b * p.k * slope - p.g) <= 8 * DBL_EPSILON * scale;
}

/* Assert that after an application next to `box` all ghost cells along its walls are right, and no other cell has
 * changed. */
static bool walls_are_right(const heat_grid *grid, const heat_field *field, heat_box box, double t) {
  const heat_box all = heat_box_grow(grid->owned, field->depth);
  bool right = true;
  for (int64_t j = all.lo[HEAT_Y]; j < all.hi[HEAT_Y]; j++) {
    for (int64_t i = all.lo[HEAT_X]; i < all.hi[HEAT_X]; i++) {
      const heat_box cell = {{i, j}, {i + 1, j + 1}};
      const bool inside = !heat_box_empty(heat_box_intersect(cell, heat_grid_grown(grid, grid->owned, field->depth)));
      if (inside) right = right && *heat_field_at(field, i, j) == value_at(grid, i, j);
      if (inside) continue;
      bool ghost = false;
      for (int side = 0; side < HEAT_SIDES; side++) {
        const int in = side % 2 == 0 ? 1 : -1;
        const int64_t ci = side / 2 == HEAT_X ? i + in : i, cj = side / 2 == HEAT_X ? j : j + in;
        const heat_box beside = {{ci, cj}, {ci + 1, cj + 1}};
        if (!heat_grid_wall(grid, side) || heat_box_empty(heat_box_intersect(beside, box))) continue;
        if (!heat_box_empty(heat_box_intersect(cell, heat_grid_grown(grid, grid->domain, field->depth)))) continue;
        ghost = true;
        right = right && ghost_is_right(grid, field, side, ci, cj, t);
      }
      if (!ghost) right = right && *heat_field_at(field, i, j) == untouched;
    }
  }
  return right;
}

static void check_ghosts(const heat_grid *grid) {
  static const double times[] = {0, 0.5, 0.5, 3, 0};
  for (int depth = 1; depth <= 5; depth += 2) {
    heat_walls walls;
    heat_field field;
    assert_true(
        everywhere(heat_walls_create(&walls, &(heat_discretisation){&opened.problem, grid, depth, 1}).code == HEAT_OK));
    assert_true(everywhere(heat_field_create(&field, grid, depth).code == HEAT_OK));
    for (size_t n = 0; n < sizeof times / sizeof *times; n++) {
      assert_true(everywhere(heat_walls_update(&walls, &times[n], 1).code == HEAT_OK));
      for (int layers = 0; layers < depth; layers++) {
        const heat_box box = heat_grid_grown(grid, grid->owned, layers);
        fill(grid, &field);
        heat_walls_apply(&walls, &field, box, 0);
        assert_true(everywhere(walls_are_right(grid, &field, box, times[n])));
      }
    }
    heat_field_destroy(&field);
    heat_walls_destroy(&walls);
  }
}

static const char uniform[] = "material: {conductivity: [1.5, 0.4], density: 2, heat_capacity: 3}";
static const char varying[] = "material: {conductivity: ['7 + x*y', '1 + x*x + y*y'], density: 2, heat_capacity: 3}";

/* The conductivity of the cell beside the wall, not that on the wall. */
static double varying_conductivity(int side, double x, double y) {
  const double inwards[] = {0.15, -0.15, 0.3, -0.3};
  if (side / 2 == HEAT_X) return 7 + (x + inwards[side]) * y;
  return 1 + x * x + (y + inwards[side]) * (y + inwards[side]);
}

static law constant_dirichlet(int side, double x, double y, double t) {
  (void)x, (void)y, (void)t;
  return (law){1, 0, 10 + side, side / 2 == HEAT_X ? 1.5 : 0.4};
}
static void a_dirichlet_wall_has_its_value_on_the_face(void **state) {
  (void)state;
  prescribed = constant_dirichlet;
  open_problem(uniform, "left: {type: dirichlet, value: 10}, right: {type: dirichlet, value: 11}, "
                        "bottom: {type: dirichlet, value: 12}, top: {type: dirichlet, value: 13}");
  for_each_layout(check_ghosts);
  close_problem();
}

static law dirichlet(int side, double x, double y, double t) {
  const double values[] = {y + t, sin(t) * y, x * x - t, 5};
  return (law){1, 0, values[side], varying_conductivity(side, x, y)};
}
static void a_dirichlet_wall_may_vary_along_the_side_and_in_time(void **state) {
  (void)state;
  prescribed = dirichlet;
  open_problem(varying, "left: {type: dirichlet, value: y + t}, right: {type: dirichlet, value: sin(t)*y}, "
                        "bottom: {type: dirichlet, value: x*x - t}, top: {type: dirichlet, value: 5}");
  for_each_layout(check_ghosts);
  close_problem();
}

static law neumann(int side, double x, double y, double t) {
  const double fluxes[] = {y + t, -3, x - 2 * t, 0};
  return (law){0, 1, fluxes[side], varying_conductivity(side, x, y)};
}
static void a_neumann_wall_lets_its_flux_in(void **state) {
  (void)state;
  prescribed = neumann;
  open_problem(varying, "left: {type: neumann, flux: y + t}, right: {type: neumann, flux: -3}, "
                        "bottom: {type: neumann, flux: x - 2*t}");
  for_each_layout(check_ghosts);
  close_problem();
}

static law robin(int side, double x, double y, double t) {
  const double h[] = {2, 5 + y, 1 + t, 0}, ambient[] = {10 + y, 20, 3 * t, 7};
  return (law){h[side], 1, h[side] * ambient[side], varying_conductivity(side, x, y)};
}
static void a_robin_wall_exchanges_heat_with_what_is_beyond(void **state) {
  (void)state;
  prescribed = robin;
  open_problem(varying, "left: {type: robin, coefficient: 2, ambient: 10 + y}, "
                        "right: {type: robin, coefficient: 5 + y, ambient: 20}, "
                        "bottom: {type: robin, coefficient: 1 + t, ambient: 3*t}, "
                        "top: {type: robin, coefficient: 0, ambient: 7}");
  for_each_layout(check_ghosts);
  close_problem();
}

static law beside_periodic_sides(int side, double x, double y, double t) {
  return side == HEAT_BOTTOM ? (law){1, 0, x * x + t, varying_conductivity(side, x, y)}
                             : (law){1 + x, 1, (1 + x) * t, varying_conductivity(side, x, y)};
}
static void walls_go_on_through_periodic_sides(void **state) {
  (void)state;
  prescribed = beside_periodic_sides;
  open_problem(varying, "left: {type: periodic}, right: {type: periodic}, bottom: {type: dirichlet, value: x*x + t}, "
                        "top: {type: robin, coefficient: 1 + x, ambient: t}");
  for_each_layout(check_ghosts);
  close_problem();
}

static void check_no_walls(const heat_grid *grid) {
  heat_walls walls;
  heat_field field;
  assert_true(
      everywhere(heat_walls_create(&walls, &(heat_discretisation){&opened.problem, grid, 3, 1}).code == HEAT_OK));
  assert_true(everywhere(heat_field_create(&field, grid, 3).code == HEAT_OK));
  fill(grid, &field);
  heat_walls_apply(&walls, &field, grid->owned, 0);
  assert_true(everywhere(walls_are_right(grid, &field, grid->owned, 0)));
  for (int side = 0; side < HEAT_SIDES; side++) assert_true(everywhere(walls.sides[side].lo == walls.sides[side].hi));
  heat_field_destroy(&field);
  heat_walls_destroy(&walls);
}
static void a_torus_has_no_walls(void **state) {
  (void)state;
  open_problem(uniform, "left: {type: periodic}, right: {type: periodic}, bottom: {type: periodic}, "
                        "top: {type: periodic}");
  for_each_layout(check_no_walls);
  close_problem();
}

/* Count the heat that flows in a time c through the walls that a box touches. */
static void count_lines(heat_ledger *ledger, const heat_walls *walls, const heat_field *field, heat_box box, double c) {
  heat_wall_line line;
  for (int side = 0; side < HEAT_SIDES; side++)
    if (heat_walls_line(walls, field, box, side, &line)) heat_ledger_count_line(ledger, walls, &line, c);
}

/* Several applications with different shares: the heat of each face is the sum of share times k du/dn times its length.
 */
static void check_heat(const heat_grid *grid) {
  heat_walls walls;
  heat_field field;
  heat_ledger ledger;
  const int depth = 3;
  assert_true(
      everywhere(heat_walls_create(&walls, &(heat_discretisation){&opened.problem, grid, depth, 1}).code == HEAT_OK));
  assert_true(everywhere(heat_field_create(&field, grid, depth).code == HEAT_OK));
  fill(grid, &field);
  assert_true(everywhere(heat_ledger_create(&ledger, grid).code == HEAT_OK));
  heat_walls_apply(&walls, &field, heat_grid_grown(grid, grid->owned, depth - 1), 0);
  count_lines(&ledger, &walls, &field, heat_grid_grown(grid, grid->owned, depth - 1), 0.25);
  count_lines(&ledger, &walls, &field, grid->owned, 0.5);
  bool right = true;
  double count = 0;
  for (int side = 0; side < HEAT_SIDES; side++) {
    int64_t lo, hi;
    const double *heats = heat_ledger_faces(&ledger, side, &lo, &hi);
    const int across = side / 2, along = 1 - across;
    const int64_t inside = side % 2 == 0 ? 0 : grid->domain.hi[across] - 1;
    for (int64_t n = lo; n < hi; n++, count++) {
      double x, y;
      face_at(grid, side, n, &x, &y);
      const law p = prescribed(side, x, y, 0);
      const double h = grid->spacing[across];
      const double inner = across == HEAT_X ? value_at(grid, inside, n) : value_at(grid, n, inside);
      const double ghost = (p.g - (p.a / 2 - p.b * p.k / h) * inner) / (p.a / 2 + p.b * p.k / h);
      const double heat = 0.75 * p.k * (ghost - inner) / h * grid->spacing[along];
      right = right && fabs(heats[n - lo] - heat) <= 1e-14 * p.k * (fabs(ghost) + 1) / h;
    }
  }
  MPI_Allreduce(MPI_IN_PLACE, &count, 1, MPI_DOUBLE, MPI_SUM, grid->comm);
  assert_true(everywhere(right));
  assert_true(count == 2 * (NX + NY)); /* every face of the walls once */
  heat_ledger_destroy(&ledger);
  heat_field_destroy(&field);
  heat_walls_destroy(&walls);
}
static void the_heat_through_each_face_is_counted_once_by_its_owner(void **state) {
  (void)state;
  prescribed = robin;
  open_problem(varying, "left: {type: robin, coefficient: 2, ambient: 10 + y}, "
                        "right: {type: robin, coefficient: 5 + y, ambient: 20}, "
                        "bottom: {type: robin, coefficient: 1 + t, ambient: 3*t}, "
                        "top: {type: robin, coefficient: 0, ambient: 7}");
  for_each_layout(check_heat);
  prescribed = dirichlet;
  close_problem();
  open_problem(varying, "left: {type: dirichlet, value: y + t}, right: {type: dirichlet, value: sin(t)*y}, "
                        "bottom: {type: dirichlet, value: x*x - t}, top: {type: dirichlet, value: 5}");
  for_each_layout(check_heat);
  close_problem();
}

/* To the bit: the ghost of a field that is at the wall's value, or at an insulated wall, is the field's own value. */
static void check_neutral(const heat_grid *grid) {
  const double same = 293.15;
  heat_walls walls;
  heat_field field;
  assert_true(
      everywhere(heat_walls_create(&walls, &(heat_discretisation){&opened.problem, grid, 1, 1}).code == HEAT_OK));
  assert_true(everywhere(heat_field_create(&field, grid, 1).code == HEAT_OK));
  const heat_box all = heat_box_grow(grid->owned, 1);
  for (int64_t j = grid->owned.lo[HEAT_Y]; j < grid->owned.hi[HEAT_Y]; j++)
    for (int64_t i = grid->owned.lo[HEAT_X]; i < grid->owned.hi[HEAT_X]; i++) *heat_field_at(&field, i, j) = same;
  heat_ledger ledger;
  assert_true(everywhere(heat_ledger_create(&ledger, grid).code == HEAT_OK));
  heat_walls_apply(&walls, &field, grid->owned, 0);
  count_lines(&ledger, &walls, &field, grid->owned, 1);
  bool right = true;
  for (int side = 0; side < HEAT_SIDES; side++) {
    int64_t lo, hi;
    const double *heats = heat_ledger_faces(&ledger, side, &lo, &hi);
    for (int64_t n = lo; n < hi; n++) {
      const int64_t out = side % 2 == 0 ? all.lo[side / 2] : all.hi[side / 2] - 1;
      right = right && (side / 2 == HEAT_X ? *heat_field_at(&field, out, n) : *heat_field_at(&field, n, out)) == same;
      right = right && heats[n - lo] == 0;
    }
  }
  assert_true(everywhere(right));
  heat_ledger_destroy(&ledger);
  heat_field_destroy(&field);
  heat_walls_destroy(&walls);
}
static void a_wall_at_the_fields_own_value_changes_no_bit(void **state) {
  (void)state;
  open_problem(varying, "left: {type: dirichlet, value: 293.15}, top: {type: dirichlet, value: 293.15}");
  for_each_layout(check_neutral);
  close_problem();
}

static void check_failure(const heat_grid *grid) {
  heat_walls walls;
  assert_true(
      everywhere(heat_walls_create(&walls, &(heat_discretisation){&opened.problem, grid, 1, 1}).code == HEAT_OK));
  const heat_status status = heat_agree(grid->comm, heat_walls_update(&walls, &(double){2}, 1));
  assert_true(everywhere(status.code == HEAT_DECK));
  assert_non_null(strstr(status.text, "boundary.right.value: is "));
  assert_non_null(strstr(status.text, "t = 2"));
  heat_walls_destroy(&walls);
}
static void a_wall_that_stops_being_a_number_is_an_error_of_the_deck(void **state) {
  (void)state;
  open_problem(uniform, "right: {type: dirichlet, value: sqrt(1 - t)}");
  for_each_layout(check_failure);
  close_problem();
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_dirichlet_wall_has_its_value_on_the_face),
      cmocka_unit_test(a_dirichlet_wall_may_vary_along_the_side_and_in_time),
      cmocka_unit_test(a_neumann_wall_lets_its_flux_in),
      cmocka_unit_test(a_robin_wall_exchanges_heat_with_what_is_beyond),
      cmocka_unit_test(walls_go_on_through_periodic_sides),
      cmocka_unit_test(a_torus_has_no_walls),
      cmocka_unit_test(the_heat_through_each_face_is_counted_once_by_its_owner),
      cmocka_unit_test(a_wall_at_the_fields_own_value_changes_no_bit),
      cmocka_unit_test(a_wall_that_stops_being_a_number_is_an_error_of_the_deck),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
