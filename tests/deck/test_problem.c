/* The physics as data: cells get values from the regions that contain their centres, of which the last one decides;
 * numbers and expressions; sides as a u + b k du/dn = g. Field files are tested in test_problem_quantity.c. */
#include "heat2d/deck/problem.h"

#include "harness.h"
#include "problem_deck.h"

#include <string.h>

static void centres_lie_half_a_cell_from_the_faces(void **state) {
  (void)state;
  open_with("");
  assert_true(problem.spacing[HEAT_X] == 0.25 && problem.spacing[HEAT_Y] == 0.25);
  for (int64_t i = 0; i < NX; i++) assert_true(heat_problem_centre(&problem, HEAT_X, i) == x_of(i));
  for (int64_t j = 0; j < NY; j++) assert_true(heat_problem_centre(&problem, HEAT_Y, j) == y_of(j));
  destroy();
}

/* Regions of one shape each with temperature 1; elsewhere it is -7. `inside` shows where, with y upwards. */
static bool (*inside)(double x, double y);
static double inside_or_ground(double x, double y) {
  return inside(x, y) ? 1 : -7;
}

static void check_shape(const char *shape, bool (*holds)(double x, double y)) {
  char text[512];
  snprintf(text, sizeof text, "regions: [{shape: %s, temperature: 1}]", shape);
  open_with(text);
  inside = holds;
  check_painted(HEAT_TEMPERATURE, 0, inside_or_ground);
  int count = 0;
  for (int64_t j = 0; j < NY; j++)
    for (int64_t i = 0; i < NX; i++) count += holds(x_of(i), y_of(j));
  assert_in_range(count, 1, NX * NY - 1); /* some cells are inside the shape, but not all */
  destroy();
}

static bool in_rectangle(double x, double y) {
  return x >= -1.125 && x <= 0.625 && y >= 0.125 && y <= 1.2; /* its edges contain cell centres, which belong to it */
}
static bool in_circle(double x, double y) {
  return (x - 0.125) * (x - 0.125) + (y - 0.375) * (y - 0.375) <= 0.75 * 0.75;
}
static bool in_ellipse(double x, double y) {
  const double c = cos(acos(-1) / 6), s = sin(acos(-1) / 6); /* 30 degrees */
  const double along = (x - 0.2) * c + (y - 0.5) * s, across = -(x - 0.2) * s + (y - 0.5) * c;
  return pow(along / 1.5, 2) + pow(across / 0.4, 2) <= 1;
}
static bool in_triangle(double x, double y) {
  return y > -0.51 && y < 1.52 - fabs(x - 0.01) * 2.03 / 1.4;
}
static bool in_letter_u(double x, double y) {
  return x > -1.6 && x < 1.4 && y > -0.7 && y < 1.7 && !(x > -0.6 && x < 0.4 && y > 0.3);
}
static bool in_both(double x, double y) {
  return x * y < 0.3 && y > x - 0.1;
}

static void shapes_hold_the_cells_with_their_centre_inside(void **state) {
  (void)state;
  check_shape("rectangle, min: [-1.125, 0.125], max: [0.625, 1.2]", in_rectangle);
  check_shape("circle, center: [0.125, 0.375], radius: 0.75", in_circle);
  check_shape("ellipse, center: [0.2, 0.5], radii: [1.5, 0.4], angle: 30", in_ellipse);
  check_shape("polygon, points: [[-1.39, -0.51], [1.41, -0.51], [0.01, 1.52]]", in_triangle);
  check_shape("polygon, points: [[0.01, 1.52], [1.41, -0.51], [-1.39, -0.51]]", in_triangle);
  check_shape("polygon, points: [[-1.6, -0.7], [1.4, -0.7], [1.4, 1.7], [0.4, 1.7], [0.4, 0.3], [-0.6, 0.3], "
              "[-0.6, 1.7], [-1.6, 1.7]]",
              in_letter_u);
  check_shape("where, condition: 'x*y < 0.3 && y > x - 0.1'", in_both);
}

/* Polygons whose edges and corners contain cell centres: two that share an edge contain each centre once. */
static void neighbouring_polygons_share_no_cell_and_leave_no_gap(void **state) {
  (void)state;
  open_with("regions: [{shape: polygon, points: [[-3, -3], [0.125, -3], [0.125, 0.375], [1.125, 1.375], [1.125, 4], "
            "[-3, 4]], temperature: 1}, {shape: polygon, points: [[0.125, -3], [4, -3], [4, 4], [1.125, 4], "
            "[1.125, 1.375], [0.125, 0.375]], source: 2}]");
  for (int64_t j = 0; j < NY; j++) {
    double left[NX], right[NX];
    assert_int_equal(heat_problem_values(&problem, HEAT_TEMPERATURE, j, 0, NX, 0, left).code, HEAT_OK);
    assert_int_equal(heat_problem_values(&problem, HEAT_SOURCE, j, 0, NX, 0, right).code, HEAT_OK);
    for (int64_t i = 0; i < NX; i++) assert_true((left[i] == 1) != (right[i] == 2));
  }
  destroy();
}

static double layered_temperature(double x, double y) {
  if (y > 0.5) return x;
  return x > 0 ? 3 : -7;
}
static double layered_conductivity(double x, double y) {
  (void)y;
  return x > 0 ? 5 : 2;
}

static void later_regions_paint_over_earlier_ones_property_by_property(void **state) {
  (void)state;
  const heat_status status = create("material: {conductivity: 2, density: 3, heat_capacity: 4}\n"
                                    "initial: {temperature: -7}\n"
                                    "regions:\n"
                                    "  - {shape: where, condition: x > 0, temperature: 3, conductivity: 5}\n"
                                    "  - {shape: where, condition: y > 0.5, temperature: x}\n");
  assert_string_equal(status.text, "");
  check_painted(HEAT_TEMPERATURE, 0, layered_temperature);
  check_painted(HEAT_CONDUCTIVITY_X, 0, layered_conductivity);
  check_painted(HEAT_CONDUCTIVITY_Y, 0, layered_conductivity);
  for (int64_t j = 0; j < NY; j++) {
    int which[NX];
    heat_problem_layers(&problem, HEAT_TEMPERATURE, j, 2, NX, which);
    for (int64_t i = 2; i < NX; i++) assert_int_equal(which[i - 2], y_of(j) > 0.5 ? 2 : x_of(i) > 0);
    heat_problem_layers(&problem, HEAT_DENSITY, j, 0, NX, which);
    for (int64_t i = 0; i < NX; i++) assert_int_equal(which[i], 0);
  }
  double value;
  assert_true(heat_problem_uniform(&problem, HEAT_DENSITY, &value) && value == 3);
  assert_true(heat_problem_uniform(&problem, HEAT_CAPACITY, &value) && value == 4);
  assert_false(heat_problem_uniform(&problem, HEAT_CONDUCTIVITY_X, &value));
  assert_false(heat_problem_uniform_material(&problem));
  destroy();
}

/* The value of each property in the cell nearest the origin, where the first region is, and in the first cell. */
static void check_material(const char *text, const double at_origin[4], const double at_corner[4]) {
  const heat_status status = create("initial: {temperature: 0}\n%s\n", text);
  assert_string_equal(status.text, "");
  static const heat_property properties[] = {HEAT_CONDUCTIVITY_X, HEAT_CONDUCTIVITY_Y, HEAT_DENSITY, HEAT_CAPACITY};
  for (int p = 0; p < 4; p++) {
    double value;
    assert_int_equal(heat_problem_values(&problem, properties[p], NY / 3, NX / 2, NX / 2 + 1, 0, &value).code, 0);
    assert_true(value == at_origin[p]);
    assert_int_equal(heat_problem_values(&problem, properties[p], 0, 0, 1, 0, &value).code, HEAT_OK);
    assert_true(value == at_corner[p]);
  }
  destroy();
}

static void conductivities_are_one_or_a_pair_and_a_diffusivity_replaces_the_material(void **state) {
  (void)state;
  const char *disc = "regions: [{shape: circle, center: [0.1, 0.1], radius: 0.3, ";
  char text[512];
  check_material("material: {conductivity: [2, 3], density: 4, heat_capacity: 5}", (double[]){2, 3, 4, 5},
                 (double[]){2, 3, 4, 5});
  snprintf(text, sizeof text, "material: {conductivity: 2, density: 4, heat_capacity: 5}\n%sconductivity: [7, 8]}]",
           disc);
  check_material(text, (double[]){7, 8, 4, 5}, (double[]){2, 2, 4, 5});
  snprintf(text, sizeof text,
           "material: {conductivity: [2, 3], density: 4, heat_capacity: 5}\n"
           "%sconductivity: 9, heat_capacity: 6}]",
           disc);
  check_material(text, (double[]){9, 9, 4, 6}, (double[]){2, 3, 4, 5});
  check_material("material: {diffusivity: 0.5}", (double[]){0.5, 0.5, 1, 1}, (double[]){0.5, 0.5, 1, 1});
  snprintf(text, sizeof text, "material: {diffusivity: [0.5, 0.25]}\n%sdiffusivity: [1, 2]}]", disc);
  check_material(text, (double[]){1, 2, 1, 1}, (double[]){0.5, 0.25, 1, 1});
}

static double source_at_time_3(double x, double y) {
  return x > 0 ? 3 * y : x + 2;
}

static void what_depends_on_time_is_known_and_evaluated_at_that_time(void **state) {
  (void)state;
  open_with("source: x + 2\nregions: [{shape: where, condition: x > 0, source: t*y}]\n"
            "boundary: {left: {type: dirichlet, value: t}, right: {type: robin, coefficient: t, ambient: 1}, "
            "bottom: {type: neumann, flux: x}}");
  assert_true(heat_problem_in_time(&problem, HEAT_SOURCE));
  assert_false(heat_problem_in_time(&problem, HEAT_TEMPERATURE));
  assert_false(heat_problem_layer_in_time(&problem, HEAT_SOURCE, 0));
  assert_true(heat_problem_layer_in_time(&problem, HEAT_SOURCE, 1));
  assert_false(heat_problem_layer_in_time(&problem, HEAT_TEMPERATURE, 1));
  check_painted(HEAT_SOURCE, 3, source_at_time_3);
  static const bool in_time[HEAT_SIDES] = {true, true, false, false};
  for (int side = 0; side < HEAT_SIDES; side++)
    assert_int_equal(heat_problem_side_in_time(&problem, side), in_time[side]);
  destroy();
}

static void check_side(int side, double t, double a, double b, double (*g)(double along)) {
  const int64_t length = side / 2 == HEAT_X ? NY : NX;
  for (int64_t lo = 0; lo < length; lo += 3) {
    double as[NX], bs[NX], gs[NX];
    assert_int_equal(heat_problem_side(&problem, side, lo, length, t, as, bs, gs).code, HEAT_OK);
    for (int64_t n = lo; n < length; n++) {
      const double along = side / 2 == HEAT_X ? y_of(n) : x_of(n);
      assert_true(as[n - lo] == a && bs[n - lo] == b);
      assert_true(fabs(gs[n - lo] - g(along)) <= 1e-14);
    }
  }
}
static double dirichlet_at_t_2(double y) {
  return -2 + 2 * y; /* on the wall x = -2 */
}
static double robin_at_t_2(double x) {
  return 4 * (x + 2); /* the coefficient times the ambient temperature; y = 2 there */
}
static double flux(double y) {
  return 2 * y; /* x = 2 there */
}
static double nothing(double along) {
  (void)along;
  return 0;
}

static void sides_are_coefficients_of_one_formula(void **state) {
  (void)state;
  open_with("boundary: {left: {type: dirichlet, value: x + t*y}, right: {type: neumann, flux: x*y}, "
            "top: {type: robin, coefficient: y + t, ambient: x + y}}");
  check_side(HEAT_LEFT, 2, 1, 0, dirichlet_at_t_2);
  check_side(HEAT_RIGHT, 2, 0, 1, flux);
  check_side(HEAT_TOP, 2, 4, 1, robin_at_t_2);
  check_side(HEAT_BOTTOM, 2, 0, 1, nothing);
  for (int side = 0; side < HEAT_SIDES; side++) assert_false(problem.sides[side].periodic);
  destroy();
  open_with("boundary: {left: {type: periodic}, right: {type: periodic}}");
  for (int side = 0; side < HEAT_SIDES; side++) assert_int_equal(problem.sides[side].periodic, side / 2 == HEAT_X);
  destroy();
}

/* The power of each region is distributed, up to rounding, over its cells that no later region covers; at a later time,
 * too. */
static void a_power_is_spread_over_the_cells_that_it_reaches(void **state) {
  (void)state;
  const heat_status status = create("material: {diffusivity: 1}\n"
                                    "initial: {temperature: 0}\n"
                                    "source: 3\n"
                                    "regions:\n"
                                    "  - {shape: where, condition: x < 0, power: 12}\n"
                                    "  - {shape: circle, center: [0, 0], radius: 0.7, power: '7*(1 + t)'}\n"
                                    "  - {shape: where, condition: y > 0.5, source: 0}\n");
  assert_string_equal(status.text, "");
  for (int time = 0; time < 2; time++) {
    double arrived[4] = {0};
    for (int64_t j = 0; j < NY; j++) {
      double q[NX];
      int which[NX];
      assert_int_equal(heat_problem_values(&problem, HEAT_SOURCE, j, 0, NX, time, q).code, HEAT_OK);
      heat_problem_layers(&problem, HEAT_SOURCE, j, 0, NX, which);
      for (int64_t i = 0; i < NX; i++) {
        const double x = x_of(i), y = y_of(j);
        assert_int_equal(which[i], y > 0.5 ? 3 : x * x + y * y < 0.49 ? 2 : x < 0);
        arrived[which[i]] += q[i] * problem.spacing[HEAT_X] * problem.spacing[HEAT_Y];
      }
    }
    assert_true(fabs(arrived[1] - 12) < 1e-12);
    assert_true(fabs(arrived[2] - 7 * (1 + time)) < 1e-12);
    assert_true(arrived[3] == 0);
  }
  destroy();
}

/* The last region with a contact resistance decides on its outline; in its interior earlier regions do not count. */
static void a_contact_lies_along_the_outline_of_its_region(void **state) {
  (void)state;
  const heat_status status = create("material: {diffusivity: 1}\n"
                                    "initial: {temperature: 0}\n"
                                    "regions:\n"
                                    "  - {shape: where, condition: x < 0, contact: {resistance: 5}}\n"
                                    "  - {shape: where, condition: y > 0, contact: {resistance: 7}}\n"
                                    "  - {shape: where, condition: y < -0.5, contact: {resistance: 0}}\n"
                                    "  - {shape: where, condition: x < 0.5, source: 1}\n");
  assert_string_equal(status.text, "");
  assert_true(heat_problem_has_contact(&problem) && !heat_problem_uniform_material(&problem));
  int found[8] = {0};
  for (int64_t j = 1; j < NY; j++)
    for (int64_t i = 1; i < NX; i++) {
      const int64_t here[] = {i, j}, west[] = {i - 1, j}, south[] = {i, j - 1};
      const double x = x_of(i), y = y_of(j);
      const bool at_x = (x < 0) != (x_of(i - 1) < 0), at_y = (y > 0) != (y_of(j - 1) > 0);
      const double in_x = at_x && y <= 0 && !(y < -0.5) ? 5 : 0, in_y = at_y ? 7 : 0;
      assert_true(heat_problem_contact(&problem, here, west) == in_x);
      assert_true(heat_problem_contact(&problem, west, here) == in_x);
      assert_true(heat_problem_contact(&problem, here, south) == in_y);
      found[(int)in_x]++;
      found[(int)in_y]++;
    }
  assert_true(found[5] > 0 && found[7] > 0);
  destroy();
}

static void check_power_refused(const char *regions, const char *says) {
  char message[512];
  const heat_status status = create("material: {diffusivity: 1}\ninitial: {temperature: 0}\nregions: [%s]\n", regions);
  assert_int_equal(status.code, HEAT_DECK);
  snprintf(message, sizeof message, "regions.0.power: %s", says);
  if (strstr(status.text, message) == NULL) print_error("%s\n", status.text);
  assert_non_null(strstr(status.text, message));
  destroy();
}

static void a_power_needs_cells_and_is_one_for_all_of_them(void **state) {
  (void)state;
  static const char one[] = "it has one value for the whole region", none[] = "it heats no cell";
  check_power_refused("{shape: where, condition: x < 0, power: '1 + x'}", one);
  check_power_refused("{shape: where, condition: x < -100, power: 1}", none);
  check_power_refused("{shape: where, condition: x < 0, power: 1}, {shape: where, condition: x < 0.1, source: 1}",
                      none);
}

/* Rows that are longer than the pieces in which cells are evaluated. */
static void long_rows_are_painted_like_short_ones(void **state) {
  (void)state;
  enum { LONG = 3000 };
  static const char deck[] = "domain: {size: [3000, 1], cells: [3000, 1]}\nmaterial: {diffusivity: 1}\n"
                             "initial: {temperature: x}\ntime: {end: 1}\n"
                             "regions: [{shape: where, condition: 'sin(x) > 0.3', temperature: -x}, "
                             "{shape: rectangle, min: [500, 0], max: [1500, 1], temperature: 8}]\n";
  assert_int_equal(heat_config_parse(&config, "deck", deck, strlen(deck), NULL, 0).code, HEAT_OK);
  assert_int_equal(heat_problem_create(&problem, MPI_COMM_WORLD, config).code, HEAT_OK);
  double *row = malloc(LONG * sizeof *row);
  assert_non_null(row);
  for (int64_t lo = 0; lo < LONG; lo += 511) {
    assert_int_equal(heat_problem_values(&problem, HEAT_TEMPERATURE, 0, lo, LONG, 0, row).code, HEAT_OK);
    for (int64_t i = lo; i < LONG; i++) {
      const double x = (double)i + 0.5, ground = sin(x) > 0.3 ? -x : x;
      assert_true(row[i - lo] == (x >= 500 && x <= 1500 ? 8 : ground));
    }
  }
  free(row);
  destroy();
}

static void a_condition_has_to_be_a_number(void **state) {
  (void)state;
  open_with("regions: [{shape: where, condition: sqrt(x), temperature: 1}]");
  double values[NX];
  const heat_status status = heat_problem_values(&problem, HEAT_TEMPERATURE, 1, 7, NX, 0, values);
  assert_int_equal(status.code, HEAT_DECK);
  assert_non_null(strstr(status.text, "regions.0.condition: is not a number at x = -0.125, y = -0.625"));
  destroy();
  open_with("regions: [{shape: where, condition: sqrt(x) > 0, temperature: 1}]");
  assert_int_equal(heat_problem_values(&problem, HEAT_TEMPERATURE, 1, 7, NX, 0, values).code, HEAT_OK);
  assert_true(values[0] == -7 && values[1] == 1);
  destroy();
}

/* The time of the last change, for short pulses whose instants are written in many ways, also among more numbers than
 * are evaluated. */
static void what_is_still_to_come_is_found(void **state) {
  (void)state;
  static const struct {
    const char *source;
    double settles;
  } cases[] = {
      {"3", 0},
      {"x", 0},
      {"t > 5 ? x : 0", 5},
      {"t > 6 and t < 6 + 1e-7 ? 1 : 0", 6},
      {"abs(t - (2*3*4 + 8)/(2*2)) < 1e-7 ? 100 : 0", 8},
      {"abs(t - floor(sqrt(37))) < 1e-7 ? y : 0", 6},
      {"mod(t, 4) > 0.5 and mod(t, 4) < 0.5 + 1e-7", 8.5},
      {"abs((t - pi*2)) < 1e-7 ? e : .0", 6.283185307179586},
      {"abs(t - 7) < 1e-7 ? 1 : 0*min(1,2,3,4,5,6,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27)", 7},
      {"sin(t)", 10}};
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    char text[512];
    double settles;
    snprintf(text, sizeof text, "source: '%s'", cases[n].source);
    open_with(text);
    assert_int_equal(heat_problem_settles(&problem, 10, &settles).code, HEAT_OK);
    if (!(fabs(settles - cases[n].settles) < 1e-3)) print_error("%s: until %.9g\n", cases[n].source, settles);
    assert_true(fabs(settles - cases[n].settles) < 1e-3);
    destroy();
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(centres_lie_half_a_cell_from_the_faces),
      cmocka_unit_test(shapes_hold_the_cells_with_their_centre_inside),
      cmocka_unit_test(neighbouring_polygons_share_no_cell_and_leave_no_gap),
      cmocka_unit_test(later_regions_paint_over_earlier_ones_property_by_property),
      cmocka_unit_test(conductivities_are_one_or_a_pair_and_a_diffusivity_replaces_the_material),
      cmocka_unit_test(what_depends_on_time_is_known_and_evaluated_at_that_time),
      cmocka_unit_test(sides_are_coefficients_of_one_formula),
      cmocka_unit_test(a_condition_has_to_be_a_number),
      cmocka_unit_test(a_contact_lies_along_the_outline_of_its_region),
      cmocka_unit_test(what_is_still_to_come_is_found),
      cmocka_unit_test(a_power_is_spread_over_the_cells_that_it_reaches),
      cmocka_unit_test(a_power_needs_cells_and_is_one_for_all_of_them),
      cmocka_unit_test(long_rows_are_painted_like_short_ones),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
