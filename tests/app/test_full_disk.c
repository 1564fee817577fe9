/* Disks that fill up: the last state is kept, and a resumed run writes what was due. */
#include "endless.h"

/* A disk that is really full: a small tmpfs. If mounting is not allowed the test fails. */
static void a_full_disk_keeps_the_last_checkpoint(void **state) {
  (void)state;
  start_anew();
  shell("mkdir -p small && { mountpoint -q small || mount -t tmpfs -o size=600k tmpfs small; }");
  assert_code(0, heat2d(0, "run deck.yaml --set output.directory=small/out --set 'domain.cells=[128,128]' "
                           "--set time.end=1e-4"));
  shell("rm small/out/snapshot-*");
  /* Room for no second file of 128 KiB. */
  shell("dd if=/dev/zero of=small/filler bs=1024 count=350 2>/dev/null || true");
  assert_code(74, heat2d(3, "run deck.yaml --set output.directory=small/out --set 'domain.cells=[128,128]' "
                            "--set time.end=2e-4 --resume"));
  char line[LINE_MOST];
  own_complaints(line);
  assert_int_equal(count_files("small/out", "checkpoint-", ".h5"), 1);
  assert_int_equal(count_files("small/out", "", ".partial"), 0);
  assert_code(0, heat2d(0, "info small/out/checkpoint-0000000010.h5"));
  shell("rm small/filler");
  assert_code(0, heat2d(2, "run deck.yaml --set output.directory=small/out --set 'domain.cells=[128,128]' "
                           "--set time.end=2e-4 --resume"));
  shell("umount small");
}

static const char filling_deck[] =
    "domain: {size: [1, 1], cells: [128, 128]}\nmaterial: {diffusivity: 1}\n"
    "initial: {temperature: 'x > 0.5 ? 1 : 0'}\nboundary: {left: {type: dirichlet, value: 2}}\n"
    "time: {end: 2e-3, step: 1e-5}\n"
    "output: {directory: small/out, every: {steps: 10}, images: {every: {steps: 10}, width: 64},\n"
    "  probes: [{name: a, at: [0.3, 0.3]}]}\ncheckpoint: {every: {steps: 1000000, minutes: 0}, keep: 2}\n";

/* The same files with the same contents as those of a run that had room: `undisturbed`. */
static void assert_undisturbed(const char *directory) {
  shell("for f in history.csv probes.csv run.xdmf; do cmp %s/$f undisturbed/$f || exit 1; done", directory);
  shell("cd undisturbed && for f in frame-*.png; do cmp $f ../%s/$f || exit 1; done", directory);
  shell("cd undisturbed && for f in snapshot-*.h5; do '%s' compare $f ../%s/$f >../said || exit 1; done",
        getenv("HEAT2D_PROGRAM"), directory);
  assert_int_equal(count_files(directory, "snapshot-", ".h5"), count_files("undisturbed", "snapshot-", ".h5"));
  assert_int_equal(count_files(directory, "", ".partial"), 0);
}

/* The run ends before the snapshot that would leave no room for a checkpoint, and writes the checkpoint. The resumed
 * run first writes the snapshot when there is room again. */
static void a_disk_that_fills_up_ends_the_run_with_a_checkpoint(void **state) {
  (void)state;
  write_text("deck.yaml", filling_deck);
  assert_code(0, heat2d(1, "run deck.yaml --set output.directory=undisturbed"));
  static const char *const options[] = {"", "--set output.precision=float32 --set output.compression=1",
                                        "--set checkpoint.every.steps=30"};
  for (int n = 0; n < 3; n++) {
    shell("mkdir -p small && mount -t tmpfs -o size=1500k tmpfs small");
    assert_code(74,
                heat2d(1 + n, "run deck.yaml %s%s", options[n], n == 1 ? " --set output.images.every.steps=1" : ""));
    assert_non_null(strstr(command.out, "warning     about"));
    assert_one_complaint("heat2d: ", "a checkpoint was written at step ");
    const long long step = atoll(strstr(command.err, "at step ") + strlen("at step "));
    assert_true(step > 0 && step <= 200);
    char *text = read_text("small/out/status.json");
    assert_non_null(strstr(text, "\"failed\""));
    assert_non_null(strstr(text, "\"code\": 74"));
    free(text);
    shell("mount -o remount,size=20m small");
    assert_code(0, heat2d(3 - n, "run deck.yaml --resume %s", n == 1 ? "" : options[n]));
    assert_non_null(strstr(command.out, "resumed     from small/out/checkpoint-"));
    if (n != 1) assert_undisturbed("small/out");
    shell("umount small");
  }
  shell("rm -r undisturbed");
}

/* Whichever file cannot be written, the state of that step is kept, and no row or file is lost or repeated. */
static void what_cannot_be_written_does_not_cost_the_state(void **state) {
  (void)state;
  static const char *const faults[][2] = {{"write:3+:ENOSPC:0", "small/out/history.csv"},
                                          {"write:3+:EDQUOT:0", "small/out/probes.csv"},
                                          {"open:1+:EACCES:1", "small/out/snapshot-0000000040"},
                                          {"write:9:ENOSPC:0", "small/out/run.xdmf"},
                                          {"write:1:ENOSPC:1", "small/out/frame-0000000030"}};
  write_text("deck.yaml", filling_deck);
  assert_code(0, heat2d(1, "run deck.yaml --set output.directory=undisturbed"));
  for (size_t n = 0; n < sizeof faults / sizeof *faults; n++) {
    shell("rm -rf small && mkdir small");
    inject(faults[n][0], faults[n][1]);
    const int code = heat2d(2, "run deck.yaml");
    inject(NULL, NULL);
    if (code != 74) print_error("%s of %s\n", faults[n][0], faults[n][1]);
    assert_code(74, code);
    assert_non_null(strstr(command.err, "a checkpoint was written at step "));
    assert_int_equal(count_files("small/out", "checkpoint-", ".h5"), 1);
    assert_code(0, heat2d(n % 2 == 0 ? 1 : 3, "run deck.yaml --resume"));
    assert_undisturbed("small/out");
  }
  shell("rm -r undisturbed small");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_full_disk_keeps_the_last_checkpoint),
      cmocka_unit_test(a_disk_that_fills_up_ends_the_run_with_a_checkpoint),
      cmocka_unit_test(what_cannot_be_written_does_not_cost_the_state),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
