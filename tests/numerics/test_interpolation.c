/* The temperature between cells: exact at any point if the solution is linear in each layer; at a wall, the temperature
 * of the wall. Everything is local, so that one rank is sufficient. */
#include "heat2d/numerics/interpolation.h"

#include "harness.h"
#include "interpolation_deck.h"

/* Three layers along one axis, each 0.1 thick, with conductivities 1, 1e6 and 10 across them, a contact resistance on
 * both sides of the middle one, and a heat flux through them; along them the temperature rises by `along` per metre. A
 * point right on a joint belongs to the layer above. */
static const double layer_k[3] = {1, 1e6, 10};
static double flux, along, contact;
static bool across_x;

static double through_layers(double s) {
  double value = 5;
  for (int layer = 0; layer < 3; layer++) {
    const double in = fmin(fmax(s - 0.1 * layer, 0), 0.1);
    value += flux * in / layer_k[layer];
    if (layer > 0 && s > 0.1 * layer - 1e-9) value += flux * contact;
  }
  return value;
}

static double layered(double x, double y) {
  return across_x ? through_layers(x) + along * y : through_layers(y) + along * x;
}

/* Make a deck of the layers whose sides agree with the exact solution. `ends` describes the two sides across the
 * layers. The conductivity along the layers differs from that across, and the two other sides have the flux that makes
 * the temperature rise along the layers. */
static void open_layers(bool in_x, double heat, double rise, const char *low, const char *high) {
  across_x = in_x;
  flux = heat;
  along = rise;
  const char s = in_x ? 'x' : 'y';
  char k_along[64], rises[2][128];
  snprintf(k_along, sizeof k_along, "%c < 0.1 ? 3 : %c < 0.2 ? 200 : 0.5", s, s);
  for (int n = 0; n < 2; n++)
    snprintf(rises[n], sizeof rises[n], "{type: neumann, flux: '%s%.17g*(%s)'}", n == 0 ? "-" : "", rise, k_along);
  char k_across[64];
  snprintf(k_across, sizeof k_across, "%c < 0.1 ? 1 : %c < 0.2 ? 1e6 : 10", s, s);
  open_deck("domain: {size: [%s], cells: [%s]}\n"
            "material: {conductivity: ['%s', '%s'], density: 1, heat_capacity: 1}\n"
            "regions: [{shape: where, condition: '%c > 0.1 && %c < 0.2', contact: {resistance: %.17g}}]\n"
            "boundary: {%s: %s, %s: %s, %s: %s, %s: %s}\n",
            in_x ? "0.3, 0.21" : "0.21, 0.3", in_x ? "12, 3" : "3, 12", in_x ? k_across : k_along,
            in_x ? k_along : k_across, s, s, contact, in_x ? "left" : "bottom", low, in_x ? "right" : "top", high,
            in_x ? "bottom" : "left", rises[0], in_x ? "top" : "right", rises[1]);
}

static void layers_of_a_wall_are_read_exactly_at_any_point(void **state) {
  (void)state;
  for (int n = 0; n < 4; n++) {
    char low[128], high[128];
    const double heat = 50;
    const int in_x = n % 2;
    contact = n / 2 * 0.07;
    flux = heat;
    for (double rise = 0; rise <= 7; rise += 7) {
      const char other = in_x ? 'y' : 'x';
      /* Dirichlet sides, with the value at each point of them */
      snprintf(low, sizeof low, "{type: dirichlet, value: '5 + %.17g*%c'}", rise, other);
      snprintf(high, sizeof high, "{type: dirichlet, value: '%.17g + %.17g*%c'}", through_layers(0.3), rise, other);
      open_layers(in_x, heat, rise, low, high);
      assert_exact_everywhere(layered, 1e-12);
      close_deck();
      /* a flux on one side and convection on the other: ambient = wall + flux / coefficient */
      snprintf(low, sizeof low, "{type: neumann, flux: %.17g}", -heat);
      snprintf(high, sizeof high, "{type: robin, coefficient: 20, ambient: '%.17g + %.17g*%c'}",
               through_layers(0.3) + heat / 20, rise, other);
      open_layers(in_x, heat, rise, low, high);
      assert_exact_everywhere(layered, 1e-12);
      close_deck();
    }
  }
}

/* Layers across x times layers across y: k_x = a(x) b(y), k_y = c(x) d(y), so that four materials meet in the corners.
 * u = X(x) + Y(y) with X' = 1/a and Y' = 2/d is steady: its fluxes b and 2c do not change on their way. */
static double product_of_layers(double x, double y) {
  const double in_x = x < 0.5 ? x / 3 : 0.5 / 3 + (x - 0.5) / 700;
  const double in_y = y < 0.2 ? y / 0.04 : 0.2 / 0.04 + (y - 0.2) / 5;
  return in_x + 2 * in_y;
}

static void corners_of_four_materials_are_exact_where_layers_cross(void **state) {
  (void)state;
  static const char *const left[] = {"{type: neumann, flux: '-(y < 0.2 ? 9 : 0.1)'}",
                                     "{type: dirichlet, value: '2*(y < 0.2 ? y/0.04 : 5 + (y - 0.2)/5)'}"};
  static const char *const bottom[] = {"{type: robin, coefficient: '4*(x < 0.5 ? 1 : 80)',\n"
                                       "  ambient: '(x < 0.5 ? x/3 : 1/6 + (x - 0.5)/700) - 0.5'}",
                                       "{type: dirichlet, value: 'x < 0.5 ? x/3 : 1/6 + (x - 0.5)/700'}"};
  for (int n = 0; n < 4; n++) {
    open_deck("domain: {size: [1, 0.5], cells: [4, 5]}\n"
              "material: {conductivity: ['(x < 0.5 ? 3 : 700)*(y < 0.2 ? 9 : 0.1)', '(x < 0.5 ? 1 : 80)*(y < 0.2 ? "
              "0.04 : 5)'], density: 1, heat_capacity: 1}\n"
              "boundary: {left: %s, bottom: %s, right: {type: neumann, flux: 'y < 0.2 ? 9 : 0.1'},\n"
              "  top: {type: neumann, flux: '2*(x < 0.5 ? 1 : 80)'}}\n",
              left[n / 2], bottom[n % 2]);
    assert_exact_everywhere(product_of_layers, 1e-13);
    close_deck();
  }
}

static double straight(double x, double y) {
  return 3 + 2 * x - 5 * y;
}
static double bilinear(double x, double y) {
  return straight(x, y) + 0.7 * x * y;
}

/* Where four Dirichlet sides hold it, on any number of cells; and with the mean that the other interface takes. */
static void a_linear_field_between_dirichlet_sides_is_exact(void **state) {
  (void)state;
  static const int cells[][2] = {{7, 6}, {1, 6}, {6, 1}, {1, 1}, {2, 3}};
  for (size_t n = 0; n < sizeof cells / sizeof *cells; n++) {
    open_deck("domain: {origin: [1, -2], size: [2.1, 3.6], cells: [%d, %d]}\n"
              "material: {conductivity: ['1 + (x > 2)*1e5', 3], density: 1, heat_capacity: 1}\n"
              "interface: arithmetic\n"
              "boundary: {left: {type: dirichlet, value: '5 - 5*y'}, right: {type: dirichlet, value: '9.2 - 5*y'},\n"
              "  bottom: {type: dirichlet, value: '13 + 2*x'}, top: {type: dirichlet, value: '-5 + 2*x'}}\n",
              cells[n][0], cells[n][1]);
    assert_exact_everywhere(straight, 1e-13);
    close_deck();
  }
}

/* In one material all four cells around a point count bilinearly. */
static void between_centres_of_one_material_it_is_bilinear(void **state) {
  (void)state;
  for (int arithmetic = 0; arithmetic < 2; arithmetic++) {
    open_deck("domain: {origin: [1, -2], size: [2.1, 3.6], cells: [7, 6]}\n"
              "material: {conductivity: [2, 0.3], density: 1, heat_capacity: 1}\ninterface: %s\n",
              arithmetic ? "arithmetic" : "harmonic");
    for (double x = 1.15; x <= 2.95; x += 0.0375)
      for (double y = -1.7; y <= 1.3; y += 0.0375) assert_near(read_at(bilinear, x, y, 0), bilinear(x, y), 1e-13);
    close_deck();
  }
}

static void a_point_at_a_centre_is_that_cell(void **state) {
  (void)state;
  open_deck("domain: {origin: [1, -2], size: [2.1, 3.6], cells: [7, 6]}\n"
            "material: {diffusivity: '1 + x'}\n"
            "boundary: {left: {type: periodic}, right: {type: periodic}, top: {type: dirichlet, value: 1e3}}\n");
  for (int64_t j = 0; j < 6; j++) {
    for (int64_t i = 0; i < 7; i++) {
      const double x = heat_problem_centre(&opened.problem, HEAT_X, i),
                   y = heat_problem_centre(&opened.problem, HEAT_Y, j);
      assert_near(read_at(bilinear, x, y, 0), bilinear(x, y), 1e-12);
    }
  }
  close_deck();
}

static double beside_poor_conductor(double x, double y) {
  (void)y;
  return 100 - 455 * x;
}
static double two_layers(double x, double y) {
  (void)y;
  return (x < 0.5 ? x : 0.5 + (x - 0.5) / 100) * 10 / 0.505;
}
static double strip(double x, double y) {
  (void)y;
  return x > 0.1 && x < 0.2 ? 100 : 0;
}

/* In one material, with either mean, four parts that meet in a corner: each of them has its own temperature there. */
static double four_parts(double x, double y) {
  return 2 * x + 3 * y + (x > 0.5 - 1e-9 ? 2 * 0.25 : 0) + (y > 0.4 - 1e-9 ? 3 * 0.25 : 0);
}

static void contact_resistances_part_the_temperatures_in_a_corner(void **state) {
  (void)state;
  for (int arithmetic = 0; arithmetic < 2; arithmetic++) {
    open_deck("domain: {size: [1, 1], cells: [4, 5]}\nmaterial: {diffusivity: 1}\ninterface: %s\n"
              "regions: [{shape: where, condition: '(x > 0.5) != (y > 0.4)', contact: {resistance: 0.25}}]\n"
              "boundary: {left: {type: neumann, flux: -2}, right: {type: neumann, flux: 2},\n"
              "  bottom: {type: neumann, flux: -3}, top: {type: neumann, flux: 3}}\n",
              arithmetic ? "arithmetic" : "harmonic");
    assert_exact_everywhere(four_parts, 1e-13);
    close_deck();
  }
}

static void walls_and_joints_have_their_own_temperature(void **state) {
  (void)state;
  open_deck("domain: {size: [1, 1], cells: [10, 10]}\n"
            "material: {diffusivity: 1}\nregions: [{shape: rectangle, min: [0, 0], max: [0.1, 1], diffusivity: 1e-3}]\n"
            "boundary: {left: {type: dirichlet, value: 100}}\n");
  assert_true(read_at(beside_poor_conductor, 0, 0.5, 0) == 100);
  assert_true(read_at(beside_poor_conductor, 0, 0, 0) == 100); /* its temperature is that of the corner */
  close_deck();
  open_deck("domain: {size: [1, 1], cells: [20, 1]}\nmaterial: {diffusivity: 'x < 0.5 ? 1 : 100'}\n"
            "boundary: {left: {type: dirichlet, value: 0}, right: {type: dirichlet, value: 10}}\n");
  assert_near(read_at(two_layers, 0.5, 0.5, 0), 10 * 0.5 / 0.505, 1e-13);
  assert_near(read_at(two_layers, 0.5, 0.5, 0), 9.900990099, 1e-9);
  close_deck();
  open_deck("domain: {size: [1, 1], cells: [10, 10]}\nmaterial: {diffusivity: 1}\n");
  assert_true(read_at(strip, 0, 0.5, 0) == 0);
  assert_near(read_at(strip, 0.1, 0.5, 0), 50, 1e-12);
  close_deck();
}

static double rippled(double x, double y) {
  return sin(7 * x) + cos(5 * y) + x * y;
}

/* A Dirichlet side at the point's own coordinate and the row's time, also between the centres of cells; where two meet,
 * each up to the corner, and there their mean. */
static void a_dirichlet_side_is_read_along_all_of_it(void **state) {
  (void)state;
  open_deck(
      "domain: {origin: [0, 1], size: [1, 2], cells: [5, 4]}\n"
      "material: {diffusivity: '1 + 50*(x + y > 2)'}\n"
      "boundary: {left: {type: dirichlet, value: 'sin(20*y) + t'}, top: {type: dirichlet, value: 'x < 0.31 ? 7 : t'},\n"
      "  right: {type: robin, coefficient: 3, ambient: 9}, bottom: {type: dirichlet, value: 'sin(20*x)/x + t'}}\n");
  for (double t = 0; t < 1; t += 0.375) {
    for (double s = 0.001; s < 0.999; s += 0.0371) {
      assert_near(read_at(rippled, 0, 1 + 2 * s, t), sin(20 * (1 + 2 * s)) + t, 1e-14);
      assert_near(read_at(rippled, s, 3, t), s < 0.31 ? 7 : t, 1e-14);
      assert_near(read_at(rippled, s, 1, t), sin(20 * s) / s + t, 1e-14);
    }
    assert_near(read_at(rippled, 0, 3, t), (sin(60.0) + t + 7) / 2, 1e-14);
    assert_near(read_at(rippled, 1, 3, t), t, 1e-14);                                        /* beside a Robin side */
    assert_near(read_at(rippled, 0, 1, t), (sin(20.0) + t + sin(2.0) / 0.1 + t) / 2, 1e-14); /* 0/0: as at the centre */
  }
  close_deck();
}

static void flux_and_convection_give_the_temperature_of_the_wall(void **state) {
  (void)state;
  open_deck("domain: {size: [1, 1], cells: [5, 4]}\nmaterial: {conductivity: [2, 4], density: 1, heat_capacity: 1}\n"
            "boundary: {left: {type: neumann, flux: '30 + t'}, right: {type: robin, coefficient: 10, ambient: '5*t'},\n"
            "  bottom: {type: robin, coefficient: 0, ambient: 1e9}}\n");
  const double y = 0.375, t = 3, k = 2, h = 0.2;
  assert_near(read_at(rippled, 0, y, t), rippled(0.1, y) + (30 + t) * h / (2 * k), 1e-13);
  const double u = rippled(0.9, y), wall = (10 * 5 * t + 2 * k / h * u) / (10 + 2 * k / h);
  assert_near(read_at(rippled, 1, y, t), wall, 1e-13);
  assert_near(10 * (5 * t - wall), 2 * k / h * (wall - u), 1e-12); /* the heat that comes in goes on */
  assert_near(read_at(rippled, 0.5, 0, t), rippled(0.5, 0.125), 1e-14);
  close_deck();
}

static double one_hot_cell(double x, double y) {
  return x > 0.5 && y > 0.5 ? 1 : 0;
}
static double diagonal_cells(double x, double y) {
  return (x > 0.5) == (y > 0.5) ? 1 : 0;
}

static void a_corner_of_four_materials_lies_between_them(void **state) {
  (void)state;
  static const char deck[] =
      "domain: {size: [1, 1], cells: [2, 2]}\n"
      "material: {conductivity: '(x > 0.5) == (y > 0.5) ? %s : %s', density: 1, heat_capacity: 1}\n";
  open_deck(deck, "1", "1");
  assert_near(read_at(one_hot_cell, 0.5, 0.5, 0), 0.25, 1e-15);
  close_deck();
  open_deck(deck, "1e6", "1"); /* the good conductors, on one diagonal, decide */
  assert_near(read_at(one_hot_cell, 0.5, 0.5, 0), 0.5, 1e-5);
  assert_near(read_at(diagonal_cells, 0.5, 0.5, 0), 1, 1e-5);
  close_deck();
  open_deck(deck, "1", "1e6");
  assert_near(read_at(one_hot_cell, 0.5, 0.5, 0), 0, 1e-5);
  assert_near(read_at(diagonal_cells, 0.5, 0.5, 0), 0, 1e-5);
  close_deck();
}

/* For four unrelated materials and cells that are not squares: the heat that flows to the corner along the faces. */
static void no_heat_is_left_in_a_corner(void **state) {
  (void)state;
  open_deck(
      "domain: {size: [1, 0.25], cells: [2, 2]}\n"
      "material: {conductivity: ['x < 0.5 ? (y < 0.125 ? 1 : 2) : (y < 0.125 ? 30 : 4)', 'x < 0.5 ? (y < 0.125 ? 5 : "
      "60) : (y < 0.125 ? 7 : 8)'], density: 1, heat_capacity: 1}\n");
  const double corner = read_at(rippled, 0.5, 0.125, 0), dx = 0.5, dy = 0.125;
  const double south = read_at(rippled, 0.5, dy / 2, 0), north = read_at(rippled, 0.5, 3 * dy / 2, 0);
  const double west = read_at(rippled, dx / 2, dy, 0), east = read_at(rippled, 3 * dx / 2, dy, 0);
  assert_near((5 + 7) * dx / dy * (south - corner) + (60 + 8) * dx / dy * (north - corner) +
                  (1 + 2) * dy / dx * (west - corner) + (30 + 4) * dy / dx * (east - corner),
              0, 1e-12);
  assert_near(south, (1 * rippled(dx / 2, dy / 2) + 30 * rippled(3 * dx / 2, dy / 2)) / 31, 1e-14);
  assert_near(east, (7 * rippled(3 * dx / 2, dy / 2) + 8 * rippled(3 * dx / 2, 3 * dy / 2)) / 15, 1e-14);
  close_deck();
}

static double wave(double x, double y) {
  return sin(2 * 3.14159265358979323846 * x) + (y > 0.5 ? 1 : 0);
}

static void a_seam_is_a_face_like_others(void **state) {
  (void)state;
  open_deck(
      "domain: {size: [1, 1], cells: [8, 4]}\nmaterial: {diffusivity: 'x > 0.5 ? 3 : 1'}\n"
      "boundary: {left: {type: periodic}, right: {type: periodic}, bottom: {type: periodic}, top: {type: periodic}}\n");
  const double low = wave(0.0625, 0.125), high = wave(0.9375, 0.125); /* k = 1 and 3 */
  assert_near(read_at(wave, 0, 0.125, 0), (low + 3 * high) / 4, 1e-14);
  assert_near(read_at(wave, 1, 0.125, 0), (low + 3 * high) / 4, 1e-14);
  assert_near(read_at(wave, 0.1875, 1, 0), read_at(wave, 0.1875, 0, 0), 1e-14);
  assert_near(read_at(wave, 0.1875, 0, 0), wave(0.1875, 0) + 0.5, 1e-14);
  assert_near(read_at(wave, 0, 0, 0), read_at(wave, 1, 1, 0), 1e-14);
  close_deck();
  open_deck("domain: {size: [1, 1], cells: [1, 4]}\nmaterial: {diffusivity: 1}\n"
            "boundary: {left: {type: periodic}, right: {type: periodic}}\n");
  for (double x = 0; x <= 1; x += 0.125) assert_near(read_at(wave, x, 0.125, 0), wave(0.5, 0.125), 1e-15);
  close_deck();
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(layers_of_a_wall_are_read_exactly_at_any_point),
      cmocka_unit_test(corners_of_four_materials_are_exact_where_layers_cross),
      cmocka_unit_test(contact_resistances_part_the_temperatures_in_a_corner),
      cmocka_unit_test(a_linear_field_between_dirichlet_sides_is_exact),
      cmocka_unit_test(between_centres_of_one_material_it_is_bilinear),
      cmocka_unit_test(a_point_at_a_centre_is_that_cell),
      cmocka_unit_test(walls_and_joints_have_their_own_temperature),
      cmocka_unit_test(a_dirichlet_side_is_read_along_all_of_it),
      cmocka_unit_test(flux_and_convection_give_the_temperature_of_the_wall),
      cmocka_unit_test(a_corner_of_four_materials_lies_between_them),
      cmocka_unit_test(no_heat_is_left_in_a_corner),
      cmocka_unit_test(a_seam_is_a_face_like_others),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
