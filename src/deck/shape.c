#include "heat2d/deck/shape.h"

#include "heat2d/deck/expression.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

typedef struct point {
  double x, y;
} point;

struct heat_shape {
  bool (*contains)(const heat_shape *shape, double x, double y);
  point a, b;          /* rectangle: min, max; circle and ellipse: centre, radii */
  double cosine, sine; /* ellipse: of its angle */
  int corner_count;
  point *corners;
  heat_expression *condition;
  point *undefined; /* of a condition: where it was no number last; NULL: it has none */
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

static bool in_condition(const heat_shape *shape, double x, double y) {
  const double value = heat_expression_value(shape->condition, x, y, 0);
  if (isnan(value)) *shape->undefined = (point){x, y};
  return value != 0;
}

static point read_point(const heat_config *config, int index, const char *key) {
  return (point){heat_config_real(config, "regions.%d.%s.0", index, key),
                 heat_config_real(config, "regions.%d.%s.1", index, key)};
}

static heat_status read_rectangle(heat_shape *shape, const heat_config *config, int index) {
  shape->contains = in_rectangle;
  shape->a = read_point(config, index, "min");
  shape->b = read_point(config, index, "max");
  return heat_ok();
}

static heat_status read_circle(heat_shape *shape, const heat_config *config, int index) {
  shape->contains = in_ellipse;
  shape->a = read_point(config, index, "center");
  shape->b.x = shape->b.y = heat_config_real(config, "regions.%d.radius", index);
  shape->cosine = 1;
  return heat_ok();
}

static heat_status read_ellipse(heat_shape *shape, const heat_config *config, int index) {
  const double degrees = heat_config_real(config, "regions.%d.angle", index), half_turn = 180;
  shape->contains = in_ellipse;
  shape->a = read_point(config, index, "center");
  shape->b = read_point(config, index, "radii");
  shape->cosine = cos(degrees / half_turn * acos(-1));
  shape->sine = sin(degrees / half_turn * acos(-1));
  return heat_ok();
}

static heat_status read_polygon(heat_shape *shape, const heat_config *config, int index) {
  shape->contains = in_polygon;
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
  shape->contains = in_condition;
  shape->undefined = malloc(sizeof *shape->undefined);
  if (shape->undefined == NULL) return heat_no_memory("a condition", sizeof *shape->undefined);
  *shape->undefined = (point){NAN, NAN};
  return heat_expression_create(&shape->condition, heat_config_text(config, "regions.%d.condition", index), false);
}

static heat_status (*const read_shape[])(heat_shape *shape, const heat_config *config, int index) = {
    [HEAT_SHAPE_RECTANGLE] = read_rectangle, [HEAT_SHAPE_CIRCLE] = read_circle, [HEAT_SHAPE_ELLIPSE] = read_ellipse,
    [HEAT_SHAPE_POLYGON] = read_polygon,     [HEAT_SHAPE_WHERE] = read_where,
};
static_assert(sizeof read_shape / sizeof *read_shape == HEAT_SHAPES, "a row for each shape");

heat_status heat_shape_create(heat_shape **result, const heat_config *config, int index) {
  heat_shape *shape = calloc(1, sizeof *shape);
  *result = shape;
  if (shape == NULL) return heat_no_memory("a region", sizeof *shape);
  return read_shape[heat_config_choice(config, "regions.%d.shape", index)](shape, config, index);
}

void heat_shape_destroy(heat_shape *shape) {
  if (shape == NULL) return;
  heat_expression_destroy(shape->condition);
  free(shape->corners);
  free(shape->undefined);
  free(shape);
}

bool heat_shape_contains(const heat_shape *shape, double x, double y) {
  return shape->contains(shape, x, y);
}

bool heat_shape_is_rectangle(const heat_shape *shape) {
  return shape->contains == in_rectangle;
}

bool heat_shape_bounds(const heat_shape *shape, double low[HEAT_AXES], double high[HEAT_AXES]) {
  if (shape->contains == in_condition) return false;
  point least = shape->a, most = shape->b;
  if (shape->contains == in_ellipse) {
    /* Of the box around it turned, and a little more: what is in it is decided by in_ellipse. */
    const double slack = 1 + 1e-12;
    const double x = slack * hypot(shape->b.x * shape->cosine, shape->b.y * shape->sine);
    const double y = slack * hypot(shape->b.x * shape->sine, shape->b.y * shape->cosine);
    least = (point){shape->a.x - x, shape->a.y - y};
    most = (point){shape->a.x + x, shape->a.y + y};
  }
  if (shape->contains == in_polygon) {
    least = most = shape->corners[0];
    for (int c = 1; c < shape->corner_count; c++) {
      least = (point){fmin(least.x, shape->corners[c].x), fmin(least.y, shape->corners[c].y)};
      most = (point){fmax(most.x, shape->corners[c].x), fmax(most.y, shape->corners[c].y)};
    }
  }
  low[HEAT_X] = least.x;
  low[HEAT_Y] = least.y;
  high[HEAT_X] = most.x;
  high[HEAT_Y] = most.y;
  return true;
}

bool heat_shape_undefined(const heat_shape *shape, double *x, double *y) {
  if (shape->undefined == NULL || isnan(shape->undefined->x)) return false;
  *x = shape->undefined->x;
  *y = shape->undefined->y;
  return true;
}
