/* The series for other programs: well-formed at any time during every write, each snapshot once and in order, and as
 * much work for the last snapshot as for the first. One process; pwrite is replaced by a function of this test. */
#define _GNU_SOURCE
#include "heat2d/io/xdmf.h"

#include "formats.h"
#include "thinned.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>

#include <cmocka.h>

static heat_problem problem = {.cells = {6, 4}, .origin = {10, -5}, .size = {6, 2}, .spacing = {1, 0.5}};

/* What is done with calls of pwrite. */
static struct {
  bool watched;   /* the file is checked before, in the middle of, and after each call */
  long fails_at;  /* this one and all later ones fail; 0: none does */
  int64_t count;  /* of calls */
  int64_t bytes;  /* that were written */
  int64_t listed; /* snapshots that must be in the file at least, and at most one more */
} watch;

static void assert_listed(int64_t least, int64_t most) {
  char *text = read_text("run.xdmf");
  if (!is_xml(text)) print_error("not well-formed:\n%s\n", text);
  assert_true(is_xml(text));
  const char *at = text, *ignored = strstr(text, "<?next");
  int64_t found = 0;
  while ((at = strstr(at, "<Time Value=\"")) != NULL && (ignored == NULL || at < ignored)) {
    at += strlen("<Time Value=\"");
    assert_true(strtod(at, NULL) == (double)found / 4);
    found++;
  }
  assert_in_range(found, least, most);
  free(text);
}

/* Call pwrite of the library, in two parts if the bytes are not on one page, because a kill may come between these. */
ssize_t pwrite(int file, const void *data, size_t count, off_t at) {
  enum { PAGE = 4096 };
  const char *bytes = data;
  watch.count++;
  if (watch.fails_at > 0 && watch.count >= watch.fails_at) {
    errno = ENOSPC;
    return -1;
  }
  if (watch.watched) assert_listed(watch.listed, watch.listed + 1);
  const bool whole = at / PAGE == (at + (off_t)count - 1) / PAGE && count < 64;
  const size_t half = whole ? count : count / 2;
  ssize_t done = syscall(SYS_pwrite64, file, bytes, half, at);
  if (watch.watched) assert_listed(watch.listed, watch.listed + 1);
  if (done == (ssize_t)half && half < count)
    done += syscall(SYS_pwrite64, file, bytes + half, count - half, at + (off_t)half);
  if (watch.watched) assert_listed(watch.listed, watch.listed + 1);
  watch.bytes += done;
  return done;
}

static heat_xdmf opened(void) {
  watch.watched = false;
  watch.fails_at = watch.count = watch.bytes = 0;
  heat_xdmf xdmf = {.problem = &problem, .directory = ".", .title = "\"a\" <b> & c"};
  assert_int_equal(heat_xdmf_open(&xdmf, NULL, 0).code, HEAT_OK);
  return xdmf;
}

static heat_status add(heat_xdmf *xdmf, int64_t n) {
  return heat_xdmf_add(xdmf, (heat_xdmf_entry){.step = 10 * n, .time = (double)n / 4, .single = n % 2 == 1});
}

static void the_file_is_well_formed_in_the_middle_of_every_write(void **state) {
  (void)state;
  enum { SNAPSHOTS = 60 }; /* some pages */
  heat_xdmf xdmf = opened();
  assert_int_equal(add(&xdmf, 0).code, HEAT_OK);
  watch.watched = true;
  for (int64_t n = 1; n < fewer(SNAPSHOTS, 3); n++) {
    watch.listed = n;
    assert_int_equal(add(&xdmf, n).code, HEAT_OK);
    assert_listed(n + 1, n + 1);
  }
  watch.watched = false;
  assert_true(watch.count >= 6 * (fewer(SNAPSHOTS, 3) - 1));
  heat_xdmf_close(&xdmf);
}

static void any_title_leaves_it_well_formed(void **state) {
  (void)state;
  heat_xdmf xdmf = {.problem = &problem, .directory = ".", .title = "\xef\xbf\xbe<\x1b[1m\xef\xbf\xbf\xef\xbf\xbd"};
  assert_int_equal(heat_xdmf_open(&xdmf, NULL, 0).code, HEAT_OK);
  assert_int_equal(add(&xdmf, 0).code, HEAT_OK);
  assert_listed(1, 1);
  size_t length;
  char *text = read_bytes("run.xdmf", &length);
  assert_non_null(text);
  assert_non_null(strstr(text, "\" &lt; [1m \xef\xbf\xbd\""));
  free(text);
  heat_xdmf_close(&xdmf);
}

static void a_full_disk_leaves_the_snapshots_before(void **state) {
  (void)state;
  for (long call = 1; call <= 6; call++) {
    heat_xdmf xdmf = opened();
    for (int64_t n = 0; n < 7; n++) assert_int_equal(add(&xdmf, n).code, HEAT_OK);
    watch.count = 0;
    watch.fails_at = call;
    const heat_status status = add(&xdmf, 7);
    assert_int_equal(status.code, HEAT_IO);
    assert_non_null(strstr(status.text, "run.xdmf"));
    assert_non_null(strstr(status.text, "No space left"));
    assert_listed(7, 8);
    watch.fails_at = 0;
    assert_int_equal(add(&xdmf, 8).code, HEAT_OK);
    assert_listed(9, 9);
    heat_xdmf_close(&xdmf);
  }
}

static void ten_thousand_snapshots_cost_ten_thousand_times_one(void **state) {
  (void)state;
  enum { MOST_BYTES = 4096 };
  const int64_t snapshots = fewer(10000, 10);
  const double most_seconds = 20;
  const clock_t start = clock();
  heat_xdmf xdmf = opened();
  for (int64_t n = 0; n < snapshots; n++) assert_int_equal(add(&xdmf, n).code, HEAT_OK);
  assert_true((double)(clock() - start) / CLOCKS_PER_SEC < most_seconds);
  assert_in_range(watch.bytes, 500 * snapshots, MOST_BYTES * snapshots);
  assert_listed(snapshots, snapshots);
  heat_xdmf_close(&xdmf);
}

static void what_a_resume_keeps_is_taken_up_and_appended_to(void **state) {
  (void)state;
  heat_xdmf xdmf = opened();
  for (int64_t n = 0; n < 9; n++) assert_int_equal(add(&xdmf, n).code, HEAT_OK);
  heat_xdmf_close(&xdmf);
  heat_xdmf_entry kept[5];
  for (int n = 0; n < 5; n++) kept[n] = (heat_xdmf_entry){.step = 10 * n, .time = n / 4.0};
  heat_xdmf again = {.problem = &problem, .directory = ".", .title = ""};
  assert_int_equal(heat_xdmf_open(&again, kept, 5).code, HEAT_OK);
  assert_listed(5, 5);
  assert_int_equal(add(&again, 5).code, HEAT_OK);
  assert_int_equal(add(&again, 5).code, HEAT_OK); /* the same step once more */
  assert_listed(6, 6);
  heat_xdmf_close(&again);
  assert_int_equal(heat_xdmf_open(&again, NULL, 0).code, HEAT_OK);
  assert_int_not_equal(access("run.xdmf", F_OK), 0);
  heat_xdmf_close(&again);
}

static void a_file_that_others_changed_is_written_anew(void **state) {
  (void)state;
  static const char *const changes[] = {"rm run.xdmf", "echo more >>run.xdmf", ": >run.xdmf", "echo mine >run.xdmf",
                                        "mv run.xdmf elsewhere && ln -s elsewhere run.xdmf"};
  enum { OURS = 3 }; /* number of our snapshots; a file of another run is not changed */
  for (size_t c = 0; c < sizeof changes / sizeof *changes; c++) {
    heat_xdmf xdmf = opened();
    for (int64_t n = 0; n < 4; n++) assert_int_equal(add(&xdmf, n).code, HEAT_OK);
    shell("%s", changes[c]);
    assert_int_equal(add(&xdmf, 4).code, c < OURS ? HEAT_OK : HEAT_IO);
    if (c < OURS) assert_listed(5, 5);
    heat_xdmf_close(&xdmf);
    if (c >= OURS) shell("rm run.xdmf");
  }
}

/* Every corner of every cell, as both forms of the mesh have them. */
static void the_mesh_is_that_of_the_domain(void **state) {
  (void)state;
  size_t bytes = 0;
  heat_xdmf xdmf = opened();
  assert_int_equal(add(&xdmf, 0).code, HEAT_OK);
  char *text = read_text("run.xdmf");
  assert_non_null(strstr(text, "TopologyType=\"2DSMesh\" Dimensions=\"5 7\""));
  assert_non_null(strstr(text, "Version=\"3.0\""));
  free(text);
  hid_t file = H5Fopen("grid.hdf5", H5F_ACC_RDONLY, H5P_DEFAULT);
  double *points = h5_dataset(file, "points", &bytes);
  assert_int_equal(bytes, 5 * 7 * 2 * sizeof *points);
  for (int j = 0; j < 5; j++)
    for (int i = 0; i < 7; i++)
      assert_true(points[2 * (7 * j + i)] == 10 + i && points[2 * (7 * j + i) + 1] == -5 + 0.5 * j);
  free(points);
  H5Fclose(file);
  heat_xdmf_close(&xdmf);
  xdmf.most_points = 34;
  assert_int_equal(heat_xdmf_open(&xdmf, NULL, 0).code, HEAT_OK);
  assert_int_equal(add(&xdmf, 0).code, HEAT_OK);
  text = read_text("run.xdmf");
  assert_non_null(strstr(text, "TopologyType=\"2DRectMesh\" Dimensions=\"5 7\""));
  free(text);
  file = H5Fopen("grid.hdf5", H5F_ACC_RDONLY, H5P_DEFAULT);
  double *x = h5_dataset(file, "x_edges", &bytes), *y = h5_dataset(file, "y_edges", &bytes);
  assert_int_equal(bytes, 5 * sizeof *y);
  for (int n = 0; n < 7; n++) assert_true(x[n] == 10 + n);
  for (int n = 0; n < 5; n++) assert_true(y[n] == -5 + 0.5 * n);
  free(x);
  free(y);
  H5Fclose(file);
  heat_xdmf_close(&xdmf);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_file_is_well_formed_in_the_middle_of_every_write),
      cmocka_unit_test(any_title_leaves_it_well_formed),
      cmocka_unit_test(a_full_disk_leaves_the_snapshots_before),
      cmocka_unit_test(ten_thousand_snapshots_cost_ten_thousand_times_one),
      cmocka_unit_test(what_a_resume_keeps_is_taken_up_and_appended_to),
      cmocka_unit_test(a_file_that_others_changed_is_written_anew),
      cmocka_unit_test(the_mesh_is_that_of_the_domain),
  };
  begin_commands();
  H5Eset_auto(H5E_DEFAULT, NULL, NULL);
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
