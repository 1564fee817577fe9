/* The inputs of a run: field files across a resume, and files that only the start needs. A serial process that runs the
 * program. */
#include "command.h"

#include <hdf5.h>

enum { NX = 6, NY = 4, CELLS = NX * NY };

static const char field_deck[] = "domain: {size: [1, 1], cells: [6, 4]}\n"
                                 "material: {conductivity: {file: k.h5, dataset: /k}, density: 1, heat_capacity: 1}\n"
                                 "initial: {temperature: {file: init.h5, dataset: /u}}\n"
                                 "regions:\n"
                                 "  - {shape: where, condition: x > 0.5, temperature: {file: init.h5, dataset: /u}}\n"
                                 "boundary: {left: {type: dirichlet, value: {file: side.h5, dataset: /v}}}\n"
                                 "time: {end: 0.005, step: 0.0005}\n"
                                 "checkpoint: {keep: 9}\n";

/* A dataset of values base + factor * n, stored as int16 of half the value where `packed`. */
static void write_field(const char *name, const char *path, int rank, double base, double factor, bool packed) {
  const hsize_t shape[] = {NY, NX};
  double values[CELLS];
  for (int n = 0; n < CELLS; n++) values[n] = (base + factor * n) * (packed ? 2 : 1);
  const hid_t file = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t space = H5Screate_simple(rank, shape, NULL);
  const hid_t dataset =
      H5Dcreate(file, path, packed ? H5T_STD_I16BE : H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  if (packed) {
    const double half = 0.5;
    const hid_t scalar = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate(dataset, "scale_factor", H5T_IEEE_F64LE, scalar, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(attribute, H5T_NATIVE_DOUBLE, &half) >= 0);
    H5Aclose(attribute);
    H5Sclose(scalar);
  }
  H5Dclose(dataset);
  H5Sclose(space);
  H5Fclose(file);
}

static int write_fields(void **state) {
  (void)state;
  shell("rm -rf out whole *.h5");
  write_text("deck.yaml", field_deck);
  write_field("k.h5", "/k", 2, 1, 0.5, false);
  write_field("init.h5", "/u", 2, 300, 1, false);
  write_field("side.h5", "/v", 1, 300, 2, false);
  assert_code(0, heat2d(2, "run deck.yaml"));
  return 0;
}

static void assert_same_end(void) {
  assert_code(0, heat2d(0, "compare out/snapshot-0000000020.h5 whole/snapshot-0000000020.h5"));
}

/* A run that is resumed with other field files is refused with a message that names the file. With the same numbers,
 * wherever they are and however they are packed, it gives the bits of a run without a stop. */
static void a_resume_needs_the_same_numbers(void **state) {
  (void)state;
  write_field("more.h5", "/k", 2, 100, 50, false);
  assert_code(65, heat2d(3, "run deck.yaml --resume --set time.end=0.01 --set material.conductivity.file=more.h5"));
  assert_one_complaint("deck.yaml:2:", "material.conductivity: /k in 'more.h5' does not hold the numbers");
  write_field("side.h5", "/v", 1, 300, 3, false);
  assert_code(65, heat2d(1, "run deck.yaml --resume --set time.end=0.01"));
  assert_one_complaint("deck.yaml:6:", "boundary.left.value: /v in 'side.h5' does not hold the numbers");
  write_field("side.h5", "/v", 1, 300, 2, true);
  write_field("init.h5", "/u", 2, 301, 1, false);
  assert_code(65, heat2d(1, "run deck.yaml --resume --set time.end=0.01"));
  assert_one_complaint("deck.yaml:3:", "initial.temperature: /u in 'init.h5' does not hold the numbers");
  write_field("init.h5", "/u", 2, 300, 1, true);
  write_field("other.h5", "/q", 2, 1, 0.5, true);
  const char *const renamed = "--set 'material.conductivity={file: other.h5, dataset: /q}'";
  assert_code(0, heat2d(3, "run deck.yaml --resume --set time.end=0.0075 %s", renamed));
  assert_code(0, heat2d(1, "run deck.yaml --resume --set time.end=0.01"));
  assert_code(0, heat2d(2, "run deck.yaml --set time.end=0.01 --set output.directory=whole"));
  assert_same_end();
}

static void a_resume_does_not_need_what_only_the_start_needs(void **state) {
  (void)state;
  shell("mv init.h5 kept.h5");
  for (int n = 0; n < 2; n++) { /* the second time from a checkpoint that was written without the file */
    assert_code(0, heat2d(n + 1, "run deck.yaml --resume --set time.end=%s", n == 0 ? "0.0075" : "0.01"));
    shell("head -c 600 kept.h5 >init.h5"); /* a damaged file counts as missing */
  }
  shell("cp kept.h5 init.h5");
  assert_code(0, heat2d(3, "run deck.yaml --set time.end=0.01 --set output.directory=whole"));
  assert_same_end();
  assert_code(0, heat2d(1, "run deck.yaml --resume --set time.end=0.01"));
  write_field("init.h5", "/u", 2, 301, 1, false);
  assert_code(65, heat2d(1, "run deck.yaml --resume --set time.end=0.015"));
  assert_one_complaint("deck.yaml:3:", "initial.temperature: /u in 'init.h5' does not hold the numbers");
  shell("rm init.h5");
  assert_code(65, heat2d(2, "run deck.yaml --overwrite"));
  assert_one_complaint("deck.yaml:3:", "initial.temperature: cannot read the file 'init.h5'");
  assert_code(65, heat2d(0, "run deck.yaml --resume --set output.directory=new"));
  assert_code(65, heat2d(0, "check deck.yaml"));
  assert_false(exists("new"));
  shell("rm k.h5");
  assert_code(65, heat2d(2, "run deck.yaml --resume --set time.end=0.015"));
  assert_one_complaint("deck.yaml:2:", "material.conductivity: cannot read the file 'k.h5'");
}

/* A region that covers no cell is a warning with its line, once, and changes nothing else. */
static void a_region_that_covers_no_cell_is_told(void **state) {
  (void)state;
  static const char deck[] = "domain: {size: [1, 1], cells: [10, 10]}\n"
                             "material: {diffusivity: 1}\n"
                             "initial: {temperature: 0}\n"
                             "regions:\n"
                             "  - {shape: rectangle, min: [0.1, 0], max: [0.2, 1], temperature: 100}\n"
                             "  - {shape: rectangle, min: [0.11, 0], max: [0.14, 1], temperature: 7}\n"
                             "time: {end: 0.001}\n";
  static const char told[] = "deck.yaml:6:5: regions.1: it covers no cell centre (a cell is 0.1 x 0.1 m)";
  write_text("deck.yaml", deck);
  shell("rm -rf out");
  assert_code(0, heat2d(2, "check deck.yaml"));
  assert_one_complaint("warning: ", told);
  assert_non_null(
      strstr(command.out, "# region      deck.yaml:5:5: regions.0: rectangle, 10 cells, 10% of the area\n"));
  assert_non_null(strstr(command.out, "# region      deck.yaml:6:5: regions.1: rectangle, 0 cells, 0% of the area\n"));
  assert_code(0, heat2d(3, "run deck.yaml"));
  assert_one_complaint("warning: ", told);
  char *log = read_text("out/run.log");
  assert_int_equal(occurrences(log, told), 1);
  free(log);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(a_resume_needs_the_same_numbers, write_fields),
      cmocka_unit_test_setup(a_resume_does_not_need_what_only_the_start_needs, write_fields),
      cmocka_unit_test(a_region_that_covers_no_cell_is_told),
  };
  H5Eset_auto(H5E_DEFAULT, NULL, NULL);
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
