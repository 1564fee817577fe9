/* The physics as data: cells are painted by the regions whose shape holds their centres, the later over the earlier;
 * numbers, expressions and field files in every place that takes them; sides as a u + b k du/dn = g. */
#include "heat2d/deck/problem.h"

#include "harness.h"

#include <hdf5_hl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

enum { NX = 16, NY = 12 };

static heat_config *config;
static heat_problem problem;

/* The status of building the problem of a deck on a grid of 16 x 12 cells of 0.25 x 0.25 from (-2, -1) on. */
static heat_status create(const char *format, ...) HEAT_PRINTF(1, 2);
static heat_status create(const char *format, ...) {
  char deck[8192];
  int length = snprintf(deck, sizeof deck,
                        "domain: {origin: [-2, -1], size: [4, 3], cells: [%d, %d]}\n"
                        "time: {end: 1}\n",
                        NX, NY);
  va_list arguments;
  va_start(arguments, format);
  length += vsnprintf(deck + length, sizeof deck - (size_t)length, format, arguments);
  va_end(arguments);
  heat_status status = heat_config_parse(&config, "deck", deck, (size_t)length, NULL, 0);
  assert_string_equal(status.text, "");
  return heat_problem_create(&problem, MPI_COMM_WORLD, config);
}

static void destroy(void) {
  heat_problem_destroy(&problem);
  heat_config_destroy(config);
}

/* The same, with a material and an initial field, which must succeed. */
static void open_with(const char *text) {
  const heat_status status = create("material: {diffusivity: 1}\ninitial: {temperature: -7}\n%s\n", text);
  assert_string_equal(status.text, "");
}

static double x_of(int64_t i) {
  return -2 + ((double)i + 0.5) * 0.25;
}
static double y_of(int64_t j) {
  return -1 + ((double)j + 0.5) * 0.25;
}

/* Whether property(x, y) is what is painted, whichever part of a row is asked for. */
static void check_painted(heat_property property, double t, double (*expected)(double x, double y)) {
  for (int64_t j = 0; j < NY; j++) {
    for (int64_t lo = 0; lo < NX; lo += 5) {
      for (int64_t hi = lo + 1; hi <= NX; hi += 3) {
        double row[NX + 1];
        row[hi - lo] = -1.5;
        assert_int_equal(heat_problem_values(&problem, property, j, lo, hi, t, row).code, HEAT_OK);
        for (int64_t i = lo; i < hi; i++) assert_true(fabs(row[i - lo] - expected(x_of(i), y_of(j))) <= 1e-14);
        assert_true(row[hi - lo] == -1.5);
      }
    }
  }
}

static void centres_lie_half_a_cell_from_the_faces(void **state) {
  (void)state;
  open_with("");
  assert_true(problem.spacing[HEAT_X] == 0.25 && problem.spacing[HEAT_Y] == 0.25);
  for (int64_t i = 0; i < NX; i++) assert_true(heat_problem_centre(&problem, HEAT_X, i) == x_of(i));
  for (int64_t j = 0; j < NY; j++) assert_true(heat_problem_centre(&problem, HEAT_Y, j) == y_of(j));
  destroy();
}

/* Regions of one shape each with temperature 1, on ground of -7: `inside` says where, with y up. */
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
  assert_in_range(count, 1, NX * NY - 1); /* the shape is somewhere, and not everywhere */
  destroy();
}

static bool in_rectangle(double x, double y) {
  return x >= -1.125 && x <= 0.625 && y >= 0.125 && y <= 1.2; /* through cell centres: they belong to it */
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

/* A polygon whose edges and corners run through cell centres: two that share an edge hold each centre once. */
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

/* The power of each region arrives, to rounding, in the cells that a later region leaves to it; at a later time too. */
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

/* On its outline the last region counts that says something of contact, and within it nothing is left of earlier ones.
 */
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
  static const char one[] = "it is one for the whole region", none[] = "it arrives in no cell";
  check_power_refused("{shape: where, condition: x < 0, power: '1 + x'}", one);
  check_power_refused("{shape: where, condition: x < -100, power: 1}", none);
  check_power_refused("{shape: where, condition: x < 0, power: 1}, {shape: where, condition: x < 0.1, source: 1}",
                      none);
}

/* Rows longer than whatever the painting is done in pieces of. */
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

/* Field files, written by rank 0 into a directory of their own. */
static char directory[64];
static char path[96];
static const char *const datasets[] = {"field", "single", "whole", "packed", "turned", "holes", "left", "bottom"};

static double stored(double x, double y) {
  return 1 + 4 * (x + 2) + 64 * (y + 1); /* an eighth in each cell: exact in every format but integers */
}
static double rounded_down(double x, double y) {
  return floor(stored(x, y));
}

static void write_dataset(hid_t file, const char *name, hid_t type, int rank, hsize_t rows, hsize_t columns,
                          const double *values) {
  const hsize_t shape[] = {rows, columns}, chunk[] = {5, 7};
  const hid_t space = H5Screate_simple(rank, rank == 2 ? shape : shape + 1, NULL);
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  if (strcmp(name, "packed") == 0) {
    H5Pset_chunk(list, rank, chunk);
    H5Pset_deflate(list, 4);
  }
  const hid_t dataset = H5Dcreate(file, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  H5Dclose(dataset);
  H5Pclose(list);
  H5Sclose(space);
}

static void write_file(void) {
  double values[NY * NX], holes[NY * NX], left[NX], bottom[NX];
  for (int64_t j = 0; j < NY; j++)
    for (int64_t i = 0; i < NX; i++) values[j * NX + i] = holes[j * NX + i] = stored(x_of(i), y_of(j));
  holes[3 * NX + 5] = NAN;
  double gaps[NY * NX];
  memcpy(gaps, values, sizeof gaps);
  gaps[10] = gaps[5 * NX] = gaps[NY * NX - 1] = -1;
  for (int64_t n = 0; n < NX; n++) left[n] = bottom[n] = (double)(n * n);
  const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  write_dataset(file, "field", H5T_NATIVE_DOUBLE, 2, NY, NX, values);
  write_dataset(file, "single", H5T_IEEE_F32BE, 2, NY, NX, values);
  write_dataset(file, "whole", H5T_STD_I32LE, 2, NY, NX, values);
  write_dataset(file, "packed", H5T_NATIVE_DOUBLE, 2, NY, NX, values);
  write_dataset(file, "turned", H5T_NATIVE_DOUBLE, 2, NX, NY, values);
  write_dataset(file, "holes", H5T_NATIVE_DOUBLE, 2, NY, NX, holes);
  write_dataset(file, "left", H5T_NATIVE_DOUBLE, 1, 0, NY, left);
  write_dataset(file, "bottom", H5T_NATIVE_DOUBLE, 1, 0, NX, bottom);
  write_dataset(file, "gaps", H5T_STD_I32BE, 2, NY, NX, gaps);
  H5LTset_attribute_int(file, "gaps", "missing_value", (const int[]){-1}, 1);
  H5Fclose(file);
}

static int make_file(void **state) {
  (void)state;
  int rank, made = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  snprintf(directory, sizeof directory, "/tmp/heat2d-test-problem-XXXXXX");
  if (rank == 0) made = mkdtemp(directory) != NULL;
  MPI_Bcast(directory, sizeof directory, MPI_CHAR, 0, MPI_COMM_WORLD);
  snprintf(path, sizeof path, "%s/fields.h5", directory);
  if (rank == 0 && made) write_file();
  return everywhere(made) ? 0 : -1;
}

static int remove_file(void **state) {
  (void)state;
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0) {
    unlink(path);
    rmdir(directory);
  }
  return 0;
}

static double density_from_file(double x, double y) {
  return x > 0 ? stored(x, y) : 2;
}

static void field_files_of_any_number_type_are_read_on_the_grid(void **state) {
  (void)state;
  for (int n = 0; n < 4; n++) {
    const heat_status status =
        create("material: {conductivity: {file: %s, dataset: /%s}, density: 2, heat_capacity: 1}\n"
               "initial: {temperature: {file: %s, dataset: /%s}}\n"
               "regions: [{shape: where, condition: x > 0, density: {file: %s, dataset: /field}}]\n"
               "boundary: {left: {type: dirichlet, value: {file: %s, dataset: /left}}, "
               "bottom: {type: robin, coefficient: {file: %s, dataset: /bottom}, ambient: 2}}\n",
               path, datasets[n], path, datasets[n], path, path, path);
    assert_string_equal(status.text, "");
    double (*expected)(double, double) = n == 2 ? rounded_down : stored;
    check_painted(HEAT_TEMPERATURE, 0, expected);
    check_painted(HEAT_CONDUCTIVITY_X, 0, expected);
    check_painted(HEAT_CONDUCTIVITY_Y, 0, expected);
    check_painted(HEAT_DENSITY, 0, density_from_file);
    assert_false(heat_problem_uniform_material(&problem));
    double a[NX], b[NX], g[NX];
    assert_int_equal(heat_problem_side(&problem, HEAT_LEFT, 2, NY, 0, a, b, g).code, HEAT_OK);
    for (int64_t j = 2; j < NY; j++) assert_true(a[j - 2] == 1 && b[j - 2] == 0 && g[j - 2] == (double)(j * j));
    assert_int_equal(heat_problem_side(&problem, HEAT_BOTTOM, 3, NX, 0, a, b, g).code, HEAT_OK);
    for (int64_t i = 3; i < NX; i++)
      assert_true(a[i - 3] == (double)(i * i) && b[i - 3] == 1 && g[i - 3] == (double)(2 * i * i));
    destroy();
  }
}

static void check_refused(const char *temperature, const char *says) {
  const heat_status status = create("material: {diffusivity: 1}\ninitial: {temperature: %s}\n", temperature);
  assert_true(everywhere(status.code == HEAT_DECK));
  assert_non_null(strstr(status.text, "deck:4:"));
  assert_non_null(strstr(status.text, "initial.temperature: "));
  assert_non_null(strstr(status.text, says));
  destroy();
}

static void unusable_field_files_are_refused_with_their_place_in_the_deck(void **state) {
  (void)state;
  char text[256];
  snprintf(text, sizeof text, "{file: %s, dataset: /turned}", path);
  check_refused(text, "has the shape [16][12] (this grid needs [12][16])");
  snprintf(text, sizeof text, "{file: %s, dataset: /left}", path);
  check_refused(text, "has the shape [12] (this grid needs [12][16])");
  snprintf(text, sizeof text, "{file: %s, dataset: /nothing}", path);
  check_refused(text, "there is no dataset /nothing in");
  snprintf(text, sizeof text, "{file: %s/none.h5, dataset: /left}", directory);
  check_refused(text, "cannot read the file");
  snprintf(text, sizeof text, "{file: %s, dataset: /left}", "/proc/self/status");
  check_refused(text, "is not an HDF5 file");
  const heat_status status = create("material: {diffusivity: 1}\ninitial: {temperature: 0}\n"
                                    "boundary: {top: {type: neumann, flux: {file: %s, dataset: /left}}}\n",
                                    path);
  assert_true(everywhere(status.code == HEAT_DECK));
  assert_non_null(strstr(status.text, "boundary.top.flux: /left in"));
  assert_non_null(strstr(status.text, "has the shape [12] (this grid needs [16])"));
  destroy();
}

/* A value that is wrong in one cell: the failure names key, value and place; other rows are painted. */
static void check_wrong_cell(heat_property property, int64_t row, const char *says) {
  double values[NX];
  assert_int_equal(heat_problem_values(&problem, property, row + 1, 0, NX, 0, values).code, HEAT_OK);
  const heat_status status = heat_problem_values(&problem, property, row, 0, NX, 0, values);
  assert_int_equal(status.code, HEAT_DECK);
  assert_non_null(strstr(status.text, says));
}

/* On any number of ranks the first cell that needs a value is named; one that is painted over needs none. */
static void the_first_cell_without_a_value_is_named(void **state) {
  (void)state;
  static const struct {
    const char *region, *cell; /* the cell of the complaint, NULL: none */
  } cases[] = {{"x > 9", "(10, 0)"}, {"y < -0.8", "(0, 5)"}, {"y < 1", "(15, 11)"}, {"y < 1 or x > 1.8", NULL}};
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    const heat_status status = create("material: {diffusivity: {file: %s, dataset: /gaps}}\ninitial: {temperature: 0}\n"
                                      "regions: [{shape: where, condition: '%s', diffusivity: 3}]\n",
                                      path, cases[n].region);
    char says[64];
    snprintf(says, sizeof says, "has no value in cell %s: ", cases[n].cell != NULL ? cases[n].cell : "");
    assert_true(everywhere(status.code == (cases[n].cell != NULL ? HEAT_DECK : HEAT_OK)));
    if (cases[n].cell != NULL) assert_non_null(strstr(status.text, says));
    destroy();
  }
}

/* The digest is that of the numbers: of one form as of the other, and of other numbers another. */
static void the_same_numbers_have_the_same_digest(void **state) {
  (void)state;
  static const char *const names[] = {"field", "single", "packed", "whole"};
  char first[64] = "";
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    const heat_status status =
        create("material: {diffusivity: 1}\ninitial: {temperature: {file: %s, dataset: /%s}}\n", path, names[n]);
    assert_string_equal(status.text, "");
    const size_t length = strcspn(problem.inputs, "/");
    assert_memory_equal(problem.inputs, "initial.temperature ", 20);
    if (n == 0) snprintf(first, sizeof first, "%.*s", (int)length, problem.inputs);
    assert_int_equal(strncmp(problem.inputs, first, length) == 0, n < 3);
    destroy();
  }
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

static void values_that_cannot_be_are_refused_with_their_cell(void **state) {
  (void)state;
  const heat_status status =
      create("material: {conductivity: ['x + 10*(y + 0.624)', 1], density: 1, heat_capacity: 'sqrt(y + 0.7)'}\n"
             "initial: {temperature: {file: %s, dataset: /holes}}\nsource: 1/(y + 0.875)\n",
             path);
  assert_string_equal(status.text, "");
  check_wrong_cell(HEAT_TEMPERATURE, 3, "initial.temperature: is nan at x = -0.625, y = -0.125");
  check_wrong_cell(HEAT_CONDUCTIVITY_X, 1, "material.conductivity.0: is ");
  check_wrong_cell(HEAT_CONDUCTIVITY_X, 1, "at x = -1.875, y = -0.625, t = 0 (a positive number is needed)");
  check_wrong_cell(HEAT_CAPACITY, 0, "material.heat_capacity: is ");
  check_wrong_cell(HEAT_SOURCE, 0, "source: is inf at x = -1.875, y = -0.875, t = 0 (a finite number is needed)");
  destroy();
  open_with("boundary: {top: {type: robin, coefficient: x + 1, ambient: 0}}");
  double a[NX], b[NX], g[NX];
  assert_int_equal(heat_problem_side(&problem, HEAT_TOP, 4, NX, 0, a, b, g).code, HEAT_OK);
  const heat_status negative = heat_problem_side(&problem, HEAT_TOP, 0, NX, 0, a, b, g);
  assert_int_equal(negative.code, HEAT_DECK);
  assert_non_null(strstr(negative.text, "boundary.top.coefficient: is -0.875 at x = -1.875, y = 2, t = 0"));
  destroy();
}

/* At any coordinate along it: a number, an expression right there or, where it has no value, at the centre of the cell,
 * a dataset straight between the centres of cells and level beyond the last, or around the seam to the first. */
static void a_side_is_known_at_every_coordinate(void **state) {
  (void)state;
  double coefficient, value;
  heat_status status =
      create("material: {diffusivity: 1}\ninitial: {temperature: 1}\n"
             "boundary: {left: {type: dirichlet, value: {file: %s, dataset: /left}}, right: {type: neumann, flux: 3}, "
             "bottom: {type: robin, coefficient: {file: %s, dataset: /bottom}, ambient: 'x/x + t'}, "
             "top: {type: robin, coefficient: 'x', ambient: 'x*y'}}\n",
             path, path);
  assert_int_equal(status.code, HEAT_OK);
  for (double s = -1; s <= 2; s += 0.0625) {
    const double place = fmin(fmax((s + 1) / 0.25 - 0.5, 0), NY - 1), low = floor(place);
    const double expected = low * low + (place - low) * (2 * low + 1);
    assert_int_equal(heat_problem_side_at(&problem, HEAT_LEFT, s, 0, &coefficient, &value).code, HEAT_OK);
    assert_true(coefficient == 1 && fabs(value - expected) <= 1e-12);
  }
  assert_int_equal(heat_problem_side_at(&problem, HEAT_RIGHT, 2, 0, &coefficient, &value).code, HEAT_OK);
  assert_true(coefficient == 1 && value == 3);
  assert_int_equal(heat_problem_side_at(&problem, HEAT_BOTTOM, 0, 0.5, &coefficient, &value).code, HEAT_OK);
  assert_true(fabs(coefficient - (7 * 7 + 8 * 8) / 2.0) <= 1e-12 && value == 1.5); /* 0/0 right there */
  assert_int_equal(heat_problem_side_at(&problem, HEAT_TOP, 2, 0, &coefficient, &value).code, HEAT_OK);
  assert_true(coefficient == 2 && value == 4);
  status = heat_problem_side_at(&problem, HEAT_TOP, -1.9, 0, &coefficient, &value);
  assert_int_equal(status.code, HEAT_DECK); /* a coefficient below 0, there and at the centre */
  assert_non_null(strstr(status.text, "boundary.top.coefficient: is -1.875 at x = -1.875, y = 2"));
  destroy();
  status = create("material: {diffusivity: 1}\ninitial: {temperature: 1}\n"
                  "boundary: {left: {type: periodic}, right: {type: periodic}, "
                  "bottom: {type: dirichlet, value: {file: %s, dataset: /bottom}}}\n",
                  path);
  assert_int_equal(status.code, HEAT_OK);
  for (double s = -2; s <= 2; s += 4) {
    assert_int_equal(heat_problem_side_at(&problem, HEAT_BOTTOM, s, 0, &coefficient, &value).code, HEAT_OK);
    assert_true(fabs(value - 15 * 15 / 2.0) <= 1e-12);
  }
  destroy();
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
      cmocka_unit_test(a_power_is_spread_over_the_cells_that_it_reaches),
      cmocka_unit_test(a_power_needs_cells_and_is_one_for_all_of_them),
      cmocka_unit_test(long_rows_are_painted_like_short_ones),
      cmocka_unit_test_setup_teardown(field_files_of_any_number_type_are_read_on_the_grid, make_file, remove_file),
      cmocka_unit_test_setup_teardown(a_side_is_known_at_every_coordinate, make_file, remove_file),
      cmocka_unit_test_setup_teardown(unusable_field_files_are_refused_with_their_place_in_the_deck, make_file,
                                      remove_file),
      cmocka_unit_test_setup_teardown(the_first_cell_without_a_value_is_named, make_file, remove_file),
      cmocka_unit_test_setup_teardown(the_same_numbers_have_the_same_digest, make_file, remove_file),
      cmocka_unit_test_setup_teardown(values_that_cannot_be_are_refused_with_their_cell, make_file, remove_file),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
