#include "heat2d/numerics/stencil.h"

#include "paint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Conductance of a face between cells of conductivity a and b, W/(m3 K) after division by the squared spacing. */
static double face_mean(double a, double b, bool arithmetic) {
  return arithmetic ? (a + b) / 2 : 2 * a * b / (a + b);
}

/* Reduce the conductance K of a face by a contact resistance R in series with it. With G = K h, W/(m2 K), the heat that
 * flows through the face per area and kelvin, the result is G / (1 + R G). */
static void resist_face(const heat_problem *problem, int layer, double spacing, double *face) {
  const double resistance = layer > 0 ? problem->regions[layer - 1].contact : 0;
  if (resistance > 0) *face /= 1 + resistance * (*face * spacing);
}

/* Put the contact resistances into the west and south faces of one row of cells. `here` and the array of the row below
 * say in which region each cell lies; that array is NULL for the lowest row. The faces at the low ends of rows and
 * columns are walls, which have no resistance, or lie at the rim of the grown box, and are never used. */
static void resist_row(heat_stencil *stencil, const heat_problem *problem, int64_t j, const int *here,
                       const int *below) {
  const heat_grid *grid = stencil->grid;
  const heat_box grown = heat_grid_grown(grid, grid->owned, stencil->depth);
  const int count = (int)heat_box_width(grown, HEAT_X);
  double *kx = heat_field_at(&stencil->kx, grown.lo[HEAT_X], j), *ky = heat_field_at(&stencil->ky, grown.lo[HEAT_X], j);
  for (int n = 1; n < count; n++)
    resist_face(problem, heat_problem_contact_between(problem, here + n, here + n - 1, count), grid->spacing[HEAT_X],
                &kx[n]);
  for (int n = 0; n < count && below != NULL; n++)
    resist_face(problem, heat_problem_contact_between(problem, here + n, below + n, count), grid->spacing[HEAT_Y],
                &ky[n]);
}

/* Put the contact resistances into all faces. The `where` conditions of regions are evaluated once for each cell. */
static heat_status resist(heat_stencil *stencil, const heat_problem *problem) {
  const heat_grid *grid = stencil->grid;
  const heat_box grown = heat_grid_grown(grid, grid->owned, stencil->depth);
  const int count = (int)heat_box_width(grown, HEAT_X);
  const size_t row = (size_t)count * (size_t)heat_problem_contacts(problem);
  double *x = malloc((size_t)count * sizeof *x);
  int *inside = malloc(2 * row * sizeof *inside); /* for this row and the row below it, in turn */
  heat_status status = x != NULL && inside != NULL ? heat_ok() : heat_no_memory("contacts", 2 * row * sizeof *inside);
  for (int n = 0; n < count && status.code == HEAT_OK; n++)
    x[n] = heat_problem_centre(problem, HEAT_X, heat_grid_wrap(grid, HEAT_X, grown.lo[HEAT_X] + n));
  for (int64_t j = grown.lo[HEAT_Y], turn = 0; j < grown.hi[HEAT_Y] && status.code == HEAT_OK; j++, turn = 1 - turn) {
    int *here = inside + (turn == 0 ? 0 : row);
    const double y = heat_problem_centre(problem, HEAT_Y, heat_grid_wrap(grid, HEAT_Y, j));
    heat_problem_contact_row(problem, x, count, y, here);
    resist_row(stencil, problem, j, here, j == grown.lo[HEAT_Y] ? NULL : inside + (turn == 0 ? row : 0));
  }
  free(x);
  free(inside);
  return status.code == HEAT_OK ? heat_problem_check_conditions(problem) : status;
}

/* Turn the conductivities of cells into the conductances of their west (or south) faces, in place. This goes from the
 * high end to the low end, so that the conductivities of both cells of a face have not been overwritten. A face on a
 * wall has the conductivity of its cell. A face at the rim of the grown box is never used. */
static void conductances(const heat_stencil *stencil, bool arithmetic, heat_field *k, int axis) {
  const heat_grid *grid = stencil->grid;
  const heat_box grown = heat_grid_grown(grid, grid->owned, stencil->depth);
  const double h = grid->spacing[axis], scale = 1 / (h * h);
  const ptrdiff_t back = axis == HEAT_X ? 1 : k->stride;
  for (int64_t j = grown.hi[HEAT_Y] - 1; j >= grown.lo[HEAT_Y]; j--) {
    for (int64_t i = grown.hi[HEAT_X] - 1; i >= grown.lo[HEAT_X]; i--) {
      double *here = heat_field_at(k, i, j);
      const int64_t at = axis == HEAT_X ? i : j;
      /* The face on the wall at the high end is stored at the place of the next cell. If that place lies beyond the
       * ghost layers, no cell of the grown box is beside this wall. */
      if (heat_grid_wall(grid, 2 * axis) && at == grid->domain.hi[axis] - 1 &&
          at + 1 < grid->owned.hi[axis] + stencil->depth)
        here[back] = *here * scale;
      const bool rim = at == grown.lo[axis];
      *here = (rim ? *here : face_mean(here[-back], *here, arithmetic)) * scale;
    }
  }
}

static void create_uniform(heat_stencil *stencil, const heat_problem *problem) {
  double kx, ky, density, capacity;
  heat_problem_uniform(problem, HEAT_CONDUCTIVITY_X, &kx);
  heat_problem_uniform(problem, HEAT_CONDUCTIVITY_Y, &ky);
  heat_problem_uniform(problem, HEAT_DENSITY, &density);
  heat_problem_uniform(problem, HEAT_CAPACITY, &capacity);
  const double dx = stencil->grid->spacing[HEAT_X], dy = stencil->grid->spacing[HEAT_Y];
  stencil->s = 1 / (density * capacity);
  stencil->rx = kx * stencil->s / (dx * dx);
  stencil->ry = ky * stencil->s / (dy * dy);
  stencil->faces[HEAT_X] = kx / (dx * dx);
  stencil->faces[HEAT_Y] = ky / (dy * dy);
}

static heat_status create_varying(heat_stencil *stencil, const heat_discretisation *from) {
  const heat_grid *grid = stencil->grid;
  const heat_box grown = heat_grid_grown(grid, grid->owned, stencil->depth);
  heat_field *fields[] = {&stencil->kx, &stencil->ky, &stencil->inverse};
  heat_status status = heat_ok();
  /* Numbers for the placement in memory, see field.h: the fields of the stages have the numbers from 0 on. */
  for (int f = 0; f < 3 && status.code == HEAT_OK; f++)
    status = heat_field_create_as(fields[f], grid,
                                  (heat_field_form){.depth = stencil->depth,
                                                    .page_slot = HEAT_FIELD_PAGE_SLOTS - 1 - f,
                                                    .threads = from->threads});
  if (status.code == HEAT_OK) status = heat_paint_field(from, HEAT_DENSITY, &stencil->kx);
  if (status.code == HEAT_OK) status = heat_paint_field(from, HEAT_CAPACITY, &stencil->inverse);
  if (status.code != HEAT_OK) return status;
  for (int64_t j = grown.lo[HEAT_Y]; j < grown.hi[HEAT_Y]; j++) {
    for (int64_t i = grown.lo[HEAT_X]; i < grown.hi[HEAT_X]; i++) {
      double *inverse = heat_field_at(&stencil->inverse, i, j);
      *inverse = 1 / (*heat_field_at(&stencil->kx, i, j) * *inverse);
    }
  }
  status = heat_paint_field(from, HEAT_CONDUCTIVITY_X, &stencil->kx);
  if (status.code == HEAT_OK) status = heat_paint_field(from, HEAT_CONDUCTIVITY_Y, &stencil->ky);
  if (status.code != HEAT_OK) return status;
  conductances(stencil, from->problem->arithmetic, &stencil->kx, HEAT_X);
  conductances(stencil, from->problem->arithmetic, &stencil->ky, HEAT_Y);
  if (!heat_problem_has_contact(from->problem)) return heat_ok();
  return resist(stencil, from->problem);
}

/* The conductance of the face on `side` of an owned cell, W/(m3 K). */
static double face_of(const heat_stencil *stencil, int side, int64_t i, int64_t j) {
  if (stencil->uniform) return stencil->faces[side / 2];
  const heat_field *k = side / 2 == HEAT_X ? &stencil->kx : &stencil->ky;
  const int high = side % 2;
  return *heat_field_at(k, i + (side / 2 == HEAT_X ? high : 0), j + (side / 2 == HEAT_Y ? high : 0));
}

void heat_stencil_update_walls(heat_stencil *stencil, const heat_walls *walls) {
  const heat_box owned = stencil->grid->owned;
  for (int side = 0; side < HEAT_SIDES; side++) {
    if (stencil->walls[side] == NULL) continue;
    const int across = side / 2, along = 1 - across;
    const int64_t beside = side % 2 == 0 ? owned.lo[across] : owned.hi[across] - 1;
    for (int64_t at = owned.lo[along]; at < owned.hi[along]; at++)
      stencil->walls[side][at - owned.lo[along]] =
          heat_walls_weight_now(walls, side, at) *
          face_of(stencil, side, across == HEAT_X ? beside : at, across == HEAT_X ? at : beside);
  }
}

static heat_status create_walls(heat_stencil *stencil, const heat_walls *walls) {
  const heat_grid *grid = stencil->grid;
  for (int side = 0; side < HEAT_SIDES; side++) {
    int64_t lo, hi;
    heat_walls_owned(grid, side, &lo, &hi);
    if (lo == hi) continue;
    const size_t bytes = (size_t)(hi - lo) * sizeof(double);
    stencil->walls[side] = malloc(bytes);
    if (stencil->walls[side] == NULL) return heat_no_memory("a wall", bytes);
  }
  heat_stencil_update_walls(stencil, walls);
  return heat_ok();
}

/* Widen the bounds by the row of -L for cell (i, j). Its diagonal is the sum of the conductances of the faces to other
 * cells, and of those of walls times 1 - B. Gershgorin's bound adds the entries beside the diagonal, which are the
 * conductances of the faces to other cells once more. */
static void bound_cell(const heat_stencil *stencil, const heat_walls *walls, int64_t i, int64_t j,
                       heat_bounds *bounds) {
  const heat_grid *grid = stencil->grid;
  const int64_t at[HEAT_AXES] = {i, j};
  double faces[HEAT_SIDES] = {stencil->rx, stencil->rx, stencil->ry, stencil->ry}, inverse = 1;
  if (!stencil->uniform) {
    inverse = *heat_field_at(&stencil->inverse, i, j);
    for (int side = 0; side < HEAT_SIDES; side++) faces[side] = face_of(stencil, side, i, j);
  }
  const double all = inverse * 2 * ((faces[0] + faces[1]) + (faces[HEAT_BOTTOM] + faces[HEAT_TOP]));
  bounds->all_faces = isnan(all) ? INFINITY : fmax(bounds->all_faces, all);
  double own[HEAT_SIDES], row[HEAT_SIDES];
  for (int side = 0; side < HEAT_SIDES; side++) {
    const int axis = side / 2;
    const int64_t rim = side % 2 == 0 ? grid->domain.lo[axis] : grid->domain.hi[axis] - 1;
    const bool wall = heat_grid_wall(grid, side) && at[axis] == rim;
    const bool itself = !wall && grid->layout.cells[axis] == 1;
    own[side] = wall ? heat_walls_weight(walls, side, at[1 - axis]) * faces[side] : itself ? 0 : faces[side];
    row[side] = wall ? own[side] : 2 * own[side];
  }
  const double diagonal = inverse * ((own[0] + own[1]) + (own[HEAT_BOTTOM] + own[HEAT_TOP]));
  const double sum = inverse * ((row[0] + row[1]) + (row[HEAT_BOTTOM] + row[HEAT_TOP]));
  bounds->diagonal = fmax(bounds->diagonal, diagonal);
  bounds->spectral = fmax(bounds->spectral, sum);
}

/* Compute the bounds over the owned box. Where the material is uniform, one cell stands for all cells of its row that
 * are next to no wall. */
static heat_status bound_owned(heat_stencil *stencil, const heat_walls *walls) {
  const heat_grid *grid = stencil->grid;
  const heat_box owned = grid->owned, inner = heat_box_grow(grid->domain, -1);
  heat_bounds *bounds = &stencil->bounds;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    const bool inner_row = !heat_grid_wall(grid, HEAT_BOTTOM) || (j >= inner.lo[HEAT_Y] && j < inner.hi[HEAT_Y]);
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) {
      bound_cell(stencil, walls, i, j, bounds);
      const int64_t last = (owned.hi[HEAT_X] < inner.hi[HEAT_X] ? owned.hi[HEAT_X] : inner.hi[HEAT_X]) - 1;
      if (stencil->uniform && inner_row && i >= inner.lo[HEAT_X] && i < last) i = last;
    }
  }
  if (isfinite(bounds->all_faces) && bounds->all_faces > 0) return heat_ok();
  return heat_config_fail(walls->problem->config, "material", "gives a spectral bound of %g 1/s (mind the units)",
                          bounds->all_faces);
}

heat_bounds heat_bounds_agree(heat_bounds own, MPI_Comm comm) {
  double all[] = {own.spectral, own.diagonal, own.all_faces};
  MPI_Allreduce(MPI_IN_PLACE, all, sizeof all / sizeof *all, MPI_DOUBLE, MPI_MAX, comm);
  return (heat_bounds){.spectral = all[0], .diagonal = all[1], .all_faces = all[2]};
}

heat_status heat_stencil_create(heat_stencil *stencil, const heat_discretisation *from) {
  *stencil =
      (heat_stencil){.grid = from->grid, .depth = from->depth, .uniform = heat_problem_uniform_material(from->problem)};
  if (!stencil->uniform) return create_varying(stencil, from);
  create_uniform(stencil, from->problem);
  return heat_ok();
}

heat_status heat_stencil_set_walls(heat_stencil *stencil, const heat_walls *walls) {
  const heat_status status = bound_owned(stencil, walls);
  return status.code == HEAT_OK ? create_walls(stencil, walls) : status;
}

void heat_stencil_destroy(heat_stencil *stencil) {
  heat_field_destroy(&stencil->kx);
  heat_field_destroy(&stencil->ky);
  heat_field_destroy(&stencil->inverse);
  free(stencil->repeats.like);
  for (int side = 0; side < HEAT_SIDES; side++) free(stencil->walls[side]);
  *stencil = (heat_stencil){0};
}

heat_status heat_stencil_bound(const heat_problem *problem, const heat_grid *grid, heat_bounds *bounds) {
  const heat_discretisation from = {.problem = problem, .grid = grid, .depth = 1, .threads = 1};
  heat_walls walls = {.grid = grid};
  heat_stencil stencil;
  heat_status status = heat_stencil_create(&stencil, &from);
  if (status.code == HEAT_OK) status = heat_walls_create(&walls, &from);
  if (status.code == HEAT_OK) status = heat_stencil_set_walls(&stencil, &walls);
  *bounds = stencil.bounds;
  heat_stencil_destroy(&stencil);
  heat_walls_destroy(&walls);
  return status;
}

/* The rows that a table of repeated ones is about: the owned ones, and the one above them. */
static size_t repeats_rows(bool uniform, heat_box owned) {
  if (uniform || heat_box_width(owned, HEAT_X) < HEAT_REPEATED_COLUMNS) return 0;
  return (size_t)heat_box_width(owned, HEAT_Y) + 1;
}

size_t heat_stencil_repeats_bytes(const heat_problem *problem, heat_box owned) {
  return repeats_rows(heat_problem_uniform_material(problem), owned) * sizeof(int64_t);
}

heat_status heat_stencil_find_repeats(heat_stencil *stencil) {
  const heat_box owned = stencil->grid->owned;
  const int64_t first = owned.lo[HEAT_X], from = owned.lo[HEAT_Y], to = owned.hi[HEAT_Y];
  const size_t rows = repeats_rows(stencil->uniform, owned), width = (size_t)heat_box_width(owned, HEAT_X);
  if (rows == 0) return heat_ok();
  free(stencil->repeats.like);
  stencil->repeats = (heat_repeats){.first = from, .like = malloc(rows * sizeof(int64_t))};
  if (stencil->repeats.like == NULL) return heat_no_memory("rows of the material", rows * sizeof(int64_t));
  const heat_field *fields[] = {&stencil->kx, &stencil->ky, &stencil->inverse};
  enum { FIELDS = sizeof fields / sizeof *fields };
  heat_compared_rows arrays[FIELDS];
  for (int f = 0; f < FIELDS; f++)
    arrays[f] = (heat_compared_rows){.begin = heat_field_at(fields[f], first, from),
                                     .stride = fields[f]->stride * (ptrdiff_t)sizeof(double),
                                     .bytes = (width + (f == HEAT_X)) * sizeof(double)}; /* and the last east face */
  heat_repeats_clear(&stencil->repeats, (int64_t)rows); /* of the last one, above the owned ones, only ky is read */
  heat_repeats_find(&stencil->repeats, from, to, arrays, FIELDS);
  return heat_ok();
}

const double *heat_stencil_inverse_row(const heat_stencil *stencil, int64_t j) {
  return heat_field_at(&stencil->inverse, stencil->grid->owned.lo[HEAT_X], heat_repeats_row(&stencil->repeats, j));
}

heat_sweep heat_stencil_sweep(const heat_stencil *stencil) {
  if (stencil->uniform) return (heat_sweep){.rx = stencil->rx, .ry = stencil->ry, .s = stencil->s};
  return (heat_sweep){.kx = stencil->kx.corner, .ky = stencil->ky.corner, .inverse = stencil->inverse.corner};
}

size_t heat_stencil_bytes(const heat_problem *problem, heat_box owned, int depth) {
  enum { VARYING_FIELDS = 3 };
  size_t walls = 0;
  for (int side = 0; side < HEAT_SIDES; side++) walls += (size_t)heat_box_width(owned, 1 - side / 2) * sizeof(double);
  return walls + (heat_problem_uniform_material(problem) ? 0 : VARYING_FIELDS * heat_field_bytes(owned, depth));
}

double heat_stencil_wall(const heat_stencil *stencil, int side, int64_t at) {
  const double *wall = stencil->walls[side];
  return wall == NULL ? 0 : wall[at - stencil->grid->owned.lo[1 - side / 2]];
}

static double balance_at(const heat_balance_row *r, ptrdiff_t i, ptrdiff_t west, ptrdiff_t east) {
  const double u = r->u[i];
  const double w = u - r->u[west], e = r->u[east] - u, s = u - r->south[i], n = r->north[i] - u;
  if (r->kx == NULL) return r->fx * (e - w) + r->fy * (n - s);
  return (r->kx[i + 1] * e - r->kx[i] * w) + (r->ky_north[i] * n - r->ky[i] * s);
}

heat_balance_row heat_stencil_row(const heat_stencil *stencil, const heat_field *x, int64_t j, double *y) {
  const heat_box owned = stencil->grid->owned;
  const bool bottom = stencil->walls[HEAT_BOTTOM] != NULL && j == owned.lo[HEAT_Y];
  const bool top = stencil->walls[HEAT_TOP] != NULL && j == owned.hi[HEAT_Y] - 1;
  const bool left = stencil->walls[HEAT_LEFT] != NULL, right = stencil->walls[HEAT_RIGHT] != NULL;
  const ptrdiff_t columns = (ptrdiff_t)heat_box_width(owned, HEAT_X);
  const double *u = heat_field_at(x, owned.lo[HEAT_X], j);
  heat_balance_row row = {.u = u,
                          .south = bottom ? u : u - x->stride,
                          .north = top ? u : u + x->stride,
                          .fx = stencil->faces[HEAT_X],
                          .fy = stencil->faces[HEAT_Y],
                          .first = left ? 1 : 0,
                          .last = right ? columns - 1 : columns,
                          .y = y};
  if (stencil->uniform) return row;
  const int64_t own = heat_repeats_row(&stencil->repeats, j), north = heat_repeats_row(&stencil->repeats, j + 1);
  row.kx = heat_field_at(&stencil->kx, owned.lo[HEAT_X], own);
  row.ky = heat_field_at(&stencil->ky, owned.lo[HEAT_X], own);
  row.ky_north = heat_field_at(&stencil->ky, owned.lo[HEAT_X], north);
  return row;
}

void heat_stencil_row_ends(const heat_stencil *stencil, const heat_balance_row *row, int64_t j) {
  const heat_box owned = stencil->grid->owned;
  const ptrdiff_t columns = (ptrdiff_t)heat_box_width(owned, HEAT_X);
  const bool left = stencil->walls[HEAT_LEFT] != NULL, right = stencil->walls[HEAT_RIGHT] != NULL;
  if (left) row->y[0] = balance_at(row, 0, 0, right && columns == 1 ? 0 : 1);
  if (right && (columns > 1 || !left)) row->y[columns - 1] = balance_at(row, columns - 1, columns - 2, columns - 1);
  for (int side = HEAT_BOTTOM; side <= HEAT_TOP; side++) {
    const double *wall = stencil->walls[side];
    if (wall == NULL || j != (side == HEAT_BOTTOM ? owned.lo[HEAT_Y] : owned.hi[HEAT_Y] - 1)) continue;
    for (ptrdiff_t i = 0; i < columns; i++) row->y[i] -= wall[i] * row->u[i];
  }
  if (left) row->y[0] -= stencil->walls[HEAT_LEFT][j - owned.lo[HEAT_Y]] * row->u[0];
  if (right) row->y[columns - 1] -= stencil->walls[HEAT_RIGHT][j - owned.lo[HEAT_Y]] * row->u[columns - 1];
}

void heat_stencil_balance(const heat_stencil *stencil, const heat_field *x, heat_field *y) {
  const heat_box owned = stencil->grid->owned;
  const heat_solver_loops *loops = heat_solver_loops_find();
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    const heat_balance_row row = heat_stencil_row(stencil, x, j, heat_field_at(y, owned.lo[HEAT_X], j));
    loops->balance(&row);
    heat_stencil_row_ends(stencil, &row, j);
  }
}

void heat_stencil_apply(const heat_stencil *stencil, const heat_field *x, heat_field *y) {
  const heat_box owned = stencil->grid->owned;
  const ptrdiff_t columns = (ptrdiff_t)heat_box_width(owned, HEAT_X);
  heat_stencil_balance(stencil, x, y);
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    double *row = heat_field_at(y, owned.lo[HEAT_X], j);
    if (stencil->uniform) {
      for (ptrdiff_t i = 0; i < columns; i++) row[i] *= stencil->s;
    } else {
      const double *inverse = heat_field_at(&stencil->inverse, owned.lo[HEAT_X], j);
      for (ptrdiff_t i = 0; i < columns; i++) row[i] *= inverse[i];
    }
  }
}

void heat_stencil_diagonal(const heat_stencil *stencil, int64_t j, double *d) {
  const heat_grid *grid = stencil->grid;
  const heat_box owned = grid->owned;
  for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) {
    const int64_t at[HEAT_AXES] = {i, j};
    double own[HEAT_SIDES];
    for (int side = 0; side < HEAT_SIDES; side++) {
      const int axis = side / 2;
      const bool wall =
          stencil->walls[side] != NULL && at[axis] == (side % 2 == 0 ? owned.lo[axis] : owned.hi[axis] - 1);
      const bool itself = grid->layout.cells[axis] == 1;
      own[side] = wall ? heat_stencil_wall(stencil, side, at[1 - axis]) : itself ? 0 : face_of(stencil, side, i, j);
    }
    d[i - owned.lo[HEAT_X]] = (own[0] + own[1]) + (own[HEAT_BOTTOM] + own[HEAT_TOP]);
  }
}
