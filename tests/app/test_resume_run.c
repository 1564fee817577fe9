/* From which checkpoint a run is resumed, and what it may change: named and damaged checkpoints, tables that cannot be
 * read, other physics. A serial process that runs the program. */
#include "runs.h"

static void resume_of_nothing_starts_anew(void **state) {
  (void)state;
  start_with(torus_deck);
  run_whole("");
  assert_code(0, heat2d(3, "run deck.yaml --resume"));
  assert_same_run("whole", "out");
}

static void resume_from_a_named_file_goes_on_from_there(void **state) {
  (void)state;
  start_with(torus_deck);
  run_whole("");
  assert_code(0, heat2d(2, "run deck.yaml"));
  shell("cp out/checkpoint-0000000020.h5 here.h5");
  assert_code(0, heat2d(3, "run deck.yaml --resume=here.h5"));
  assert_non_null(strstr(command.out, "from here.h5 at step 20"));
  assert_same_run("whole", "out");
  char *before = fingerprint("out");
  assert_code(74, heat2d(2, "run deck.yaml --resume=nowhere.h5"));
  assert_one_complaint("heat2d: ", "nowhere.h5");
  char *after = fingerprint("out");
  assert_string_equal(before, after);
  free(before);
  free(after);
}

static void a_named_file_that_is_refused_leaves_nothing_behind(void **state) {
  (void)state;
  static const struct {
    const char *options, *part;
    int code;
  } cases[] = {{"--resume=nowhere.h5", "nowhere.h5", 74},
               {"--resume=deck.yaml", "deck.yaml", 74},
               {"--resume=bad.h5", "bad.h5", 74},
               {"--resume=out", "'out' is a directory", 74},
               {"--resume=here.h5 --set domain.cells=[9,7]", "'here.h5' cannot be resumed with another grid", 65},
               {"--resume=here.h5 --set material.diffusivity=2", "material.diffusivity", 65},
               {"--resume=here.h5 --set time.end=-1", "time.end", 65},
               {"--resume=here.h5 --overwrite", "exclude each other", 64}};
  start_with(torus_deck);
  assert_code(0, heat2d(2, "run deck.yaml --set time.end=0.009765625"));
  shell("cp out/checkpoint-0000000010.h5 here.h5 && head -c 3000 here.h5 >bad.h5");
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    assert_code(cases[n].code,
                heat2d(n % 2 == 0 ? 0 : 3, "run deck.yaml --set output.directory=new/one %s", cases[n].options));
    assert_one_complaint("", cases[n].part);
    assert_false(exists("new"));
  }
  assert_code(0, heat2d(2, "run deck.yaml --set output.directory=new/one --resume=here.h5"));
}

/* The next run must not be resumed from later checkpoints of the abandoned run. */
static void after_a_named_file_and_a_kill_there_is_no_gap(void **state) {
  (void)state;
  start_with(torus_deck);
  run_whole("");
  assert_code(0, heat2d(2, "run deck.yaml --set checkpoint.keep=9"));
  inject("write:1:KILL:0", "out/checkpoint-0000000030");
  const int code = heat2d(2, "run deck.yaml --set checkpoint.keep=9 --resume=out/checkpoint-0000000020.h5");
  inject(NULL, NULL);
  assert_true(code != 0 && exists("struck.txt"));
  assert_int_equal(count_files("out", "checkpoint-", ".h5"), 2);
  assert_code(0, heat2d(3, "run deck.yaml --resume"));
  assert_non_null(strstr(command.out, "at step 20"));
  assert_same_run("whole", "out");
}

/* A table that cannot be read is neither removed nor ignored. */
static void a_directory_or_table_that_cannot_be_read_is_left_alone(void **state) {
  (void)state;
  static const char *const faults[][3] = {{"list:1:EIO:0", "out/", "--resume"},
                                          {"list:4:EIO:0", "out/", "--resume"},
                                          {"list:1:EIO:0", "out/", ""},
                                          {"read:2:EIO:0", "out/history.csv", "--resume"},
                                          {"read:2:EIO:0", "out/probes.csv", "--resume"}};
  start_with(torus_deck);
  assert_code(0, heat2d(2, "run deck.yaml --set time.end=0.009765625"));
  for (size_t n = 0; n < sizeof faults / sizeof *faults; n++) {
    shell("rm -rf before; cp -r out before");
    inject(faults[n][0], faults[n][1]);
    const int code = heat2d(2, "run deck.yaml %s", faults[n][2]);
    inject(NULL, NULL);
    assert_true(exists("struck.txt"));
    assert_code(74, code);
    shell("for f in history.csv probes.csv; do cmp before/$f out/$f || exit 1; done");
    assert_int_equal(count_files("out", "checkpoint-", ".h5"), count_files("before", "checkpoint-", ".h5"));
  }
}

static void the_rows_are_durable_before_their_checkpoint(void **state) {
  (void)state;
  static const char *const tables[] = {"out/history.csv", "out/probes.csv"};
  for (size_t n = 0; n < sizeof tables / sizeof *tables; n++) {
    start_with(torus_deck);
    inject("sync:1:EIO:0", tables[n]);
    const int code = heat2d(2, "run deck.yaml");
    inject(NULL, NULL);
    assert_true(exists("struck.txt"));
    assert_code(74, code);
    assert_one_complaint("heat2d: ", tables[n]);
    assert_int_equal(count_files("out", "checkpoint-", ""), 0);
  }
}

static void other_probes_leave_the_old_rows_where_they_can_be_found(void **state) {
  (void)state;
  start_with(torus_deck);
  assert_code(0, heat2d(2, "run deck.yaml --set time.end=0.009765625"));
  shell("cp out/probes.csv before.csv");
  assert_code(0, heat2d(2, "run deck.yaml --resume --set 'output.probes=[{name: other, at: [0.5, 0.5]}]'"));
  char path[LINE_MOST];
  assert_true(last_file(path, "out", "probes-", ".csv"));
  assert_true(same_bytes("before.csv", path));
  assert_non_null(strstr(command.out, path));
  assert_code(0, heat2d(2, "run deck.yaml --overwrite"));
  assert_int_equal(count_files("out", "probes-", ".csv"), 0);
}

static void other_physics_is_refused_by_name(void **state) {
  (void)state;
  static const char *const changes[][2] = {{"material.density=2.5", "material.density"},
                                           {"domain.cells=[29,24]", "domain.cells"},
                                           {"domain.origin=[0,0.2]", "domain.origin"},
                                           {"initial.temperature=300", "initial.temperature"},
                                           {"boundary.top.flux=1", "boundary.top.flux"},
                                           {"boundary.bottom={type: dirichlet, value: 3}", "boundary.bottom"},
                                           {"source=3", "source"},
                                           {"interface=arithmetic", "interface"},
                                           {"regions.0.radius=0.3", "regions.0.radius"},
                                           {"regions.0.contact={resistance: 0.1}", "regions.0.contact"},
                                           {"regions=[]", "regions"}};
  start_with(walls_deck);
  assert_code(0, heat2d(2, "run deck.yaml --set time.end=0.01"));
  char *before = fingerprint("out");
  for (size_t n = 0; n < sizeof changes / sizeof *changes; n++) {
    assert_code(65, heat2d(n == 0 ? 3 : 0, "run deck.yaml --resume --set '%s'", changes[n][0]));
    assert_one_complaint("deck.yaml", changes[n][1]);
  }
  char *after = fingerprint("out");
  assert_string_equal(before, after);
  free(before);
  free(after);
}

static void what_may_change_in_a_resume_may_change(void **state) {
  (void)state;
  start_with(walls_deck);
  assert_code(0, heat2d(2, "run deck.yaml --set time.end=0.01"));
  assert_code(0, heat2d(3, "run deck.yaml --resume --set time.step=0.0003 --set output.every.steps=5 "
                           "--set output.precision=float32 --set output.compression=4 --set checkpoint.keep=1 "
                           "--set output.images.width=32 --set title=other --set parallel.halo_depth=2 "
                           "--set regions.0.name=disc --set output.images.region_names=true"));
  status_step("out", "done");
  assert_int_equal(count_files("out", "checkpoint-", ".h5"), 1);
  assert_rows_in_order("out/history.csv");
  assert_rows_in_order("out/probes.csv");
  assert_series_of_snapshots("out");
  char *history = read_text("out/history.csv");
  history[strlen(history) - 1] = '\0';
  double time = 0;
  assert_int_equal(sscanf(strrchr(history, '\n'), "\n%*d,%lf", &time), 1);
  assert_true(time == 0.02);
  free(history);
}

static void damage(const char *path) {
  const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), data = H5Dopen(file, "temperature", H5P_DEFAULT);
  const haddr_t at = H5Dget_offset(data);
  H5Dclose(data);
  H5Fclose(file);
  assert_true(at != HADDR_UNDEF);
  flip_byte(path, (size_t)at + 11);
}

static void a_damaged_checkpoint_is_passed_over(void **state) {
  (void)state;
  start_with(torus_deck);
  run_whole("");
  assert_code(0, heat2d(2, "run deck.yaml --set time.end=0.029296875"));
  damage("out/checkpoint-0000000030.h5");
  shell("echo nonsense > out/checkpoint-0000000035.h5");
  assert_code(0, heat2d(3, "run deck.yaml --resume"));
  assert_non_null(strstr(command.out, "checkpoint-0000000035.h5"));
  assert_non_null(strstr(command.out, "passed over: 'out/checkpoint-0000000030.h5' is damaged"));
  assert_non_null(strstr(command.out, "from out/checkpoint-0000000020.h5 at step 20"));
  assert_same_run("whole", "out");
}

static void without_any_whole_checkpoint_nothing_is_touched(void **state) {
  (void)state;
  start_with(torus_deck);
  assert_code(0, heat2d(2, "run deck.yaml --set checkpoint.keep=2"));
  damage("out/checkpoint-0000000040.h5");
  shell("truncate -s -100 out/checkpoint-0000000030.h5");
  char *before = fingerprint("out");
  for (int ranks = 1; ranks <= 3; ranks += 2) {
    assert_code(74, heat2d(ranks, "run deck.yaml --resume"));
    assert_one_complaint("heat2d: ", "none of the 2 checkpoints");
  }
  char *after = fingerprint("out");
  assert_string_equal(before, after);
  free(before);
  free(after);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(resume_of_nothing_starts_anew),
      cmocka_unit_test(resume_from_a_named_file_goes_on_from_there),
      cmocka_unit_test(a_named_file_that_is_refused_leaves_nothing_behind),
      cmocka_unit_test(after_a_named_file_and_a_kill_there_is_no_gap),
      cmocka_unit_test(a_directory_or_table_that_cannot_be_read_is_left_alone),
      cmocka_unit_test(the_rows_are_durable_before_their_checkpoint),
      cmocka_unit_test(other_probes_leave_the_old_rows_where_they_can_be_found),
      cmocka_unit_test(other_physics_is_refused_by_name),
      cmocka_unit_test(what_may_change_in_a_resume_may_change),
      cmocka_unit_test(a_damaged_checkpoint_is_passed_over),
      cmocka_unit_test(without_any_whole_checkpoint_nothing_is_touched),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
