/* The members of a sweep: their number, order, names and decks, and the exact message of each fault. On any number of
 * ranks. */
#include "deck/config_private.h"
#include "heat2d/base/launch.h"
#include "heat2d/deck/members.h"
#include "heat2d/deck/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char base[] = "domain: {size: [1, 1], cells: [8, 8]}\n"
                           "material: {conductivity: 1, density: 2, heat_capacity: 3}\n"
                           "initial: {temperature: 0}\n"
                           "boundary: {left: {type: dirichlet, value: 300}}\n"
                           "time: {end: 1}\n"
                           "output: {directory: out/all}\n";

static char folder[] = "/tmp/heat2d-members-XXXXXX";
static char deck_path[64], rows_path[64];

static void write_file(const char *path, const char *text, const char *more) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fprintf(file, "%s%s", text, more);
  fclose(file);
}

/* Load the deck, to which `sweep` is appended, with a file of rows. */
static heat_status load(heat_config **config, const char *sweep, const char *rows, const char *const *sets) {
  int rank, count = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  while (sets != NULL && sets[count] != NULL) count++;
  if (rank == 0) write_file(deck_path, base, sweep);
  if (rank == 0 && rows != NULL) write_file(rows_path, rows, "");
  MPI_Barrier(MPI_COMM_WORLD);
  const heat_status status = heat_config_load(config, MPI_COMM_WORLD, deck_path, sets, count);
  MPI_Barrier(MPI_COMM_WORLD);
  return status;
}

static heat_config *load_right(const char *sweep, const char *rows, const char *const *sets) {
  heat_config *config;
  const heat_status status = load(&config, sweep, rows, sets);
  assert_string_equal(status.text, "");
  return config;
}

static void assert_names(const heat_config *config, const char *const *names) {
  char name[HEAT_MEMBER_NAME];
  int64_t count = 0;
  while (names[count] != NULL) count++;
  assert_int_equal(heat_members_count(config), count);
  for (int64_t m = 0; m < count; m++) {
    heat_members_name(config, m, name);
    assert_string_equal(name, names[m]);
  }
}

static heat_config *member(const heat_config *config, int64_t index) {
  heat_config *made;
  const heat_status status = heat_members_create(&made, config, index);
  assert_string_equal(status.text, "");
  return made;
}

static void product_in_the_order_of_the_deck(void **state) {
  (void)state;
  heat_config *config = load_right("sweep:\n  material.conductivity: [16, 385.0]\n"
                                   "  boundary.left.value: {from: 300, to: 400, count: 3}\n",
                                   NULL, NULL);
  assert_names(config, (const char *const[]){"conductivity-16_value-300", "conductivity-16_value-350",
                                             "conductivity-16_value-400", "conductivity-385_value-300",
                                             "conductivity-385_value-350", "conductivity-385_value-400", NULL});
  assert_string_equal(heat_members_key(config, 0), "material.conductivity");
  assert_string_equal(heat_members_key(config, 1), "boundary.left.value");
  assert_null(heat_members_key(config, 2));
  for (int64_t m = 0; m < 6; m++) {
    heat_config *one = member(config, m);
    char directory[256], name[HEAT_MEMBER_NAME];
    assert_true(heat_config_value(one, "material.conductivity").number == (m < 3 ? 16.0 : 385.0));
    assert_true(heat_config_value(one, "boundary.left.value").number == 300 + 50.0 * (double)(m % 3));
    heat_members_name(config, m, name);
    snprintf(directory, sizeof directory, "out/all/%s", name);
    assert_string_equal(heat_config_text(one, "output.directory"), directory);
    assert_int_equal(heat_members_count(one), 0);
    char *text = heat_config_write(one);
    assert_null(strstr(text, "sweep"));
    free(text);
    char *value = heat_members_value(config, m, 0);
    assert_string_equal(value, m < 3 ? "16" : "385");
    free(value);
    heat_config_destroy(one);
  }
  assert_true(heat_config_value(config, "material.conductivity").number == 1); /* a run ignores the sweep */
  heat_config_destroy(config);
}

static void spans_are_even_to_twelve_digits(void **state) {
  (void)state;
  heat_config *config = load_right("sweep:\n  time.end: {from: 0.1, to: 0.5, count: 5}\n"
                                   "  material.density: {from: 1e-3, to: 1000, count: 7, log: true}\n"
                                   "  time.safety: {from: 0.5, to: 0.7, count: 1}\n",
                                   NULL, NULL);
  static const double densities[] = {1e-3, 1e-2, 0.1, 1, 10, 100, 1000}, ends[] = {0.1, 0.2, 0.3, 0.4, 0.5};
  assert_int_equal(heat_members_count(config), 35);
  for (int64_t m = 0; m < 35; m++) {
    heat_config *one = member(config, m);
    assert_true(heat_config_real(one, "time.end") == ends[m / 7]);
    assert_true(heat_config_value(one, "material.density").number == densities[m % 7]);
    assert_true(heat_config_real(one, "time.safety") == 0.5);
    heat_config_destroy(one);
  }
  heat_config_destroy(config);
}

static void rows_take_part_in_the_product(void **state) {
  (void)state;
  char sweep[256];
  snprintf(sweep, sizeof sweep, "sweep:\n  time.end: [1, 2]\n  file: %s\n", rows_path);
  heat_config *config =
      load_right(sweep,
                 "\xEF\xBB\xBF# what is tried\r\nboundary.left, domain.cells,initial.temperature ,time.safety\r\n"
                 "\"{type: neumann, flux: 7}\",\"[4, 6]\",\"300 + 2*y\",\r\n\r\n"
                 ",\"[5, 5]\" , 290 ,  0.7\r\n",
                 NULL);
  assert_int_equal(heat_members_count(config), 4);
  char name[HEAT_MEMBER_NAME];
  heat_members_name(config, 3, name);
  assert_string_equal(name, "end-2_cells-5x5_temperature-290_safety-0.7");
  heat_config *one = member(config, 2);
  assert_true(heat_config_real(one, "time.end") == 2);
  assert_int_equal(heat_config_integer(one, "domain.cells.1"), 6);
  assert_string_equal(heat_config_value(one, "initial.temperature").expression, "300 + 2*y");
  assert_true(heat_config_value(one, "boundary.left.flux").number == 7);
  heat_config_destroy(one);
  char *value = heat_members_value(config, 3, 1), *written = heat_members_value(config, 0, 1);
  assert_string_equal(value, "");
  assert_string_equal(written, "{type: neumann, flux: 7}");
  free(value);
  free(written);
  heat_config_destroy(config);
}

static void sets_win(void **state) {
  (void)state;
  static const char sweep[] = "sweep: {material.conductivity: [2, 3], time.end: [5, 6]}\n";
  const char *fixed[] = {"material.conductivity=7", NULL}, *other[] = {"sweep.time.end=[8, 9, 10]", NULL};
  const char *above[] = {"material={conductivity: 4, density: 1, heat_capacity: 1}", NULL};
  heat_config *config = load_right(sweep, NULL, fixed);
  assert_names(config, (const char *const[]){"end-5", "end-6", NULL});
  heat_config *one = member(config, 1);
  assert_true(heat_config_value(one, "material.conductivity").number == 7);
  heat_config_destroy(one);
  heat_config_destroy(config);
  config = load_right(sweep, NULL, above);
  assert_names(config, (const char *const[]){"end-5", "end-6", NULL});
  heat_config_destroy(config);
  config = load_right(sweep, NULL, other);
  assert_int_equal(heat_members_count(config), 6);
  one = member(config, 5);
  assert_true(heat_config_real(one, "time.end") == 10);
  heat_config_destroy(one);
  heat_config_destroy(config);
}

/* Characters that file names should not contain are replaced, long names are cut, and names still differ. A name
 * depends on its own member only. */
static void names_are_safe_and_stay(void **state) {
  (void)state;
  heat_config *config =
      load_right("sweep: {initial.temperature: ['sin(x)', 'sin(y)', '3/0.1', '3*0.1', "
                 "'1+x+x*x+x*x*x+x*x*x*x+x*x*x*x*x+x*x*x*x*x*x', '1+x+x*x+x*x*x+x*x*x*x+x*x*x*x*x+x*x*x*x*y'], "
                 "boundary.left.value: [-1e-5, \"300 + 1e3 * y ^ 2\"], boundary.top: [{type: neumann, flux: 1}]}\n",
                 NULL, NULL);
  char names[12][HEAT_MEMBER_NAME], again[HEAT_MEMBER_NAME];
  assert_int_equal(heat_members_count(config), 12);
  for (int m = 0; m < 12; m++) {
    heat_members_name(config, m, names[m]);
    assert_true(strlen(names[m]) <= 100);
    assert_int_equal(names[m][strspn(names[m], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-")],
                     '\0');
    for (int other = 0; other < m; other++) assert_string_not_equal(names[m], names[other]);
  }
  heat_config_destroy(config);
  config = load_right("sweep: {initial.temperature: ['sin(y)'], boundary.left.value: [7, -0.00001], "
                      "boundary.top: [{type: neumann, flux: 1}]}\n",
                      NULL, NULL);
  heat_members_name(config, 1, again);
  assert_string_equal(again, names[2]);
  heat_config_destroy(config);
}

/* `sweep` begins in line 7 of the deck. %D is the path of the deck, %R that of the file of rows. */
static const struct {
  const char *sweep, *rows, *message;
} faults[] = {
    {"sweep: 5\n", NULL, "%D:7:8: sweep: keys with their values are needed: {KEY: [VALUE, ...], ...}"},
    {"sweep: {}\n", NULL, "%D:7:1: sweep: keys with their values are needed: {KEY: [VALUE, ...], ...}"},
    {"sweep: {time.end: 5}\n", NULL,
     "%D:7:19: sweep.time.end: a list of values is needed, or {from: A, to: B, count: N}"},
    {"sweep: {time.end: []}\n", NULL,
     "%D:7:9: sweep.time.end: a list of values is needed, or {from: A, to: B, count: N}"},
    {"sweep: {time.ned: [5]}\n", NULL, "%D:7:14: time.ned: unknown key (nearest: time.end)"},
    {"sweep:\n  time.end: [1, 2, x]\n", NULL, "%D:8:20: time.end: a number is needed, not 'x'"},
    {"sweep:\n  time.safety: [1, 0]\n", NULL, "%D:8:20: time.safety: 0 is out of range (must be in (0, 1])"},
    {"sweep: {time.end: {from: 1, to: 2}}\n", NULL, "%D:7:9: sweep.time.end.count: missing (required: an integer)"},
    {"sweep: {time.end: {from: 1, to: 2, count: 0}}\n", NULL,
     "%D:7:43: sweep.time.end.count: 0 is out of range (must be in [1, 100000])"},
    {"sweep: {time.end: {from: 1, to: 2, count: 3, step: 1}}\n", NULL,
     "%D:7:46: sweep.time.end.step: unknown key (nearest: time.step)"},
    {"sweep: {time.end: {from: -1, to: 2, count: 2, log: true}}\n", NULL,
     "%D:7:26: sweep.time.end.from: -1 and 2: with log: true both must be above 0, or both below"},
    {"sweep: {time.end: {from: 1, to: -2, count: 2}}\n", NULL, "%D:7:19: time.end: -2 is out of range (must be >= 0)"},
    {"sweep: {time.end: [1, 2, 1.0]}\n", NULL, "%D:7:26: sweep.time.end: two members would be the same"},
    {"sweep: {time.end: [1], time.end: [2]}\n", NULL, "%D:7:24: sweep.time.end: given twice"},
    {"sweep: {time.end: [1]}\nsweep: {time.end: [2]}\n", NULL, "%D:8:1: sweep: given twice"},
    {"sweep: {output.directory: [a, b]}\n", NULL,
     "%D:7:9: sweep.output.directory: this key cannot vary: each member has a directory of its own in "
     "output.directory"},
    {"sweep: {time.end: {file: rows.csv}}\n", NULL,
     "%D:7:9: sweep.time.end: a file of rows belongs directly under sweep (sweep: {file: ROWS.csv})"},
    {"sweep: {time.end: {from: 1, to: 2, count: 1000}, time.safety: {from: 0.1, to: 1, count: 101}}\n", NULL,
     "%D:7:1: sweep: a sweep of more than 100000 members"},
    {"sweep: {file: %R}\n", "time.end\n", "%R:1:1: sweep.file: a line of keys and rows of values below it are needed"},
    {"sweep: {file: %R}\n", "time.end,time.safety\n3\n",
     "%R:2:1: sweep.file: the number of values differs from the number of keys in the first line"},
    {"sweep: {file: %R}\n", "time.end,time.ned\n3,4\n", "%R:1:15: time.ned: unknown key (nearest: time.end)"},
    {"sweep: {file: %R}\n", "time.end,domain.cells\n1,\"[3, 4]\"\n 3, \"[4, x]\"\n",
     "%R:3:10: domain.cells.1: an integer is needed, not 'x'"},
    {"sweep: {file: %R}\n", "time.end\n\"3\n", "%R:2:2: sweep.file: a closing \" is missing"},
    {"sweep: {file: %R}\n", "time.end,time.safety\n3,0.5\n3,0.50\n",
     "%R:3:1: sweep.time.end: two members would be the same"},
    {"sweep: {file: /none.csv}\n", NULL, "%D:7:15: sweep.file: there is no file '/none.csv'"},
};

/* Replace %D and %R in `text`. */
static void name_files(char *out, size_t size, const char *text) {
  size_t used = 0;
  for (; *text != '\0' && used + 1 < size; text++) {
    const char *path = text[0] != '%' ? NULL : text[1] == 'R' ? rows_path : deck_path;
    if (path != NULL) {
      used += (size_t)snprintf(out + used, size - used, "%s", path);
      text++;
    } else {
      out[used++] = *text;
    }
  }
  out[used] = '\0';
}

static void each_fault_has_its_place(void **state) {
  (void)state;
  for (size_t n = 0; n < sizeof faults / sizeof *faults; n++) {
    char sweep[512], message[512];
    heat_config *config;
    name_files(sweep, sizeof sweep, faults[n].sweep);
    name_files(message, sizeof message, faults[n].message);
    const heat_status status = load(&config, sweep, faults[n].rows, NULL);
    assert_string_equal(status.text, message);
    assert_int_equal(status.code, HEAT_DECK);
    assert_null(config);
  }
}

/* The message is the first fault of a file of rows, and the other faults are found, too. */
static void all_faults_of_rows_are_told(void **state) {
  (void)state;
  static const struct {
    const char *rows, *first, *further;
  } files[] = {{"time.end,time.safety\n3\n4,0.5\n\"5\n6,2\n",
                "%R:2:1: sweep.file: the number of values differs from the number of keys in the first line",
                "%R:4:1: sweep.file: the number of values differs from the number of keys in the first line\n"
                "%R:5:3: time.safety: 2 is out of range (must be in (0, 1])\n"},
               {"time.end\n\"3\n\"4\"5\n", "%R:2:2: sweep.file: a closing \" is missing",
                "%R:3:2: sweep.file: text after a closing \"\n"}};
  for (size_t n = 0; n < sizeof files / sizeof *files; n++) {
    char sweep[512], first[512], further[1024];
    heat_config *config;
    name_files(sweep, sizeof sweep, "sweep: {file: %R}\n");
    name_files(first, sizeof first, files[n].first);
    name_files(further, sizeof further, files[n].further);
    const heat_status status = load(&config, sweep, files[n].rows, NULL);
    assert_string_equal(status.text, first);
    char *text = heat_config_further_faults(deck_path, NULL, 0, status.text);
    MPI_Barrier(MPI_COMM_WORLD); /* all ranks have read the files before rank 0 replaces them */
    assert_string_equal(text, further);
    free(text);
  }
}

/* Values that are right separately but contradict each other are a fault of those members only. */
static void what_does_not_go_together_is_the_members_fault(void **state) {
  (void)state;
  heat_config *config = load_right("sweep:\n  domain.size: [[2, 2], [1, 1]]\n"
                                   "  output.probes: [[{name: a, at: [0.5, 0.5]}], [{name: a, at: [1.5, 1]}]]\n",
                                   NULL, NULL);
  heat_config *one;
  char message[256];
  heat_config_destroy(member(config, 1));
  const heat_status status = heat_members_create(&one, config, 3);
  snprintf(message, sizeof message, "%s:9:64: output.probes.0.at.0: 1.5 is outside the domain (must be in [0, 1])",
           deck_path);
  assert_string_equal(status.text, message);
  assert_null(one);
  heat_config_destroy(config);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(product_in_the_order_of_the_deck),
      cmocka_unit_test(spans_are_even_to_twelve_digits),
      cmocka_unit_test(rows_take_part_in_the_product),
      cmocka_unit_test(sets_win),
      cmocka_unit_test(names_are_safe_and_stay),
      cmocka_unit_test(each_fault_has_its_place),
      cmocka_unit_test(all_faults_of_rows_are_told),
      cmocka_unit_test(what_does_not_go_together_is_the_members_fault),
  };
  heat_launch(&argc, &argv);
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0 && mkdtemp(folder) == NULL) MPI_Abort(MPI_COMM_WORLD, 1);
  MPI_Bcast(folder, sizeof folder, MPI_CHAR, 0, MPI_COMM_WORLD);
  snprintf(deck_path, sizeof deck_path, "%s/deck.yaml", folder);
  snprintf(rows_path, sizeof rows_path, "%s/rows.csv", folder);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0) {
    unlink(deck_path);
    unlink(rows_path);
    rmdir(folder);
  }
  MPI_Finalize();
  return failed;
}
