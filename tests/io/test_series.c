/* CSV tables: one header, no repeated and no missing row, whatever a killed run has left of the last line. One
 * process. */
#include "heat2d/io/series.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];
static const char header[] = "step,time,value";

static int enter(void **state) {
  (void)state;
  snprintf(path, sizeof path, "/tmp/heat2d-series-XXXXXX");
  const int file = mkstemp(path);
  return file >= 0 && close(file) == 0 ? 0 : -1;
}

static int leave(void **state) {
  (void)state;
  return unlink(path);
}

static void put(const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void assert_file(const char *at, const char *text) {
  char have[1024] = "";
  FILE *file = fopen(at, "r");
  assert_non_null(file);
  have[fread(have, 1, sizeof have - 1, file)] = '\0';
  fclose(file);
  assert_string_equal(have, text);
}

static void assert_holds(const char *text) {
  assert_file(path, text);
}

/* Open a table with the text `before`, keep rows up to that step, append the row "9,x", and compare the result. */
static void assert_becomes(const char *before, int64_t keep, const char *after) {
  heat_series series;
  put(before);
  assert_int_equal(heat_series_open(&series, path, header, keep).code, HEAT_OK);
  assert_int_equal(heat_series_row(&series, "%d,%s", 9, "x").code, HEAT_OK);
  assert_int_equal(heat_series_close(&series).code, HEAT_OK);
  assert_holds(after);
}

static void a_new_run_begins_with_the_header_alone(void **state) {
  (void)state;
  assert_becomes("step,time,value\n0,0,1\n", -1, "step,time,value\n9,x\n");
  assert_becomes("", -1, "step,time,value\n9,x\n");
  assert_becomes("", 5, "step,time,value\n9,x\n");
  unlink(path);
  heat_series series;
  assert_int_equal(heat_series_open(&series, path, header, 5).code, HEAT_OK);
  assert_int_equal(heat_series_close(&series).code, HEAT_OK);
  assert_holds("step,time,value\n");
}

static void rows_are_kept_up_to_the_step_and_no_further(void **state) {
  (void)state;
  static const char rows[] = "step,time,value\n0,0,1\n5,1,2\n8,2,3\n10,3,4\n";
  assert_becomes(rows, 8, "step,time,value\n0,0,1\n5,1,2\n8,2,3\n9,x\n");
  assert_becomes(rows, 7, "step,time,value\n0,0,1\n5,1,2\n9,x\n");
  assert_becomes(rows, 0, "step,time,value\n0,0,1\n9,x\n");
  assert_becomes(rows, 5000000000, "step,time,value\n0,0,1\n5,1,2\n8,2,3\n10,3,4\n9,x\n");
  assert_becomes("step,time,value\n5000000001,1,2\n", 5000000000, "step,time,value\n9,x\n");
}

static void a_line_that_was_cut_off_is_dropped(void **state) {
  (void)state;
  assert_becomes("step,time,value\n0,0,1\n5,1", 8, "step,time,value\n0,0,1\n9,x\n");
  assert_becomes("step,time,value\n0,0,1\n5,1,2", 8, "step,time,value\n0,0,1\n9,x\n");
  assert_becomes("step,ti", 8, "step,time,value\n9,x\n");
}

static void a_table_with_other_columns_is_set_aside(void **state) {
  (void)state;
  char aside[128];
  snprintf(aside, sizeof aside, "%s-0000000008.csv", path);
  assert_becomes("step,time,value,other\n0,0,1,2\n8,1,2,3\n9,2,3,4\n", 8, "step,time,value\n9,x\n");
  assert_file(aside, "step,time,value,other\n0,0,1,2\n8,1,2,3\n");
  /* A table without rows has nothing to lose, and is not kept under another name. */
  assert_becomes("step,time,other\n9,2,3\n", 8, "step,time,value\n9,x\n");
  assert_file(aside, "step,time,value,other\n0,0,1,2\n8,1,2,3\n");
  /* A third table, of a run that was resumed from an earlier step, does not replace the first. */
  char next[128];
  snprintf(next, sizeof next, "%s-0000000009.csv", path);
  assert_becomes("step,time,third\n7,2,3\n8,4,5\n", 8, "step,time,value\n9,x\n");
  assert_file(aside, "step,time,value,other\n0,0,1,2\n8,1,2,3\n");
  assert_file(next, "step,time,third\n7,2,3\n8,4,5\n");
  assert_int_equal(unlink(aside), 0);
  assert_int_equal(unlink(next), 0);
}

static void a_row_is_there_at_once(void **state) {
  (void)state;
  heat_series series;
  assert_int_equal(heat_series_open(&series, path, header, -1).code, HEAT_OK);
  assert_holds("step,time,value\n");
  assert_int_equal(heat_series_row(&series, "%d", 1).code, HEAT_OK);
  assert_holds("step,time,value\n1\n");
  assert_int_equal(heat_series_close(&series).code, HEAT_OK);
  assert_int_equal(heat_series_close(&series).code, HEAT_OK);
}

static void a_rank_without_the_file_does_nothing(void **state) {
  (void)state;
  heat_series series = {0};
  assert_int_equal(heat_series_row(&series, "%d", 1).code, HEAT_OK);
  assert_int_equal(heat_series_close(&series).code, HEAT_OK);
}

static void a_full_disk_is_told_with_the_name_of_the_file(void **state) {
  (void)state;
  heat_series series;
  heat_status status = heat_series_open(&series, "/dev/full", header, -1);
  assert_int_equal(status.code, HEAT_IO);
  assert_non_null(strstr(status.text, "/dev/full"));
  heat_series_close(&series);
  status = heat_series_open(&series, "/nowhere/table.csv", header, 3);
  assert_int_equal(status.code, HEAT_IO);
  assert_non_null(strstr(status.text, "/nowhere/table.csv"));
}

int main(void) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter, leave)
  const struct CMUnitTest tests[] = {LAW(a_new_run_begins_with_the_header_alone),
                                     LAW(rows_are_kept_up_to_the_step_and_no_further),
                                     LAW(a_line_that_was_cut_off_is_dropped),
                                     LAW(a_table_with_other_columns_is_set_aside),
                                     LAW(a_row_is_there_at_once),
                                     LAW(a_rank_without_the_file_does_nothing),
                                     LAW(a_full_disk_is_told_with_the_name_of_the_file)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
