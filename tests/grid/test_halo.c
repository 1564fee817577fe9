/* The exchange: every ghost cell, corners included, gets the globally unique number of its owner, for every layout and
 * depth, also if the halo reaches over several ranks or several times around the domain. */
#include "heat2d/grid/halo.h"

#include "harness.h"
#include "rig.h"

#include <math.h>
#include <time.h>

enum { MOST_FIELDS = 3 };
static const double untouched = -7;

static rig made;

static void open_problem(int64_t nx, int64_t ny, bool periodic_x, bool periodic_y) {
  char deck[512];
  const char *left_right = periodic_x ? "left: {type: periodic}, right: {type: periodic}, " : "";
  const char *bottom_top = periodic_y ? "bottom: {type: periodic}, top: {type: periodic}" : "";
  snprintf(deck, sizeof deck, "boundary: {%s%s}\n", left_right, bottom_top);
  open_rig(&made, (rig_setting){.deck = deck, .cells = {nx, ny}, .up_to = RIG_PROBLEM});
}

/* A number that is different for each cell, field and exchange. */
static double number(const heat_grid *grid, int64_t i, int64_t j, int field, int round) {
  const int64_t nx = grid->layout.cells[HEAT_X], cells = nx * grid->layout.cells[HEAT_Y];
  const int64_t cell = heat_grid_wrap(grid, HEAT_Y, j) * nx + heat_grid_wrap(grid, HEAT_X, i);
  return (double)(cell + cells * (field + MOST_FIELDS * round));
}

static void number_owned_cells(const heat_grid *grid, heat_field *field, int which, int round) {
  const size_t count = field->bytes / sizeof(double);
  for (size_t n = 0; n < count; n++) field->memory[n] = untouched;
  for (int64_t j = grid->owned.lo[HEAT_Y]; j < grid->owned.hi[HEAT_Y]; j++)
    for (int64_t i = grid->owned.lo[HEAT_X]; i < grid->owned.hi[HEAT_X]; i++)
      *heat_field_at(field, i, j) = number(grid, i, j, which, round);
  field->valid = 0;
}

/* Check the ghost cells in `part`, and that nothing beyond a wall has changed. */
static bool layers_are_right(const heat_grid *grid, const heat_field *field, heat_box part, int which, int round) {
  heat_box all = heat_box_grow(grid->owned, field->depth);
  const heat_box in = heat_grid_grown(grid, grid->owned, field->depth);
  all.lo[HEAT_X] = grid->owned.lo[HEAT_X] - field->columns;
  all.hi[HEAT_X] = grid->owned.hi[HEAT_X] + field->columns;
  bool right = true;
  all = heat_box_intersect(all, part);
  for (int64_t j = all.lo[HEAT_Y]; j < all.hi[HEAT_Y]; j++) {
    for (int64_t i = all.lo[HEAT_X]; i < all.hi[HEAT_X]; i++) {
      const heat_box cell = {{i, j}, {i + 1, j + 1}};
      const bool inside = !heat_box_empty(heat_box_intersect(cell, in));
      right = right && *heat_field_at(field, i, j) == (inside ? number(grid, i, j, which, round) : untouched);
    }
  }
  return right;
}

static bool all_layers_are_right(const heat_grid *grid, const heat_field *field, int which, int round) {
  return field->valid == field->depth &&
         layers_are_right(grid, field, heat_box_grow(grid->owned, field->depth), which, round);
}

/* Whether the cell beyond `side` of the owned box is part of a message with cells beyond that side only. */
static bool comes_alone(const heat_grid *grid, int side) {
  const int axis = side / 2;
  return grid->layout.ranks[1 - axis] == 1 && !grid->layout.periodic[1 - axis] && heat_grid_wall(grid, side) &&
         (side % 2 == 0 ? grid->owned.lo[axis] > grid->domain.lo[axis] : grid->owned.hi[axis] < grid->domain.hi[axis]);
}

/* The exchange in parts: first everything except messages from beyond some sides, whose ghost cells are not set
 * then. */
static bool end_in_parts(heat_halo *halo, const heat_grid *grid, heat_field *const *fields, int count, int round) {
  static const unsigned laters[] = {1u << HEAT_TOP, 1u << HEAT_RIGHT | 1u << HEAT_TOP,
                                    1u << HEAT_LEFT | 1u << HEAT_BOTTOM, 1u << HEAT_RIGHT | 1u << HEAT_BOTTOM};
  const unsigned later = laters[(round + fields[0]->depth) % 4];
  heat_box part = heat_box_grow(grid->owned, fields[0]->depth);
  bool right = true;
  const unsigned rest = heat_halo_wait(halo, fields, later);
  for (int side = 0; side < HEAT_SIDES; side++) {
    const int axis = side / 2;
    if ((later >> side & 1) == 0) continue;
    if (side % 2 == 0)
      part.lo[axis] = grid->owned.lo[axis];
    else
      part.hi[axis] = grid->owned.hi[axis];
    if (!comes_alone(grid, side)) continue;
    right = right && (rest >> side & 1) != 0;
    /* A single field may have received whole rows already. */
    const int64_t beyond = side % 2 == 0 ? grid->owned.lo[axis] - 1 : grid->owned.hi[axis];
    const int64_t i = axis == HEAT_X ? beyond : grid->owned.lo[HEAT_X],
                  j = axis == HEAT_Y ? beyond : grid->owned.lo[HEAT_Y];
    for (int f = 0; f < count && (count > 1 || axis == HEAT_X); f++)
      right = right && *heat_field_at(fields[f], i, j) == untouched;
  }
  for (int f = 0; f < count; f++) right = right && layers_are_right(grid, fields[f], part, f, round);
  heat_halo_progress(halo);
  right = right && (heat_halo_wait(halo, fields, rest & 1u << HEAT_RIGHT) & ~(1u << HEAT_RIGHT)) == 0;
  heat_halo_end(halo, fields);
  return right;
}

/* Brute force: the ranks and cells that this rank's cells have to be sent to. */
static void expected_traffic(const heat_grid *grid, int depth, int64_t *cells, int *neighbours) {
  *cells = 0;
  *neighbours = 0;
  for (int rank = 0; rank < grid->size; rank++) {
    const int64_t before = *cells;
    if (rank == grid->rank) continue;
    const heat_box needs = heat_grid_grown(grid, heat_layout_box(&grid->layout, rank), depth);
    for (int64_t j = needs.lo[HEAT_Y]; j < needs.hi[HEAT_Y]; j++) {
      for (int64_t i = needs.lo[HEAT_X]; i < needs.hi[HEAT_X]; i++) {
        const int64_t wi = heat_grid_wrap(grid, HEAT_X, i), wj = heat_grid_wrap(grid, HEAT_Y, j);
        *cells += !heat_box_empty(heat_box_intersect((heat_box){{wi, wj}, {wi + 1, wj + 1}}, grid->owned));
      }
    }
    *neighbours += *cells > before;
  }
}

static void exchange_and_check(const heat_grid *grid, int depth, int count) {
  enum { ROUNDS = 3 };
  heat_halo *halo;
  heat_field fields[MOST_FIELDS];
  heat_field *all[MOST_FIELDS];
  assert_true(everywhere(heat_halo_create(&halo, grid, depth, count).code == HEAT_OK));
  for (int f = 0; f < count; f++) {
    assert_true(everywhere(heat_field_create(&fields[f], grid, depth).code == HEAT_OK));
    all[f] = &fields[f];
  }
  bool right = true;
  for (int round = 0; round < ROUNDS; round++) {
    for (int f = 0; f < count; f++) number_owned_cells(grid, all[f], f, round);
    heat_halo_begin(halo, all);
    if (round > 0)
      right = end_in_parts(halo, grid, all, count, round) && right;
    else
      heat_halo_end(halo, all);
    for (int f = 0; f < count; f++) right = right && all_layers_are_right(grid, all[f], f, round);
  }
  int64_t cells;
  int neighbours;
  expected_traffic(grid, depth, &cells, &neighbours);
  right = right && heat_halo_bytes(halo) == cells * count * (int64_t)sizeof(double);
  right = right && heat_halo_neighbours(halo) == neighbours;
  for (int f = 0; f < count; f++) heat_field_destroy(&fields[f]);
  heat_halo_destroy(halo);
  if (!everywhere(right))
    fail_msg("%d x %d ranks, depth %d, %d fields", grid->layout.ranks[HEAT_X], grid->layout.ranks[HEAT_Y], depth,
             count);
}

static void ghosts_hold_their_owners_numbers_for_every_layout_and_depth(void **state) {
  (void)state;
  static const int64_t shapes[][HEAT_AXES] = {{13, 11}, {7, 5}, {6, 6}, {2, 3}, {1, 9}, {8, 1}, {1, 1}};
  static const int depths[] = {1, 2, 3, 5, 16};
  int size, placed = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    for (int periodic = 0; periodic < 4; periodic++) {
      open_problem(shapes[s][HEAT_X], shapes[s][HEAT_Y], periodic % 2 == 1, periodic > 1);
      for (int px = 1; px <= size; px++) {
        if (size % px != 0 || px > shapes[s][HEAT_X] || size / px > shapes[s][HEAT_Y]) continue;
        const int ranks[HEAT_AXES] = {px, size / px};
        heat_grid grid;
        assert_int_equal(heat_grid_create(&grid, MPI_COMM_WORLD, &made.problem, ranks).code, HEAT_OK);
        number_in_strips(&grid, (int)s % 3);
        for (size_t d = 0; d < sizeof depths / sizeof *depths; d++)
          exchange_and_check(&grid, depths[d], 1 + (int)(s + d) % MOST_FIELDS);
        placed++;
      }
      close_rig(&made);
    }
  }
  assert_true(placed >= 8); /* at the very least 1 x n and n x 1 on the largest grid, with all sides periodic */
}

static bool ghosts_are_untouched(const heat_grid *grid, const heat_field *field) {
  const heat_box all = heat_box_grow(grid->owned, field->depth);
  bool right = true;
  for (int64_t j = all.lo[HEAT_Y]; j < all.hi[HEAT_Y]; j++)
    for (int64_t i = all.lo[HEAT_X]; i < all.hi[HEAT_X]; i++) {
      const heat_box cell = {{i, j}, {i + 1, j + 1}};
      if (!heat_box_within(cell, grid->owned)) right = right && *heat_field_at(field, i, j) == untouched;
    }
  return right;
}

/* Successive exchanges of different fields with one plan: these fields get the ghost cells of their owners, and no
 * other field is changed. */
static void an_exchange_refreshes_the_fields_that_are_chosen(void **state) {
  (void)state;
  enum { FIELDS = MOST_FIELDS, DEPTH = 3 };
  static const unsigned chosen[] = {4, 5, 6, 2, 7, 7, 1, 3, 5}; /* bit f: field f */
  static const int any[HEAT_AXES] = {0, 0};
  for (int periodic = 0; periodic < 4; periodic++) {
    heat_grid grid;
    heat_halo *halo;
    heat_field fields[FIELDS];
    open_problem(13, 11, periodic % 2 == 1, periodic > 1);
    assert_int_equal(heat_grid_create(&grid, MPI_COMM_WORLD, &made.problem, any).code, HEAT_OK);
    assert_true(everywhere(heat_halo_create(&halo, &grid, DEPTH, FIELDS).code == HEAT_OK));
    for (int f = 0; f < FIELDS; f++)
      assert_true(everywhere(heat_field_create(&fields[f], &grid, DEPTH).code == HEAT_OK));
    bool right = true;
    for (int round = 0; round < (int)(sizeof chosen / sizeof *chosen); round++) {
      heat_field *some[FIELDS];
      int count = 0;
      for (int f = 0; f < FIELDS; f++) {
        number_owned_cells(&grid, &fields[f], f, round);
        if (chosen[round] >> f & 1) some[count++] = &fields[f];
      }
      heat_halo_begin_some(halo, some, count);
      if (round % 2 == 0) {
        heat_halo_end(halo, some);
      } else {
        heat_halo_wait(halo, some, 1u << HEAT_TOP);
        heat_halo_progress(halo);
        heat_halo_end(halo, some);
      }
      for (int f = 0; f < FIELDS; f++) {
        if (chosen[round] >> f & 1)
          right = right && all_layers_are_right(&grid, &fields[f], f, round);
        else
          right = right && fields[f].valid == 0 && ghosts_are_untouched(&grid, &fields[f]);
      }
    }
    for (int f = 0; f < FIELDS; f++) heat_field_destroy(&fields[f]);
    heat_halo_destroy(halo);
    close_rig(&made);
    if (!everywhere(right)) fail_msg("periodic %d", periodic);
  }
}

/* On each level of a coarsened grid, down to levels on which most ranks have no cells, with values of four bytes. */
static void ghosts_of_coarse_grids_hold_their_owners_numbers(void **state) {
  (void)state;
  enum { DEPTH = 3, LEVELS = 5 };
  static const bool both[HEAT_AXES] = {true, true};
  for (int periodic = 0; periodic < 4; periodic++) {
    open_problem(13, 22, periodic % 2 == 1, periodic > 1);
    heat_grid grid;
    static const int chosen[HEAT_AXES] = {0, 0};
    assert_int_equal(heat_grid_create(&grid, MPI_COMM_WORLD, &made.problem, chosen).code, HEAT_OK);
    number_in_strips(&grid, periodic % 3);
    for (int level = 0; level < LEVELS; level++) {
      heat_halo *halo;
      assert_true(everywhere(heat_halo_create_for(&halo, &grid, DEPTH, 1, sizeof(float)).code == HEAT_OK));
      const heat_box all = heat_box_grow(grid.owned, DEPTH), in = heat_grid_grown(&grid, grid.owned, DEPTH);
      const int64_t width = heat_box_width(all, HEAT_X), height = heat_box_width(all, HEAT_Y);
      float *cells = calloc((size_t)(width * height), sizeof *cells), *corner = cells + DEPTH * width + DEPTH;
      assert_non_null(cells);
      for (int64_t j = grid.owned.lo[HEAT_Y]; j < grid.owned.hi[HEAT_Y]; j++)
        for (int64_t i = grid.owned.lo[HEAT_X]; i < grid.owned.hi[HEAT_X]; i++)
          corner[(j - grid.owned.lo[HEAT_Y]) * width + (i - grid.owned.lo[HEAT_X])] =
              (float)(1 + number(&grid, i, j, 0, 0));
      heat_halo_refresh(halo, &(heat_rows){corner, width * (ptrdiff_t)sizeof(float)});
      bool right = true;
      for (int64_t j = in.lo[HEAT_Y]; j < in.hi[HEAT_Y]; j++)
        for (int64_t i = in.lo[HEAT_X]; i < in.hi[HEAT_X]; i++)
          right = right &&
                  cells[(j - all.lo[HEAT_Y]) * width + (i - all.lo[HEAT_X])] == (float)(1 + number(&grid, i, j, 0, 0));
      free(cells);
      heat_halo_destroy(halo);
      assert_true(everywhere(right));
      grid = heat_grid_coarsen(&grid, both);
    }
    assert_int_equal(heat_box_cells(grid.domain), 1);
    close_rig(&made);
  }
}

/* During an exchange owned cells may be read, but only ghost cells are written. */
static void owned_cells_keep_their_values_during_an_exchange(void **state) {
  (void)state;
  open_problem(9, 8, true, true);
  static const int chosen[HEAT_AXES] = {0, 0};
  heat_grid grid;
  heat_halo *halo;
  heat_field field, *only = &field;
  assert_int_equal(heat_grid_create(&grid, MPI_COMM_WORLD, &made.problem, chosen).code, HEAT_OK);
  assert_true(everywhere(heat_halo_create(&halo, &grid, 2, 1).code == HEAT_OK));
  assert_true(everywhere(heat_field_create(&field, &grid, 2).code == HEAT_OK));
  number_owned_cells(&grid, &field, 0, 0);
  heat_halo_begin(halo, &only);
  bool right = true;
  for (int64_t j = grid.owned.lo[HEAT_Y]; j < grid.owned.hi[HEAT_Y]; j++)
    for (int64_t i = grid.owned.lo[HEAT_X]; i < grid.owned.hi[HEAT_X]; i++)
      right = right && *heat_field_at(&field, i, j) == number(&grid, i, j, 0, 0);
  heat_halo_end(halo, &only);
  assert_true(everywhere(right));
  heat_halo_destroy(halo);
  heat_halo_destroy(NULL);
  heat_field_destroy(&field);
  close_rig(&made);
}

/* Rows that are sent without a copy may be changed after heat_halo_wait_sent, however late the neighbours receive them:
 * here the odd ranks, with messages that MPI does not copy. */
static void rows_that_are_held_may_change_when_they_have_been_sent(void **state) {
  (void)state;
  enum { WIDTH = 3000, EACH = 5, DEPTH = 3, NAP_NANOSECONDS = 20000000 };
  heat_grid grid;
  heat_halo *halo;
  heat_field field, *only = &field;
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  open_problem(WIDTH, (int64_t)EACH * size, false, false);
  assert_int_equal(heat_grid_create(&grid, MPI_COMM_WORLD, &made.problem, (const int[]){1, size}).code, HEAT_OK);
  assert_true(everywhere(heat_halo_create(&halo, &grid, DEPTH, 1).code == HEAT_OK));
  assert_true(everywhere(heat_field_create(&field, &grid, DEPTH).code == HEAT_OK));
  bool right = true;
  for (int round = 0; round < 3; round++) {
    number_owned_cells(&grid, &field, 0, round);
    if (grid.rank % 2 == 1) nanosleep(&(struct timespec){0, NAP_NANOSECONDS}, NULL);
    if (round == 1 && grid.rank % 3 == 0) /* ranks may choose differently */
      heat_halo_begin(halo, &only);
    else
      heat_halo_begin_held(halo, &field);
    for (int64_t n = 0; n < heat_box_width(grid.owned, HEAT_Y); n++) {
      const int64_t j = round == 2 ? grid.owned.hi[HEAT_Y] - 1 - n : grid.owned.lo[HEAT_Y] + n;
      heat_halo_wait_sent(halo, (heat_box){{0, j}, {WIDTH, j + 1}});
      *heat_field_at(&field, grid.rank, j) = NAN;
    }
    heat_halo_end(halo, &only);
    for (int64_t j = grid.owned.lo[HEAT_Y]; j < grid.owned.hi[HEAT_Y]; j++)
      *heat_field_at(&field, grid.rank, j) = number(&grid, grid.rank, j, 0, round);
    right = right && all_layers_are_right(&grid, &field, 0, round);
  }
  assert_true(everywhere(right));
  heat_halo_destroy(halo);
  heat_field_destroy(&field);
  close_rig(&made);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ghosts_hold_their_owners_numbers_for_every_layout_and_depth),
      cmocka_unit_test(an_exchange_refreshes_the_fields_that_are_chosen),
      cmocka_unit_test(ghosts_of_coarse_grids_hold_their_owners_numbers),
      cmocka_unit_test(owned_cells_keep_their_values_during_an_exchange),
      cmocka_unit_test(rows_that_are_held_may_change_when_they_have_been_sent),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
