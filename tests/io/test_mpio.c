/* MPI-IO by all ranks: rows of any split come where they belong, however few bytes a call moves, with ranks that have
 * none; no component that is known for wrong data is taken unless it is named. */
#include "heat2d/io/mpio.h"

#include "harness.h"

#include "scene.h"

enum { WIDTH = 7, ROWS = 23, MOST = 1 << 20 };

static double number(int64_t row, int64_t column) {
  return 1.0 / 3.0 + (double)(row * WIDTH + column);
}

/* Rows distributed so that rank 0 has none and the last rank most. */
static heat_mpio_rows deal(int rank, int size) {
  const int64_t total = (int64_t)size * (size - 1) / 2, before = (int64_t)rank * (rank - 1) / 2;
  const int64_t first = size == 1 ? 0 : ROWS * before / total, end = size == 1 ? ROWS : ROWS * (before + rank) / total;
  return (heat_mpio_rows){.dimensions = 2,
                          .first = first,
                          .count = end - first,
                          .width = WIDTH,
                          .most = ROWS,
                          .unit = 1,
                          .bytes = sizeof(double),
                          .type = H5T_NATIVE_DOUBLE};
}

static hid_t create(hid_t *dataset) {
  const hsize_t shape[] = {ROWS, WIDTH};
  const hid_t list = H5Pcreate(H5P_FILE_ACCESS), space = H5Screate_simple(2, shape, NULL);
  heat_mpio_access(list, MPI_COMM_WORLD, MPI_INFO_NULL);
  const hid_t file = H5Fcreate("rows.h5", H5F_ACC_TRUNC, H5P_DEFAULT, list);
  *dataset = H5Dcreate(file, "rows", H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Sclose(space);
  H5Pclose(list);
  return file;
}

static void rows_come_where_they_belong_in_pieces_of_any_size(void **state) {
  (void)state;
  static const int64_t sizes[] = {0, 1, 3 * sizeof(double), WIDTH * sizeof(double), 5 * WIDTH * sizeof(double) + 1};
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const heat_mpio_rows own = deal(rank, size), other = deal(size - 1 - rank, size);
  for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
    double values[ROWS * WIDTH], back[ROWS * WIDTH] = {0};
    hid_t dataset;
    const hid_t file = create(&dataset);
    assert_true(everywhere(file >= 0 && dataset >= 0));
    for (int64_t i = 0; i < own.count * WIDTH; i++) values[i] = number(own.first + i / WIDTH, i % WIDTH);
    heat_mpio_set_most(sizes[n]);
    assert_true(everywhere(heat_mpio_write(dataset, &own, own.count > 0 ? values : NULL).code == HEAT_OK));
    assert_true(everywhere(heat_mpio_read(dataset, &other, other.count > 0 ? back : NULL).code == HEAT_OK));
    heat_mpio_set_most(0);
    bool right = true;
    for (int64_t i = 0; i < other.count * WIDTH; i++)
      right = right && back[i] == number(other.first + i / WIDTH, i % WIDTH);
    H5Dclose(dataset);
    H5Fclose(file);
    /* And as everybody else reads them. */
    const hid_t again = H5Fopen("rows.h5", H5F_ACC_RDONLY, H5P_DEFAULT), whole = H5Dopen(again, "rows", H5P_DEFAULT);
    right = right && H5Dread(whole, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, back) >= 0;
    for (int64_t i = 0; i < ROWS * WIDTH; i++) right = right && back[i] == number(i / WIDTH, i % WIDTH);
    H5Dclose(whole);
    H5Fclose(again);
    assert_true(everywhere(right));
  }
}

/* However much a rank has, no call moves more than an int can count, and all of it is moved. */
static void large_counts_are_cut(void **state) {
  (void)state;
  static const int64_t widths[] = {1, 7, 100000, INT64_C(1) << 28, (INT64_C(1) << 33) + 1};
  for (size_t n = 0; n < sizeof widths / sizeof *widths; n++)
    for (int64_t unit = 1; unit <= 256; unit += 255) {
      const heat_mpio_rows rows = {.dimensions = 2,
                                   .count = INT64_C(1) << 40,
                                   .width = widths[n],
                                   .most = INT64_C(1) << 40,
                                   .unit = unit,
                                   .bytes = sizeof(double)};
      const heat_mpio_piece piece = heat_mpio_cut(&rows);
      assert_true(piece.rows >= 1 && piece.rows % unit == 0);
      assert_true(piece.columns >= 1 && piece.columns <= widths[n]);
      assert_true(piece.columns == widths[n] || piece.columns % unit == 0);
      assert_true(piece.rows * piece.columns <= INT32_MAX / (int64_t)sizeof(double));
    }
}

/* Rows that are counted beyond 2^31, at bytes beyond that, in a file that is nearly all holes. */
static void far_places_are_reached(void **state) {
  (void)state;
  const hsize_t shape[] = {((hsize_t)1 << 31) + 64, 2};
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const hid_t list = H5Pcreate(H5P_FILE_ACCESS), space = H5Screate_simple(2, shape, NULL);
  const hid_t how = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_fill_time(how, H5D_FILL_TIME_NEVER);
  heat_mpio_access(list, MPI_COMM_WORLD, MPI_INFO_NULL);
  const hid_t file = H5Fcreate("far.h5", H5F_ACC_TRUNC, H5P_DEFAULT, list);
  const hid_t dataset = H5Dcreate(file, "rows", H5T_IEEE_F64LE, space, H5P_DEFAULT, how, H5P_DEFAULT);
  heat_mpio_rows own = deal(0, 1);
  own.first = (int64_t)shape[0] - 64 + rank;
  own.width = 2;
  own.count = own.most = 1;
  double values[2] = {number(own.first, 0), number(own.first, 1)}, back[2] = {0};
  assert_true(everywhere(heat_mpio_write(dataset, &own, values).code == HEAT_OK));
  assert_true(everywhere(heat_mpio_read(dataset, &own, back).code == HEAT_OK));
  assert_true(everywhere(memcmp(values, back, sizeof back) == 0));
  H5Dclose(dataset);
  H5Pclose(how);
  H5Sclose(space);
  H5Pclose(list);
  H5Fclose(file);
}

/* What is known of a file that was opened, once. */
static void hints_in_force_are_noted(void **state) {
  (void)state;
  heat_mpio_record record = {.noted = false};
  char text[128];
  hid_t dataset;
  const hid_t file = create(&dataset);
  heat_mpio_note(&record, file);
  assert_true(record.noted);
  heat_mpio_writers(&(heat_h5_way){.hints = MPI_INFO_NULL, .record = &record}, text, sizeof text);
#if defined(OPEN_MPI)
  assert_true(strstr(text, "fcoll ") != NULL || strstr(record.hints, "romio_") != NULL);
#elif defined(MPICH_VERSION)
  assert_non_null(strstr(record.hints, "cb_nodes="));
#endif
  record.hints[0] = '\0';
  heat_mpio_note(&record, file);
  assert_string_equal(record.hints, "");
  heat_mpio_note(NULL, file);
  H5Dclose(dataset);
  H5Fclose(file);
}

static void a_transfer_that_fails_is_told(void **state) {
  (void)state;
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  double values[WIDTH] = {0};
  hid_t dataset;
  const hid_t file = create(&dataset);
  heat_mpio_rows beyond = deal(0, 1);
  beyond.first = ROWS;
  beyond.count = beyond.most = 1;
  const heat_status status = heat_mpio_write(dataset, &beyond, values);
  assert_int_equal(status.code, HEAT_IO);
  assert_string_equal(status.text, "the file system gives no reason");
  H5Dclose(dataset);
  H5Fclose(file);
}

#if defined(OPEN_MPI)
static int priority(const char *component) {
  char wanted[64];
  snprintf(wanted, sizeof wanted, "fcoll_%s_priority", component);
  int provided, count = 0, found = -1;
  assert_int_equal(MPI_T_init_thread(MPI_THREAD_SINGLE, &provided), MPI_SUCCESS);
  MPI_T_cvar_get_num(&count);
  for (int n = 0; n < count && found < 0; n++) {
    char name[256];
    int length = sizeof name, verbosity, binding, scope, values;
    MPI_Datatype type;
    MPI_T_enum words;
    MPI_T_cvar_handle handle;
    if (MPI_T_cvar_get_info(n, name, &length, &verbosity, &type, &words, NULL, NULL, &binding, &scope) != MPI_SUCCESS ||
        strcmp(name, wanted) != 0)
      continue;
    assert_int_equal(MPI_T_cvar_handle_alloc(n, NULL, &handle, &values), MPI_SUCCESS);
    MPI_T_cvar_read(handle, &found);
    MPI_T_cvar_handle_free(&handle);
  }
  MPI_T_finalize();
  return found;
}
#endif

static void vulcan_is_taken_only_where_it_is_named(void **state) {
  (void)state;
  char text[512];
  heat_mpio_describe(MPI_INFO_NULL, text, sizeof text);
  assert_true(strlen(text) > 0);
#if defined(OPEN_MPI)
  const char *named = getenv("OMPI_MCA_fcoll");
  char expected[64];
  snprintf(expected, sizeof expected, "fcoll %s", named != NULL ? named : "individual preferred");
  assert_non_null(strstr(text, expected));
  assert_int_equal(priority("individual"), 100);
  if (named == NULL) assert_true(priority("vulcan") < 100);
#endif
}

/* The hint has to come before the first file, so that this is the first test. */
static void few_ranks_write_where_the_hint_says_so(void **state) {
  (void)state;
#if defined(OPEN_MPI)
  MPI_Info hints;
  char text[512];
  MPI_Info_create(&hints);
  MPI_Info_set(hints, "collective_buffering", "true");
  const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
  heat_mpio_access(list, MPI_COMM_WORLD, hints);
  const hid_t file = H5Fcreate("few.h5", H5F_ACC_TRUNC, H5P_DEFAULT, list);
  assert_true(everywhere(file >= 0));
  H5Fclose(file);
  H5Pclose(list);
  assert_int_equal(priority("dynamic_gen2"), 200);
  heat_mpio_describe(hints, text, sizeof text);
  if (getenv("OMPI_MCA_fcoll") == NULL) assert_non_null(strstr(text, "fcoll dynamic_gen2 preferred"));
  MPI_Info_free(&hints);
#endif
}

static void sieving_is_left_out_unless_it_is_asked_for(void **state) {
  (void)state;
  static const char *const decks[] = {
      "domain: {size: [1, 1], cells: [8, 8]}\nmaterial: {diffusivity: 1}\ntime: {end: 1}\n"
      "initial: {temperature: 0}\n",
      "domain: {size: [1, 1], cells: [8, 8]}\nmaterial: {diffusivity: 1}\ntime: {end: 1}\n"
      "initial: {temperature: 0}\noutput: {hints: {romio_ds_write: automatic}}\n"};
  for (int n = 0; n < 2; n++) {
    heat_config *config;
    char value[MPI_MAX_INFO_VAL + 1] = "";
    int given = 0;
    assert_int_equal(heat_config_parse(&config, "deck", decks[n], strlen(decks[n]), NULL, 0).code, HEAT_OK);
    MPI_Info hints = heat_mpio_hints(config);
    MPI_Info_get(hints, "romio_ds_write", MPI_MAX_INFO_VAL, value, &given);
    assert_string_equal(value, n == 0 ? "disable" : "automatic");
    MPI_Info_get(hints, "romio_ds_read", MPI_MAX_INFO_VAL, value, &given);
    assert_string_equal(value, "disable");
    MPI_Info_free(&hints);
    heat_config_destroy(config);
  }
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter_place, leave_place)
  const struct CMUnitTest tests[] = {LAW(few_ranks_write_where_the_hint_says_so),
                                     LAW(rows_come_where_they_belong_in_pieces_of_any_size),
                                     LAW(large_counts_are_cut),
                                     LAW(sieving_is_left_out_unless_it_is_asked_for),
                                     LAW(far_places_are_reached),
                                     LAW(hints_in_force_are_noted),
                                     LAW(a_transfer_that_fails_is_told),
                                     LAW(vulcan_is_taken_only_where_it_is_named)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
