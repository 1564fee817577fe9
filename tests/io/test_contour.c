/* Isolines: their places, that they are complete, and that none is missing. */
#include "heat2d/io/contour.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { WIDTH = 90, HEIGHT = 70 };
static double values[HEIGHT][WIDTH];
static const heat_raster raster = {.width = WIDTH, .height = HEIGHT, .values = &values[0][0]};

typedef struct seen {
  int lines, closed, points, cross_edges;
  double length, farthest; /* from the circle (x, y, radius) */
  double x, y, radius;
  int level; /* of the last line */
} seen;

static void look(int level, const heat_point *points, int count, void *context) {
  seen *found = context;
  found->lines++;
  found->level = level;
  found->points += count;
  found->closed += points[0].x == points[count - 1].x && points[0].y == points[count - 1].y;
  for (int n = 0; n < count; n++) {
    assert_true(points[n].x >= 0 && points[n].x <= WIDTH && points[n].y >= 0 && points[n].y <= HEIGHT);
    const double off = fabs(hypot(points[n].x - found->x, points[n].y - found->y) - found->radius);
    found->farthest = fmax(found->farthest, off);
    if (n > 0) found->length += hypot(points[n].x - points[n - 1].x, points[n].y - points[n - 1].y);
  }
  for (int n = 0; n < count; n += count - 1)
    found->cross_edges += points[n].x == 0 || points[n].x == WIDTH || points[n].y == 0 || points[n].y == HEIGHT;
}

static void fill_distance(double x, double y) {
  for (int j = 0; j < HEIGHT; j++)
    for (int i = 0; i < WIDTH; i++) values[j][i] = hypot(i + 0.5 - x, j + 0.5 - y);
}

static void a_circle_is_one_closed_line(void **state) {
  (void)state;
  const double pi = 3.141592653589793;
  fill_distance(41.3, 33.7);
  for (double radius = 5.2; radius < 33; radius += 1.37) {
    seen found = {.x = 41.3, .y = 33.7, .radius = radius};
    assert_int_equal(heat_contour(&raster, &radius, 1, look, &found).code, HEAT_OK);
    assert_int_equal(found.lines, 1);
    assert_int_equal(found.closed, 1);
    assert_true(found.farthest < 0.15 / radius);
    assert_true(fabs(found.length - 2 * pi * radius) < 0.01 * 2 * pi * radius);
  }
}

static void a_line_ends_at_the_edges(void **state) {
  (void)state;
  for (int j = 0; j < HEIGHT; j++)
    for (int i = 0; i < WIDTH; i++) values[j][i] = i + 0.25 * j;
  for (double level = 0.3; level < WIDTH + 0.25 * HEIGHT - 2; level += 3.1) {
    seen found = {0};
    assert_int_equal(heat_contour(&raster, &level, 1, look, &found).code, HEAT_OK);
    assert_int_equal(found.lines, 1);
    assert_int_equal(found.closed, 0);
    assert_int_equal(found.cross_edges, 2);
  }
}

static void levels_have_their_numbers(void **state) {
  (void)state;
  fill_distance(45, 35);
  const double levels[] = {1e9, 10, -1};
  seen found = {.x = 45, .y = 35, .radius = 10};
  assert_int_equal(heat_contour(&raster, levels, 3, look, &found).code, HEAT_OK);
  assert_int_equal(found.lines, 1);
  assert_int_equal(found.level, 1);
  assert_true(found.farthest < 0.02);
}

/* Every pair of neighbours with the level between them is crossed by exactly one point of a line. */
static void nothing_is_missing_in_noise(void **state) {
  (void)state;
  srand(4);
  int crossings = 0;
  for (int j = 0; j < HEIGHT; j++)
    for (int i = 0; i < WIDTH; i++) values[j][i] = rand() / (double)RAND_MAX;
  for (int j = -1; j <= HEIGHT; j++)
    for (int i = -1; i <= WIDTH; i++) {
      const int a = i < 0 ? 0 : i < WIDTH ? i : WIDTH - 1, b = j < 0 ? 0 : j < HEIGHT ? j : HEIGHT - 1;
      const int right = a + (i >= 0 && i < WIDTH - 1), up = b + (j >= 0 && j < HEIGHT - 1);
      if (i <= WIDTH - 1) crossings += (values[b][a] >= 0.5) != (values[b][right] >= 0.5);
      if (j <= HEIGHT - 1) crossings += (values[b][a] >= 0.5) != (values[up][a] >= 0.5);
    }
  seen found = {0};
  const double level = 0.5;
  assert_int_equal(heat_contour(&raster, &level, 1, look, &found).code, HEAT_OK);
  assert_int_equal(found.points - found.closed, crossings); /* a closed line has its first point twice */
  assert_int_equal(found.cross_edges, 2 * (found.lines - found.closed));
}

static void there_is_no_line_beside_a_hole(void **state) {
  (void)state;
  fill_distance(45, 35);
  const double level = 10;
  values[35][54] = NAN;
  seen found = {.x = 45, .y = 35, .radius = 10};
  assert_int_equal(heat_contour(&raster, &level, 1, look, &found).code, HEAT_OK);
  assert_int_equal(found.lines, 1);
  assert_int_equal(found.closed, 0);
  for (int j = 0; j < HEIGHT; j++)
    for (int i = 0; i < WIDTH; i++) values[j][i] = 10;
  seen flat = {0};
  assert_int_equal(heat_contour(&raster, &level, 1, look, &flat).code, HEAT_OK);
  assert_int_equal(flat.lines, 0);
}

static void one_cell_has_no_lines(void **state) {
  (void)state;
  const double one = 3, level = 2;
  const heat_raster small = {.width = 1, .height = 1, .values = &one};
  seen found = {0};
  assert_int_equal(heat_contour(&small, &level, 1, look, &found).code, HEAT_OK);
  assert_int_equal(found.lines, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_circle_is_one_closed_line),    cmocka_unit_test(a_line_ends_at_the_edges),
      cmocka_unit_test(levels_have_their_numbers),      cmocka_unit_test(nothing_is_missing_in_noise),
      cmocka_unit_test(there_is_no_line_beside_a_hole), cmocka_unit_test(one_cell_has_no_lines),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
