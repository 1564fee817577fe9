/* Which rank has which block, so that the blocks of a node are close together; and what is known about the nodes. */
#include "heat2d/base/runtime.h"
#include "heat2d/grid/grid.h"

#include "harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* For any number of strips each block belongs to one rank, which has it as its place, and no cell is missing. */
static void each_block_has_one_rank(void **state) {
  (void)state;
  enum { MOST = 9 };
  for (int n = 0; n < MOST * MOST * (MOST + 1); n++) {
    const int px = n % MOST + 1, py = n / MOST % MOST + 1, strips = n / MOST / MOST;
    if (strips > py) continue;
    const heat_layout layout = {.cells = {2 * px + 1, 3 * py}, .ranks = {px, py}, .strips = strips};
    bool right = true, taken[MOST][MOST] = {{false}};
    for (int rank = 0; rank < px * py; rank++) {
      int at[HEAT_AXES];
      heat_layout_place(&layout, rank, at);
      right = right && at[HEAT_X] >= 0 && at[HEAT_X] < px && at[HEAT_Y] >= 0 && at[HEAT_Y] < py;
      right = right && !taken[at[HEAT_Y]][at[HEAT_X]];
      right =
          right && heat_layout_rank(&layout, (heat_blocks){at[HEAT_X], 1}, 0, (heat_blocks){at[HEAT_Y], 1}, 0) == rank;
      const heat_box has = heat_layout_box(&layout, rank), is = heat_layout_block(&layout, at[HEAT_X], at[HEAT_Y]);
      right = right && memcmp(&has, &is, sizeof has) == 0;
      taken[at[HEAT_Y]][at[HEAT_X]] = true;
    }
    assert_true(right);
  }
}

/* Count the faces between blocks of different nodes, in all and for the node with most. */
typedef struct faces {
  int all, most;
} faces;

static int node_at(const heat_layout *layout, int node, int x, int y) {
  return heat_layout_rank(layout, (heat_blocks){x, 1}, 0, (heat_blocks){y, 1}, 0) / node;
}

static faces count_faces(const heat_layout *layout, int node) {
  const int px = layout->ranks[HEAT_X], py = layout->ranks[HEAT_Y], nodes = (px * py + node - 1) / node;
  int *of = calloc((size_t)nodes, sizeof *of);
  faces found = {0, 0};
  assert_non_null(of);
  for (int x = 0; x < px; x++) {
    for (int y = 0; y < py; y++) {
      const int own = node_at(layout, node, x, y);
      if (x > 0) of[own] += node_at(layout, node, x - 1, y) != own;
      if (x + 1 < px) of[own] += node_at(layout, node, x + 1, y) != own;
      if (y > 0) of[own] += node_at(layout, node, x, y - 1) != own;
      if (y + 1 < py) of[own] += node_at(layout, node, x, y + 1) != own;
    }
  }
  for (int n = 0; n < nodes; n++) {
    found.all += of[n];
    if (of[n] > found.most) found.most = of[n];
  }
  free(of);
  return found;
}

/* Never more faces between nodes than row by row, and hardly more than those of squares, where there is room for these.
 */
static void nodes_have_compact_tiles(void **state) {
  (void)state;
  static const int sides[] = {1, 2, 7, 12, 31}, nodes[] = {1, 3, 4, 24, 64, 128};
  enum { SIDES = sizeof sides / sizeof *sides, NODES = sizeof nodes / sizeof *nodes };
  for (int n = 0; n < SIDES * SIDES * NODES; n++) {
    const int node = nodes[n % NODES];
    heat_layout layout = {.ranks = {sides[n / NODES % SIDES], sides[n / NODES / SIDES]}};
    const faces rows = count_faces(&layout, node);
    layout.strips = heat_layout_strips(&layout, node);
    const faces chosen = count_faces(&layout, node);
    assert_in_range(layout.strips, 0, layout.ranks[HEAT_Y]);
    assert_true(chosen.all <= rows.all && chosen.most <= rows.most);
    if (layout.ranks[HEAT_X] >= 30 && layout.ranks[HEAT_Y] >= 30) assert_true(chosen.most <= 4 * sqrt(node) + 8);
  }
}

/* 1,024 ranks on nodes of 128: tiles of 16 x 8; 10,000 do not fill their last node; on one node, or where nodes are not
 * known, row by row. */
static void known_numberings(void **state) {
  (void)state;
  heat_layout layout = {.ranks = {32, 32}};
  assert_int_equal(heat_layout_strips(&layout, 0), 0);
  assert_int_equal(heat_layout_strips(&layout, 1024), 0);
  layout.strips = heat_layout_strips(&layout, 128);
  assert_int_equal(layout.strips, 4);
  for (int x = 0; x < 32; x++)
    for (int y = 0; y < 32; y++) {
      const int strip = y / 8, tile = strip % 2 == 0 ? x / 16 : 1 - x / 16;
      assert_int_equal(node_at(&layout, 128, x, y), 2 * strip + tile);
    }
  layout = (heat_layout){.ranks = {100, 100}};
  assert_int_equal(count_faces(&layout, 128).most, 202);
  layout.strips = heat_layout_strips(&layout, 128);
  assert_in_range(count_faces(&layout, 128).most, 4 * 11, 50);
}

/* The nodes of an imaginary machine, with a number of ranks on each or with ranks in turn. */
static int pretended, in_turn;

int MPI_Comm_split_type(MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm *part) {
  int rank, size;
  if (pretended == 0) return PMPI_Comm_split_type(comm, type, key, info, part);
  PMPI_Comm_rank(comm, &rank);
  PMPI_Comm_size(comm, &size);
  return PMPI_Comm_split(comm, in_turn ? rank % ((size + pretended - 1) / pretended) : rank / pretended, key, part);
}

static void nodes_that_ranks_fill_are_known(void **state) {
  (void)state;
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  assert_true(everywhere(heat_node_filling(MPI_COMM_WORLD) == size)); /* this machine */
  for (pretended = 1; pretended <= size; pretended++) {
    in_turn = 0;
    assert_true(everywhere(heat_node_filling(MPI_COMM_WORLD) == pretended));
    in_turn = 1; /* 0, 2, 4 on one, 1, 3, 5 on the other: no tile of either is compact */
    if (pretended > 1 && pretended < size) assert_true(everywhere(heat_node_filling(MPI_COMM_WORLD) == 0));
  }
  pretended = 0;
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_block_has_one_rank),
      cmocka_unit_test(nodes_have_compact_tiles),
      cmocka_unit_test(known_numberings),
      cmocka_unit_test(nodes_that_ranks_fill_are_known),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
