#include "heat2d/deck/shape.h"

#include "heat2d/deck/expression.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

typedef struct point {
  double x, y;
} point;

typedef struct kind kind;

struct heat_shape {
  const kind *kind;
  point a, b;          /* rectangle: min, max; circle and ellipse: centre, radii */
  double cosine, sine; /* ellipse: cosine and sine of its angle */
  int corner_count;
  point *corners;
  heat_expression *condition;
  point *undefined; /* the last point at which a condition was NaN; NULL: the shape has no condition */
};

static bool in_rectangle(const heat_shape *shape, double x, double y) {
  return x >= shape->a.x && x <= shape->b.x && y >= shape->a.y && y <= shape->b.y;
}

static bool in_ellipse(const heat_shape *shape, double x, double y) {
  const double dx = x - shape->a.x, dy = y - shape->a.y;
  const double along = (dx * shape->cosine + dy * shape->sine) / shape->b.x;
  const double across = (dy * shape->cosine - dx * shape->sine) / shape->b.y;
  return along * along + across * across <= 1;
}

/* Even-odd rule: an odd number of edges cross the ray from the point to the right. */
static bool in_polygon(const heat_shape *shape, double x, double y) {
  bool inside = false;
  point from = shape->corners[shape->corner_count - 1];
  for (int c = 0; c < shape->corner_count; c++) {
    const point to = shape->corners[c];
    if ((from.y > y) != (to.y > y) && x < from.x + (to.x - from.x) * ((y - from.y) / (to.y - from.y))) inside = !inside;
    from = to;
  }
  return inside;
}

/* Evaluate a condition for a row of points: see heat_shape_cover. */
static void cover_condition(const heat_shape *shape, const double *x, int count, double y, int number, int *which) {
  enum { SPAN = 256 };
  double values[SPAN];
  for (int first = 0; first < count; first += SPAN) {
    const int span = count - first < SPAN ? count - first : SPAN;
    heat_expression_values(shape->condition, &(heat_points){HEAT_X, x + first, &y, span, 1, 0}, values, span);
    for (int n = 0; n < span; n++) {
      if (isnan(values[n])) {
#pragma omp critical(heat_condition)
        *shape->undefined = (point){x[first + n], y};
      }
      if (values[n] != 0) which[first + n] = number;
    }
  }
}

static bool in_condition(const heat_shape *shape, double x, double y) {
  int inside = 0;
  cover_condition(shape, &x, 1, y, 1, &inside);
  return inside != 0;
}

static point read_point(const heat_config *config, int index, const char *key) {
  return (point){heat_config_real(config, "regions.%d.%s.0", index, key),
                 heat_config_real(config, "regions.%d.%s.1", index, key)};
}

static heat_status read_rectangle(heat_shape *shape, const heat_config *config, int index) {
  shape->a = read_point(config, index, "min");
  shape->b = read_point(config, index, "max");
  return heat_ok();
}

static heat_status read_circle(heat_shape *shape, const heat_config *config, int index) {
  shape->a = read_point(config, index, "center");
  shape->b.x = shape->b.y = heat_config_real(config, "regions.%d.radius", index);
  shape->cosine = 1;
  return heat_ok();
}

static heat_status read_ellipse(heat_shape *shape, const heat_config *config, int index) {
  const double degrees = heat_config_real(config, "regions.%d.angle", index), half_turn = 180;
  shape->a = read_point(config, index, "center");
  shape->b = read_point(config, index, "radii");
  shape->cosine = cos(degrees / half_turn * acos(-1));
  shape->sine = sin(degrees / half_turn * acos(-1));
  return heat_ok();
}

static heat_status read_polygon(heat_shape *shape, const heat_config *config, int index) {
  shape->corner_count = heat_config_count(config, "regions.%d.points", index);
  const size_t bytes = (size_t)shape->corner_count * sizeof *shape->corners;
  shape->corners = malloc(bytes);
  if (shape->corners == NULL) return heat_no_memory("a polygon", bytes);
  for (int c = 0; c < shape->corner_count; c++) {
    shape->corners[c].x = heat_config_real(config, "regions.%d.points.%d.0", index, c);
    shape->corners[c].y = heat_config_real(config, "regions.%d.points.%d.1", index, c);
  }
  return heat_ok();
}

static heat_status read_where(heat_shape *shape, const heat_config *config, int index) {
  shape->undefined = malloc(sizeof *shape->undefined);
  if (shape->undefined == NULL) return heat_no_memory("a condition", sizeof *shape->undefined);
  *shape->undefined = (point){NAN, NAN};
  return heat_expression_create(&shape->condition, heat_config_text(config, "regions.%d.condition", index), false);
}

static void rectangle_bounds(const heat_shape *shape, point *low, point *high) {
  *low = shape->a;
  *high = shape->b;
}

/* A box slightly larger than the ellipse, because rounding must not exclude a cell; in_ellipse decides which cells are
 * inside. */
static void ellipse_bounds(const heat_shape *shape, point *low, point *high) {
  const double slack = 1 + 1e-12;
  const double x = slack * hypot(shape->b.x * shape->cosine, shape->b.y * shape->sine);
  const double y = slack * hypot(shape->b.x * shape->sine, shape->b.y * shape->cosine);
  *low = (point){shape->a.x - x, shape->a.y - y};
  *high = (point){shape->a.x + x, shape->a.y + y};
}

static void polygon_bounds(const heat_shape *shape, point *low, point *high) {
  *low = *high = shape->corners[0];
  for (int c = 1; c < shape->corner_count; c++) {
    *low = (point){fmin(low->x, shape->corners[c].x), fmin(low->y, shape->corners[c].y)};
    *high = (point){fmax(high->x, shape->corners[c].x), fmax(high->y, shape->corners[c].y)};
  }
}

/* What the program has to know of each kind of shape, beside its keys in the option table. */
struct kind {
  heat_status (*read)(heat_shape *shape, const heat_config *config, int index);
  bool (*contains)(const heat_shape *shape, double x, double y);
  void (*bounds)(const heat_shape *shape, point *low, point *high); /* the box around it; NULL: not known */
};

static const kind kinds[] = {
    [HEAT_SHAPE_RECTANGLE] = {read_rectangle, in_rectangle, rectangle_bounds},
    [HEAT_SHAPE_CIRCLE] = {read_circle, in_ellipse, ellipse_bounds},
    [HEAT_SHAPE_ELLIPSE] = {read_ellipse, in_ellipse, ellipse_bounds},
    [HEAT_SHAPE_POLYGON] = {read_polygon, in_polygon, polygon_bounds},
    [HEAT_SHAPE_WHERE] = {read_where, in_condition, NULL},
};
static_assert(sizeof kinds / sizeof *kinds == HEAT_SHAPES, "a row for each shape");

heat_status heat_shape_create(heat_shape **result, const heat_config *config, int index) {
  heat_shape *shape = calloc(1, sizeof *shape);
  *result = shape;
  if (shape == NULL) return heat_no_memory("a region", sizeof *shape);
  shape->kind = &kinds[heat_config_choice(config, "regions.%d.shape", index)];
  return shape->kind->read(shape, config, index);
}

void heat_shape_destroy(heat_shape *shape) {
  if (shape == NULL) return;
  heat_expression_destroy(shape->condition);
  free(shape->corners);
  free(shape->undefined);
  free(shape);
}

bool heat_shape_contains(const heat_shape *shape, double x, double y) {
  return shape->kind->contains(shape, x, y);
}

void heat_shape_cover(const heat_shape *shape, const double *x, int count, double y, int number, int *which) {
  point low, high;
  if (shape->condition != NULL) {
    cover_condition(shape, x, count, y, number, which);
    return;
  }
  shape->kind->bounds(shape, &low, &high);
  if (y < low.y || y > high.y) return;
  for (int n = 0; n < count; n++)
    if (shape->kind->contains(shape, x[n], y)) which[n] = number;
}

bool heat_shape_is_rectangle(const heat_shape *shape) {
  return shape->kind == &kinds[HEAT_SHAPE_RECTANGLE];
}

bool heat_shape_bounds(const heat_shape *shape, double low[HEAT_AXES], double high[HEAT_AXES]) {
  point least, most;
  if (shape->kind->bounds == NULL) return false;
  shape->kind->bounds(shape, &least, &most);
  low[HEAT_X] = least.x;
  low[HEAT_Y] = least.y;
  high[HEAT_X] = most.x;
  high[HEAT_Y] = most.y;
  return true;
}

bool heat_shape_undefined(heat_shape *shape, double *x, double *y) {
  if (shape->undefined == NULL) return false;
#pragma omp critical(heat_condition)
  {
    *x = shape->undefined->x;
    *y = shape->undefined->y;
    *shape->undefined = (point){NAN, NAN};
  }
  return !isnan(*x);
}
