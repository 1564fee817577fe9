/* Boxes, compared with brute force over small ones; the decomposition, also of grids that are too large for any
 * machine; periodic images. */
#include "heat2d/grid/grid.h"

#include "harness.h"
#include "rig.h"

#include <string.h>

enum { SPAN = 4 };

static bool holds(heat_box box, int64_t i, int64_t j) {
  return i >= box.lo[HEAT_X] && i < box.hi[HEAT_X] && j >= box.lo[HEAT_Y] && j < box.hi[HEAT_Y];
}

static bool same_box(heat_box a, heat_box b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

/* The n-th box with corners in [0, SPAN), empty and inside-out ones included. */
enum { BOXES = SPAN * SPAN * SPAN * SPAN };
static heat_box nth_box(int n) {
  return (heat_box){{n % SPAN, n / SPAN % SPAN}, {n / SPAN / SPAN % SPAN, n / SPAN / SPAN / SPAN}};
}

static void a_box_has_the_cells_that_lie_in_it(void **state) {
  (void)state;
  for (int n = 0; n < BOXES; n++) {
    const heat_box box = nth_box(n), shifted = heat_box_shift(box, 2, -1), grown = heat_box_grow(box, 1);
    int64_t cells = 0;
    for (int64_t j = -SPAN; j < 2 * SPAN; j++) {
      for (int64_t i = -SPAN; i < 2 * SPAN; i++) {
        cells += holds(box, i, j);
        assert_int_equal(holds(shifted, i + 2, j - 1), holds(box, i, j));
        if (heat_box_empty(box)) continue;
        bool near = false;
        for (int64_t dj = -1; dj <= 1; dj++)
          for (int64_t di = -1; di <= 1; di++) near = near || holds(box, i + di, j + dj);
        assert_int_equal(holds(grown, i, j), near);
      }
    }
    assert_int_equal(heat_box_cells(box), cells);
    assert_int_equal(heat_box_empty(box), cells == 0);
    if (cells > 0) assert_int_equal(cells, heat_box_width(box, HEAT_X) * heat_box_width(box, HEAT_Y));
    assert_true(same_box(heat_box_grow(grown, -1), box));
  }
}

static void an_intersection_has_the_common_cells(void **state) {
  (void)state;
  for (int a = 0; a < BOXES; a++) {
    for (int b = 0; b < BOXES; b++) {
      const heat_box common = heat_box_intersect(nth_box(a), nth_box(b));
      bool right = true;
      for (int64_t j = 0; j < SPAN; j++)
        for (int64_t i = 0; i < SPAN; i++)
          right = right && holds(common, i, j) == (holds(nth_box(a), i, j) && holds(nth_box(b), i, j));
      assert_true(right);
    }
  }
}

static void a_difference_has_each_remaining_cell_once_in_whole_boxes(void **state) {
  (void)state;
  for (int a = 0; a < BOXES; a++) {
    for (int b = 0; b < BOXES; b++) {
      const heat_box outer = nth_box(a), inner = nth_box(b);
      heat_box parts[4];
      const int count = heat_box_subtract(outer, inner, parts);
      assert_in_range(count, 0, 4);
      bool right = true;
      for (int part = 0; part < count; part++) right = right && !heat_box_empty(parts[part]);
      for (int64_t j = 0; j < SPAN; j++) {
        for (int64_t i = 0; i < SPAN; i++) {
          int times = 0;
          for (int part = 0; part < count; part++) times += holds(parts[part], i, j);
          right = right && times == (holds(outer, i, j) && !holds(inner, i, j));
        }
      }
      assert_true(right);
    }
  }
}

static void blocks_are_contiguous_and_differ_by_at_most_one(void **state) {
  (void)state;
  static const int64_t cells[] = {1, 2, 7, 64, 1000, INT64_C(3000000019), INT64_C(1000000000000007)};
  static const int blocks[] = {1, 2, 3, 7, 64, 997, 1 << 20};
  for (size_t c = 0; c < sizeof cells / sizeof *cells; c++) {
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
      if (blocks[b] > cells[c]) continue;
      const int64_t least = cells[c] / blocks[b], most = (cells[c] + blocks[b] - 1) / blocks[b];
      assert_int_equal(heat_block_start(cells[c], blocks[b], 0), 0);
      assert_true(heat_block_start(cells[c], blocks[b], blocks[b]) == cells[c]);
      bool right = true;
      for (int n = 0; n < blocks[b]; n++) {
        const int64_t size = heat_block_start(cells[c], blocks[b], n + 1) - heat_block_start(cells[c], blocks[b], n);
        right = right && (size == least || size == most);
      }
      assert_true(right);
    }
  }
}

static double cut_length(const heat_layout *layout, int px, int py) {
  const int ranks[HEAT_AXES] = {px, py};
  double cut = 0;
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const bool closed = layout->periodic[axis] && ranks[axis] > 1;
    cut += (double)(ranks[axis] - (closed ? 0 : 1)) * (double)layout->cells[1 - axis];
  }
  return cut;
}

/* Comparison with every factorisation, for every size up to 64 and a few shapes. */
static void the_chosen_layout_has_the_shortest_cut(void **state) {
  (void)state;
  static const int64_t shapes[][HEAT_AXES] = {{1, 1},  {64, 64},  {100, 10}, {10, 100},
                                              {3, 50}, {1, 1000}, {5, 7},    {INT64_C(1) << 33, 100}};
  enum { SHAPES = sizeof shapes / sizeof *shapes, MOST = 64 };
  for (int n = 0; n < SHAPES * MOST * 4; n++) {
    const int size = n / 4 % MOST + 1;
    const int64_t *cells = shapes[n / 4 / MOST];
    heat_layout layout = {.cells = {cells[HEAT_X], cells[HEAT_Y]}, .periodic = {n % 2 == 1, n / 2 % 2 == 1}};
    const bool placed = heat_layout_choose(&layout, size);
    bool possible = false;
    for (int px = 1; px <= size; px++) {
      if (size % px != 0 || px > cells[HEAT_X] || size / px > cells[HEAT_Y]) continue;
      possible = true;
      const double cut = cut_length(&layout, px, size / px);
      const double chosen = cut_length(&layout, layout.ranks[HEAT_X], layout.ranks[HEAT_Y]);
      assert_true(chosen <= cut);
      if (cut <= chosen) assert_true(layout.ranks[HEAT_X] <= px);
    }
    assert_int_equal(placed, possible);
    if (!placed) continue;
    assert_int_equal(layout.ranks[HEAT_X] * layout.ranks[HEAT_Y], size);
    assert_true(layout.ranks[HEAT_X] <= cells[HEAT_X] && layout.ranks[HEAT_Y] <= cells[HEAT_Y]);
  }
}

static void known_layouts(void **state) {
  (void)state;
  static const struct {
    int64_t cells[HEAT_AXES];
    int size, ranks[HEAT_AXES]; /* 0: cannot be placed */
  } cases[] = {{{100, 100}, 4, {2, 2}},
               {{100, 100}, 7, {1, 7}},
               {{1000, 10}, 6, {6, 1}},
               {{1000, 10}, 13, {13, 1}},
               {{100, 150}, 6, {2, 3}},
               {{10, 10}, 101, {0, 0}},
               {{5, 7}, 11, {0, 0}},
               {{5, 7}, 35, {5, 7}},
               {{3, 3}, 8, {0, 0}},
               {{1, 1}, 2, {0, 0}},
               {{4, 4}, 2, {1, 2}},
               {{2, 1}, 2, {2, 1}},
               {{65536, 65536}, 4096, {64, 64}}};
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    heat_layout layout = {.cells = {cases[n].cells[HEAT_X], cases[n].cells[HEAT_Y]}};
    assert_int_equal(heat_layout_choose(&layout, cases[n].size), cases[n].ranks[HEAT_X] > 0);
    if (cases[n].ranks[HEAT_X] == 0) continue;
    assert_int_equal(layout.ranks[HEAT_X], cases[n].ranks[HEAT_X]);
    assert_int_equal(layout.ranks[HEAT_Y], cases[n].ranks[HEAT_Y]);
  }
}

static void the_boxes_of_all_ranks_hold_each_cell_once(void **state) {
  (void)state;
  for (int px = 1; px <= 5; px++) {
    for (int py = 1; py <= 5; py++) {
      const heat_layout layout = {.cells = {7, 5}, .ranks = {px, py}};
      assert_true(same_box(heat_layout_domain(&layout), (heat_box){{0, 0}, {7, 5}}));
      int times[5][7] = {{0}};
      for (int rank = 0; rank < px * py; rank++) {
        const heat_box box = heat_layout_box(&layout, rank);
        for (int64_t j = box.lo[HEAT_Y]; j < box.hi[HEAT_Y]; j++)
          for (int64_t i = box.lo[HEAT_X]; i < box.hi[HEAT_X]; i++) times[j][i]++;
        if (rank % px > 0) assert_int_equal(box.lo[HEAT_X], heat_layout_box(&layout, rank - 1).hi[HEAT_X]);
        if (rank >= px) assert_int_equal(box.lo[HEAT_Y], heat_layout_box(&layout, rank - px).hi[HEAT_Y]);
      }
      for (int j = 0; j < 5; j++)
        for (int i = 0; i < 7; i++) assert_int_equal(times[j][i], 1);
    }
  }
}

/* On every level down to one cell: the owner of a coarse cell is the owner of the fine cell where it lies. */
static void coarse_blocks_lie_on_the_fine_ones(void **state) {
  (void)state;
  static const int64_t shapes[][HEAT_AXES] = {{1, 1}, {6, 5}, {13, 40}, {64, 9}, {31, 33}};
  static const int ranks[][HEAT_AXES] = {{1, 1}, {1, 3}, {4, 1}, {3, 2}, {5, 5}};
  for (size_t n = 0; n < sizeof shapes / sizeof *shapes; n++) {
    for (size_t r = 0; r < sizeof ranks / sizeof *ranks; r++) {
      heat_layout fine = {.cells = {shapes[n][0], shapes[n][1]}, .ranks = {ranks[r][0], ranks[r][1]}};
      if (ranks[r][0] > shapes[n][0] || ranks[r][1] > shapes[n][1]) continue;
      for (int level = 0; fine.cells[HEAT_X] * fine.cells[HEAT_Y] > 1; level++) {
        const bool halve[HEAT_AXES] = {level % 3 != 1, level % 3 != 2};
        const heat_layout coarse = heat_layout_coarsen(&fine, halve);
        bool right = true;
        for (int axis = 0; axis < HEAT_AXES; axis++)
          right = right && coarse.cells[axis] == (halve[axis] ? (fine.cells[axis] + 1) / 2 : fine.cells[axis]);
        int64_t cells = 0;
        for (int rank = 0; rank < ranks[r][0] * ranks[r][1]; rank++) {
          const heat_box box = heat_layout_box(&coarse, rank), from = heat_layout_box(&fine, rank);
          cells += heat_box_cells(box);
          for (int64_t j = box.lo[HEAT_Y]; j < box.hi[HEAT_Y]; j++)
            for (int64_t i = box.lo[HEAT_X]; i < box.hi[HEAT_X]; i++)
              right = right && holds(from, halve[HEAT_X] ? 2 * i : i, halve[HEAT_Y] ? 2 * j : j);
        }
        assert_true(right && cells == coarse.cells[HEAT_X] * coarse.cells[HEAT_Y]);
        fine = coarse;
      }
    }
  }
}

/* Whether block `block`, or an image of it, ends after lo and begins before hi. */
static bool meets(const heat_layout *layout, int axis, int block, int64_t lo, int64_t hi) {
  const heat_box box = heat_layout_box(layout, axis == HEAT_X ? block : block * layout->ranks[HEAT_X]);
  const int64_t periods = layout->periodic[axis] ? 20 : 0; /* more than the ranges below reach over */
  for (int64_t n = -periods; n <= periods; n++) {
    const int64_t shift = n * layout->cells[axis];
    if (lo < hi && box.hi[axis] + shift > lo && box.lo[axis] + shift < hi) return true;
  }
  return false;
}

static void compare_blocks(const heat_layout *layout, int axis, int64_t lo, int64_t hi) {
  const int blocks = layout->ranks[axis];
  const heat_blocks found = heat_layout_blocks(layout, axis, lo, hi);
  bool right = found.count >= 0 && found.count <= blocks;
  for (int block = 0; block < blocks; block++) {
    const bool named = (block - found.first + blocks) % blocks < found.count;
    right = right && named == meets(layout, axis, block, lo, hi);
  }
  assert_true(right);
}

/* The search finds the same blocks as a test of each block: for fine and coarse grids, whose blocks may be empty, and
 * across periodic sides. */
static void the_blocks_of_a_range_are_those_that_meet_it(void **state) {
  (void)state;
  static const int64_t cells[] = {1, 5, 16, 31};
  static const int ranks[] = {1, 2, 5};
  enum { REACH = 7, LEVELS = 4 };
  for (size_t c = 0; c < sizeof cells / sizeof *cells; c++) {
    for (size_t r = 0; r < sizeof ranks / sizeof *ranks; r++) {
      if (ranks[r] > cells[c]) continue;
      for (int seams = 0; seams < 4; seams++) {
        heat_layout layout = {
            .cells = {cells[c], cells[c]}, .ranks = {ranks[r], ranks[r]}, .periodic = {seams % 2 == 1, seams > 1}};
        for (int level = 0; level < LEVELS; level++) {
          for (int axis = 0; axis < HEAT_AXES; axis++)
            for (int64_t lo = -REACH; lo <= layout.cells[axis] + REACH; lo++)
              for (int64_t hi = lo; hi <= layout.cells[axis] + REACH; hi += 3) compare_blocks(&layout, axis, lo, hi);
          layout = heat_layout_coarsen(&layout, (const bool[HEAT_AXES]){true, true});
        }
      }
    }
  }
}

static void counts_beyond_32_bits_are_right(void **state) {
  (void)state;
  const int64_t nx = INT64_C(3000000019), ny = INT64_C(2500000007); /* more than 2^31 along each axis */
  const heat_layout layout = {.cells = {nx, ny}, .ranks = {3, 5}};
  const heat_box domain = heat_layout_domain(&layout);
  assert_true(heat_box_cells(domain) == INT64_C(7500000068500000133));
  int64_t cells = 0;
  for (int rank = 0; rank < 15; rank++) cells += heat_box_cells(heat_layout_box(&layout, rank));
  assert_true(cells == heat_box_cells(domain));
  const heat_box last = heat_layout_box(&layout, 14);
  assert_true(last.hi[HEAT_X] == nx && last.hi[HEAT_Y] == ny);
  assert_true(last.lo[HEAT_X] == INT64_C(2000000013) && last.lo[HEAT_Y] == INT64_C(2000000006));
  heat_box parts[4];
  const int count = heat_box_subtract(domain, heat_box_grow(domain, -1), parts);
  int64_t rim = 0;
  for (int part = 0; part < count; part++) rim += heat_box_cells(parts[part]);
  assert_true(rim == 2 * (nx + ny) - 4);
  const heat_layout many = {.cells = {65536, 65536}, .ranks = {256, 256}}; /* 2^32 cells in all */
  assert_true(heat_box_cells(heat_layout_domain(&many)) == INT64_C(1) << 32);
  assert_true(heat_layout_box(&many, 65535).lo[HEAT_Y] == 65536 - 256);
}

/* How often each cell of the target was visited, and whether each came from the right cell of the source. */
typedef struct census {
  heat_layout layout;
  heat_box source, target;
  int times[64][64];
  bool right;
} census;

static void count_image(heat_box piece, const int64_t shift[HEAT_AXES], void *context) {
  census *seen = context;
  seen->right = seen->right && !heat_box_empty(piece);
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const int64_t period = seen->layout.cells[axis];
    seen->right = seen->right && (seen->layout.periodic[axis] ? shift[axis] % period == 0 : shift[axis] == 0);
  }
  for (int64_t j = piece.lo[HEAT_Y]; j < piece.hi[HEAT_Y]; j++) {
    for (int64_t i = piece.lo[HEAT_X]; i < piece.hi[HEAT_X]; i++) {
      seen->right =
          seen->right && holds(seen->target, i, j) && holds(seen->source, i - shift[HEAT_X], j - shift[HEAT_Y]);
      seen->times[j - seen->target.lo[HEAT_Y]][i - seen->target.lo[HEAT_X]]++;
    }
  }
}

static int64_t wrapped(int64_t index, int64_t cells, bool periodic) {
  return periodic ? ((index % cells) + cells) % cells : index;
}

static void images_name_each_cell_of_the_target_that_the_source_holds(void **state) {
  (void)state;
  static const int64_t shapes[][HEAT_AXES] = {{1, 1}, {1, 3}, {2, 1}, {3, 2}, {5, 4}};
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    for (int seams = 0; seams < 4; seams++) {
      for (int depth = 0; depth <= 9; depth += 3) {
        census seen = {.layout = {.cells = {shapes[s][0], shapes[s][1]}, .periodic = {seams % 2 == 1, seams > 1}}};
        const heat_box domain = heat_layout_domain(&seen.layout);
        for (int n = 0; n < BOXES; n += 7) {
          seen.source = heat_box_intersect(nth_box(n), domain);
          seen.target = heat_box_grow(domain, depth);
          seen.right = true;
          memset(seen.times, 0, sizeof seen.times);
          if (heat_box_empty(seen.source)) continue;
          heat_layout_images(&seen.layout, seen.source, seen.target, count_image, &seen);
          for (int64_t j = seen.target.lo[HEAT_Y]; j < seen.target.hi[HEAT_Y]; j++) {
            for (int64_t i = seen.target.lo[HEAT_X]; i < seen.target.hi[HEAT_X]; i++) {
              const bool named = holds(seen.source, wrapped(i, shapes[s][0], seen.layout.periodic[HEAT_X]),
                                       wrapped(j, shapes[s][1], seen.layout.periodic[HEAT_Y]));
              seen.right = seen.right && seen.times[j + depth][i + depth] == named;
            }
          }
          assert_true(seen.right);
        }
      }
    }
  }
}

/* The problem of a deck, on all ranks. */
static rig made;

static void open_problem(int64_t nx, int64_t ny, const char *boundary) {
  char deck[256];
  snprintf(deck, sizeof deck, "parallel: {ranks: [3, 1]}\n%s\n", boundary);
  open_rig(&made, (rig_setting){.deck = deck, .cells = {nx, ny}, .up_to = RIG_PROBLEM});
}

static void every_layout_of_the_ranks_makes_a_grid(void **state) {
  (void)state;
  open_problem(12, 13, "boundary: {left: {type: periodic}, right: {type: periodic}}");
  int size, rank;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  for (int px = 0; px <= size; px++) {
    if (px > 0 && size % px != 0) continue;
    const int ranks[HEAT_AXES] = {px, px == 0 ? 0 : size / px};
    heat_grid grid;
    const heat_status status = heat_grid_create(&grid, MPI_COMM_WORLD, &made.problem, ranks);
    assert_true(everywhere(status.code == HEAT_OK));
    assert_true(grid.rank == rank && grid.size == size);
    assert_true(same_box(grid.owned, heat_layout_box(&grid.layout, rank)));
    assert_true(same_box(grid.domain, (heat_box){{0, 0}, {12, 13}}));
    if (px > 0) assert_int_equal(grid.layout.ranks[HEAT_X], px);
    int64_t cells = heat_box_cells(grid.owned);
    MPI_Allreduce(MPI_IN_PLACE, &cells, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    assert_int_equal(cells, 12 * 13);
    assert_false(heat_grid_wall(&grid, HEAT_LEFT) || heat_grid_wall(&grid, HEAT_RIGHT));
    assert_true(heat_grid_wall(&grid, HEAT_BOTTOM) && heat_grid_wall(&grid, HEAT_TOP));
    assert_true(same_box(heat_grid_grown(&grid, grid.domain, 30), (heat_box){{-30, 0}, {42, 13}}));
    for (int64_t i = -40; i < 40; i++) assert_int_equal(heat_grid_wrap(&grid, HEAT_X, i), wrapped(i, 12, true));
  }
  close_rig(&made);
}

static void ranks_that_cannot_be_placed_are_an_error_of_the_deck(void **state) {
  (void)state;
  static const struct {
    int over[HEAT_AXES]; /* ranks asked for: that many times the size; 0: chosen */
    int cells[HEAT_AXES];
    const char *says[2];
  } cases[] = {{{0, 0}, {1, 0}, {"domain.cells: 1 x ", "cannot be distributed over"}}, /* 0: one less than the ranks */
               {{1, 2}, {20, 20}, {"parallel.ranks: ", "ranks are asked for, but the run has"}},
               {{30, 1}, {20, 20}, {"parallel.ranks: ", "do not fit on 20 x 20 cells"}},
               {{1, 30}, {20, 20}, {"parallel.ranks: ", "do not fit on 20 x 20 cells"}}};
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    const int ny = cases[n].cells[HEAT_Y] > 0 ? cases[n].cells[HEAT_Y] : size - 1;
    if (ny == 0) continue; /* one rank can always be placed */
    open_problem(cases[n].cells[HEAT_X], ny, "");
    const int *over = cases[n].over, ranks[HEAT_AXES] = {over[HEAT_X] * size, over[HEAT_Y]};
    heat_grid grid;
    const heat_status status = heat_grid_create(&grid, MPI_COMM_WORLD, &made.problem, ranks);
    assert_true(everywhere(status.code == HEAT_DECK));
    for (int s = 0; s < 2; s++) assert_non_null(strstr(status.text, cases[n].says[s]));
    assert_non_null(strstr(status.text, "deck:"));
    if (n == 0) {
      char next[32];
      snprintf(next, sizeof next, "can: %d)", ny);
      assert_non_null(strstr(status.text, next));
    }
    close_rig(&made);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_box_has_the_cells_that_lie_in_it),
      cmocka_unit_test(an_intersection_has_the_common_cells),
      cmocka_unit_test(a_difference_has_each_remaining_cell_once_in_whole_boxes),
      cmocka_unit_test(blocks_are_contiguous_and_differ_by_at_most_one),
      cmocka_unit_test(the_chosen_layout_has_the_shortest_cut),
      cmocka_unit_test(known_layouts),
      cmocka_unit_test(the_boxes_of_all_ranks_hold_each_cell_once),
      cmocka_unit_test(coarse_blocks_lie_on_the_fine_ones),
      cmocka_unit_test(the_blocks_of_a_range_are_those_that_meet_it),
      cmocka_unit_test(counts_beyond_32_bits_are_right),
      cmocka_unit_test(images_name_each_cell_of_the_target_that_the_source_holds),
      cmocka_unit_test(every_layout_of_the_ranks_makes_a_grid),
      cmocka_unit_test(ranks_that_cannot_be_placed_are_an_error_of_the_deck),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
