/* Contact between regions: along the outline of a region with a contact resistance R, m2 K/W, each face between a cell
 * inside and one outside has R in series with the two half cells. */
#include "heat2d/deck/shape.h"
#include "problem_private.h"

#include <string.h>

static bool contains(const heat_problem *problem, int region, const int64_t cell[HEAT_AXES]) {
  return heat_shape_contains(problem->regions[region].shape, heat_problem_centre(problem, HEAT_X, cell[HEAT_X]),
                             heat_problem_centre(problem, HEAT_Y, cell[HEAT_Y]));
}

int heat_problem_contact_layer(const heat_problem *problem, const int64_t a[HEAT_AXES], const int64_t b[HEAT_AXES]) {
  for (int r = problem->region_count - 1; r >= 0; r--) {
    if (problem->regions[r].contact < 0) continue;
    const bool has_a = contains(problem, r, a), has_b = contains(problem, r, b);
    if (has_a != has_b) return r + 1;
    if (has_a) return 0; /* in its interior the outlines of earlier regions do not count */
  }
  return 0;
}

double heat_problem_contact(const heat_problem *problem, const int64_t a[HEAT_AXES], const int64_t b[HEAT_AXES]) {
  const int layer = heat_problem_contact_layer(problem, a, b);
  return layer == 0 ? 0 : problem->regions[layer - 1].contact;
}

int heat_problem_contacts(const heat_problem *problem) {
  int count = 0;
  for (int r = 0; r < problem->region_count; r++) count += problem->regions[r].contact >= 0;
  return count;
}

void heat_problem_contact_row(const heat_problem *problem, const double *x, int count, double y, int *inside) {
  memset(inside, 0, (size_t)heat_problem_contacts(problem) * (size_t)count * sizeof *inside);
  for (int r = 0; r < problem->region_count; r++) {
    if (problem->regions[r].contact < 0) continue;
    heat_shape_cover(problem->regions[r].shape, x, count, y, 1, inside);
    inside += count;
  }
}

int heat_problem_contact_between(const heat_problem *problem, const int *a, const int *b, int count) {
  ptrdiff_t at = (ptrdiff_t)heat_problem_contacts(problem) * count;
  for (int r = problem->region_count - 1; r >= 0; r--) {
    if (problem->regions[r].contact < 0) continue;
    at -= count;
    if (a[at] != b[at]) return r + 1;
    if (a[at]) return 0;
  }
  return 0;
}

bool heat_problem_has_contact(const heat_problem *problem) {
  for (int r = 0; r < problem->region_count; r++)
    if (problem->regions[r].contact > 0) return true;
  return false;
}

/* A condition that is NaN decides nothing. */
heat_status heat_problem_check_conditions(const heat_problem *problem) {
  for (int r = 0; r < problem->region_count; r++) {
    double x, y;
    if (!heat_shape_undefined(problem->regions[r].shape, &x, &y)) continue;
    char key[HEAT_QUANTITY_KEY];
    snprintf(key, sizeof key, "regions.%d.condition", r);
    return heat_config_fail(problem->config, key, "is not a number at x = %g, y = %g", x, y);
  }
  return heat_ok();
}
