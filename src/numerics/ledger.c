#include "heat2d/numerics/ledger.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

heat_status heat_ledger_create(heat_ledger *ledger, const heat_grid *grid) {
  *ledger = (heat_ledger){.grid = grid};
  for (int n = 0; n < HEAT_SIDES; n++) {
    heat_ledger_side *side = &ledger->sides[n];
    heat_walls_owned(grid, n, &side->lo, &side->hi);
    if (side->lo == side->hi) continue;
    const size_t faces = (size_t)(side->hi - side->lo);
    side->heat = calloc(faces, sizeof(double));
    side->before = calloc(faces, sizeof(double));
    if (side->heat == NULL || side->before == NULL) return heat_no_memory("a wall", faces * sizeof(double));
  }
  return heat_ok();
}

void heat_ledger_destroy(heat_ledger *ledger) {
  for (int side = 0; side < HEAT_SIDES; side++) {
    free(ledger->sides[side].heat);
    free(ledger->sides[side].before);
  }
  *ledger = (heat_ledger){0};
}

size_t heat_ledger_bytes(heat_box owned) {
  enum { ARRAYS = 2, WALLS = 2 }; /* along each axis */
  return (size_t)(heat_box_width(owned, HEAT_X) + heat_box_width(owned, HEAT_Y)) * ARRAYS * WALLS * sizeof(double);
}

static size_t face_bytes(const heat_ledger_side *side) {
  return (size_t)(side->hi - side->lo) * sizeof(double);
}

void heat_ledger_begin(heat_ledger *ledger) {
  for (int n = 0; n < HEAT_SIDES; n++) {
    const heat_ledger_side *side = &ledger->sides[n];
    if (side->heat != NULL) memcpy(side->before, side->heat, face_bytes(side));
  }
  ledger->source_before = ledger->source;
}

void heat_ledger_roll_back(heat_ledger *ledger) {
  for (int n = 0; n < HEAT_SIDES; n++) {
    const heat_ledger_side *side = &ledger->sides[n];
    if (side->heat != NULL) memcpy(side->heat, side->before, face_bytes(side));
  }
  ledger->source = ledger->source_before;
}

void heat_ledger_count_line(heat_ledger *ledger, const heat_walls *walls, const heat_wall_line *line, double c) {
  double *heat = ledger->sides[line->side].heat;
  if (heat != NULL) heat_walls_add_heat(walls, line, c, heat);
}

void heat_ledger_count_source(heat_ledger *ledger, double heat) {
  heat_sum_add(&ledger->source, heat);
}

void heat_ledger_count_cells(heat_ledger *ledger, const double *heat, int64_t cells) {
#pragma omp critical(heat_ledger)
  heat_sum_add_many(&ledger->source, heat, cells);
}

void heat_ledger_count_alike(heat_ledger *ledger, double heat, int64_t cells) {
#pragma omp critical(heat_ledger)
  heat_sum_add_times(&ledger->source, heat, cells);
}

static double as_it_is(double value) {
  return value;
}

static double sum_walls(const heat_ledger *ledger, int first, int last, double (*of)(double)) {
  heat_sum sum = {0};
  for (int n = first; n < last; n++) {
    const heat_ledger_side *side = &ledger->sides[n];
    for (int64_t face = 0; face < side->hi - side->lo; face++) heat_sum_add(&sum, of(side->heat[face]));
  }
  const heat_sum total = heat_sum_reduce(&sum, ledger->grid->comm);
  return heat_sum_value(&total);
}

double heat_ledger_side_heat(const heat_ledger *ledger, int side) {
  return sum_walls(ledger, side, side + 1, as_it_is);
}

double heat_ledger_wall_heat(const heat_ledger *ledger) {
  return sum_walls(ledger, 0, HEAT_SIDES, as_it_is);
}

double heat_ledger_wall_moved(const heat_ledger *ledger) {
  return sum_walls(ledger, 0, HEAT_SIDES, fabs);
}

double heat_ledger_source_heat(const heat_ledger *ledger) {
  const heat_sum total = heat_ledger_source_sum(ledger);
  return heat_sum_value(&total);
}

double *heat_ledger_faces(heat_ledger *ledger, int side, int64_t *lo, int64_t *hi) {
  *lo = ledger->sides[side].lo;
  *hi = ledger->sides[side].hi;
  return ledger->sides[side].heat;
}

heat_sum heat_ledger_source_sum(const heat_ledger *ledger) {
  return heat_sum_reduce(&ledger->source, ledger->grid->comm);
}

void heat_ledger_restore_source(heat_ledger *ledger, const heat_sum *total) {
  ledger->source = ledger->grid->rank == 0 ? *total : (heat_sum){0};
}
