/* Whole sweeps: every member has the bits of a run of its deck alone, whatever the groups of ranks; the failure of one
 * does not affect the others; completed members are not run again; all stop together and can be resumed. */
#include "endless.h"
#include "runs.h"

#include <math.h>

static const char sweep_deck[] = "domain: {size: [1, 1], cells: [11, 7]}\n"
                                 "material: {diffusivity: '1 + 0.5*x'}\n"
                                 "initial: {temperature: '300 + sin(3*x) + cos(2*y)'}\n"
                                 "boundary: {left: {type: dirichlet, value: 300}}\n"
                                 "time: {end: 0.0390625, step: 0.0009765625}\n"
                                 "output: {directory: all, every: {steps: 20}, probes: [{name: a, at: [0, 0.99]}]}\n"
                                 "checkpoint: {every: {steps: 10, minutes: 0}, keep: 3}\n"
                                 "sweep:\n"
                                 "  boundary.left.value: [300, '310 + y']\n"
                                 "  material.diffusivity: {from: 0.5, to: 1.5, count: 3}\n";
enum { MEMBERS = 6 };

static void begin_with(const char *more) {
  char deck[LINE_MOST];
  snprintf(deck, sizeof deck, "%s%s", sweep_deck, more);
  shell("rm -rf all alone");
  write_text("deck.yaml", deck);
}

/* The names of all members, as --list has them. */
static int list_members(char names[][128], int most) {
  assert_code(0, heat2d(0, "sweep deck.yaml --list"));
  int count = 0;
  char *rest = NULL;
  for (char *line = strtok_r(command.out, "\n", &rest); line != NULL && count < most;
       line = strtok_r(NULL, "\n", &rest))
    assert_int_equal(sscanf(line, "%*d\tall/%127s", names[count++]), 1);
  return count;
}

static void assert_bits_of_its_deck_alone(const char *name) {
  char member[160];
  snprintf(member, sizeof member, "all/%.127s", name);
  shell("rm -rf alone; cp all/%s/deck.yaml alone.yaml", name);
  assert_code(0, heat2d(0, "run alone.yaml --set output.directory=alone"));
  assert_same_run(member, "alone");
}

/* Return the field of a column in the row of a member. */
static void field_of(const char *name, const char *column, char *value, size_t size) {
  char *text = read_text("all/sweep.csv"), start[160];
  snprintf(start, sizeof start, "\n%s,", name);
  const char *head = text, *row = strstr(text, start);
  assert_non_null(row);
  for (row++; strncmp(head, column, strlen(column)) != 0 || head[strlen(column)] != ','; head++) {
    assert_true(*head != '\n');
    if (*head == ',') row += strcspn(row, ",") + 1;
  }
  snprintf(value, size, "%.*s", (int)strcspn(row, ",\n"), row);
  free(text);
}

static void assert_field(const char *name, const char *column, const char *expected) {
  char value[LINE_MOST];
  field_of(name, column, value, sizeof value);
  assert_string_equal(value, expected);
}

static void members_have_the_bits_of_their_decks_alone(void **state) {
  (void)state;
  static const struct { int ranks, groups; } ways[] = {{4, 3}, {6, 2}};
  char names[MEMBERS][128];
  for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
    begin_with("");
    assert_int_equal(list_members(names, MEMBERS), MEMBERS);
    assert_code(0, heat2d(ways[w].ranks, "sweep deck.yaml --groups %d", ways[w].groups));
    assert_int_equal(occurrences(command.out, ": done at step 40, t = 0.0390625 s"), MEMBERS);
    assert_bits_of_its_deck_alone(names[w]);
    assert_bits_of_its_deck_alone(names[5 - w]);
  }
  /* The last row of history.csv. */
  char mean[64], *history = read_text("all/value-300_diffusivity-0.5/history.csv");
  assert_field("value-300_diffusivity-0.5", "state", "done");
  assert_field("value-300_diffusivity-0.5", "step", "40");
  assert_field("value-300_diffusivity-0.5", "time", "0.0390625");
  assert_field("value-300_diffusivity-0.5", "material.diffusivity", "0.5");
  field_of("value-300_diffusivity-0.5", "mean", mean, sizeof mean);
  const char *last = strstr(history, "\n40,");
  assert_non_null(last);
  for (int column = 0; column < 5; column++) last = strchr(last, ',') + 1;
  assert_true(strncmp(last, mean, strlen(mean)) == 0 && last[strlen(mean)] == ',');
  free(history);
}

static void what_is_done_is_not_done_again(void **state) {
  (void)state;
  char names[MEMBERS][128];
  begin_with("");
  list_members(names, MEMBERS);
  assert_code(0, heat2d(2, "sweep deck.yaml --index 2"));
  assert_field(names[1], "state", "done");
  assert_field(names[0], "state", "waiting");
  assert_bits_of_its_deck_alone(names[1]);
  assert_code(64, heat2d(2, "sweep deck.yaml"));
  assert_one_complaint("heat2d: 'all/", "already holds a run");
  char member[160];
  snprintf(member, sizeof member, "all/%.127s", names[1]);
  char *before = fingerprint(member);
  assert_code(0, heat2d(0, "sweep deck.yaml --resume --index 2"));
  assert_code(0, heat2d(2, "sweep deck.yaml --resume"));
  assert_non_null(strstr(command.out, "6 members, 1 done"));
  assert_int_equal(occurrences(command.out, ": done at step 40"), MEMBERS - 1);
  char *after = fingerprint(member);
  assert_string_equal(before, after);
  free(before);
  free(after);
  /* With a later end, or more values, only the new members are run. */
  assert_code(0, heat2d(2, "sweep deck.yaml --resume --set 'sweep.material.diffusivity=[0.5, 1.25]'"));
  assert_int_equal(occurrences(command.out, ": done at step 40"), 2);
  assert_code(0, heat2d(1, "sweep deck.yaml --resume --set time.end=0.05 --set boundary.left.value=300"));
  assert_non_null(strstr(command.out, "3 members, 0 done"));
  assert_code(0, heat2d(2, "sweep deck.yaml --overwrite"));
  assert_int_equal(occurrences(command.out, ": done at step 40"), MEMBERS);
}

static void a_failure_is_one_members_own(void **state) {
  (void)state;
  begin_with("  time.step: [0.0009765625, 0.1]\n");
  assert_code(65, heat2d(4, "sweep deck.yaml --groups 2 --set material.diffusivity=1"));
  assert_one_complaint("deck.yaml: 2 of 4 members failed, the first value-300_step-0.1: deck.yaml:11:29: time.step: ",
                       "0.1 s is unstable");
  assert_field("value-300_step-0.1", "state", "failed");
  assert_field("value-300_step-0.1", "code", "65");
  assert_field("value-300_step-0.0009765625", "state", "done");
  assert_int_equal(status_step("all/value-300_step-0.1", "failed"), 0);
  char *log = read_text("all/value-300_step-0.1/run.log");
  assert_non_null(strstr(log, "\nheat2d: deck.yaml:11:29: time.step: 0.1 s is unstable"));
  free(log);
  /* A member that failed is tried again, and succeeds with another deck. */
  assert_code(65, heat2d(0, "sweep deck.yaml --resume --set material.diffusivity=1"));
  assert_non_null(strstr(command.out, "4 members, 2 done"));
  assert_code(
      0, heat2d(2, "sweep deck.yaml --resume --set material.diffusivity=1 --set 'sweep.time.step=[0.0009765625]'"));
}

/* Sweeps without an end, stopped by a file or a signal: all members in progress can be resumed. */
static void all_stop_and_go_on_together(void **state) {
  (void)state;
  static const char endless[] = "--set time.end=1e6 --set checkpoint.every.steps=0 --set output.every.steps=1000000";
  static const char *const reasons[] = {"the sweep's file STOP", "a signal"};
  for (int n = 0; n < 2; n++) {
    char names[MEMBERS][128], complaint[LINE_MOST];
    begin_with("");
    list_members(names, MEMBERS);
    const pid_t process = launch(4, "sweep deck.yaml --groups 2 %s", endless);
    await_file(process, "all/value-300_diffusivity-0.5/status.json");
    await_file(process, "all/value-300_diffusivity-1/status.json");
    if (n == 0)
      write_text("all/STOP", "");
    else
      assert_int_equal(signal_ranks(process, SIGTERM), 4);
    assert_code(75, finish(process));
    snprintf(complaint, sizeof complaint, "heat2d: the sweep was stopped by %s; go on with --resume", reasons[n]);
    assert_one_complaint(complaint, "");
    assert_false(exists("all/STOP"));
    assert_field("value-300_diffusivity-1", "state", "stopped");
    int stopped = 0;
    for (int m = 0; m < MEMBERS; m++) {
      char value[64];
      field_of(names[m], "state", value, sizeof value);
      stopped += strcmp(value, "stopped") == 0;
    }
    assert_int_equal(stopped, 2);
    /* A run that counts as steady ends soon. */
    assert_code(0, heat2d(3, "sweep deck.yaml --resume %s --set time.steady=1e9 --set time.steady_after=0", endless));
    assert_int_equal(occurrences(command.out, ": done at step "), MEMBERS);
  }
}

/* The free memory per rank, GiB, that members report; it must be the same for all members. */
static double free_for_a_rank(int groups) {
  double share = 0;
  int members = 0;
  assert_code(65, heat2d(3,
                         "sweep deck.yaml --overwrite --groups %d --set domain.cells=[1000000,1000000] "
                         "--set boundary.left.value=300",
                         groups));
  char *text = read_text("all/sweep.csv");
  static const char need[] = " ranks of this node need ", are_free[] = " GiB are free";
  for (char *at = text; (at = strstr(at, need)) != NULL; at += sizeof need, members++) {
    char *from = at, *to = strstr(at, are_free);
    while (from > text && from[-1] >= '0' && from[-1] <= '9') from--;
    assert_non_null(to);
    while (to[-1] != ' ') to--;
    share = fmax(share, strtod(to, NULL) / strtod(from, NULL));
  }
  free(text);
  assert_int_equal(members, 3);
  return share;
}

/* The free memory of a node changes with other programs; the mistake would be a factor of 3. */
static void groups_share_the_memory_of_a_node(void **state) {
  (void)state;
  begin_with("");
  const double one = free_for_a_rank(1), three = free_for_a_rank(3);
  assert_true(one > 0 && three > one / 1.7 && three < one * 1.7);
}

/* A member that hangs in a collective call keeps its ranks; the others are done before all ends. */
static void who_hangs_lets_the_others_finish(void **state) {
  (void)state;
  begin_with("");
  inject("write:1+:SLOW:*", "all/diffusivity-0.5/snapshot");
  snprintf(command.rank_environment, sizeof command.rank_environment, "HEAT2D_STALL=2 HEAT2D_FAULT_SECONDS=100");
  const int code = heat2d(4, "sweep deck.yaml --groups 2 --set boundary.left.value=300 --set output.transport=mpio");
  command.rank_environment[0] = '\0';
  inject(NULL, NULL);
  assert_code(74, code);
  assert_non_null(strstr(command.err, "heat2d: diffusivity-0.5: it hangs: rank "));
  assert_field("diffusivity-0.5", "state", "failed");
  assert_field("diffusivity-1", "state", "done");
  assert_field("diffusivity-1.5", "state", "done");
  shell("test -z \"$(ls -A all | grep hangs)\"");
  assert_code(0, heat2d(2, "sweep deck.yaml --resume --set boundary.left.value=300"));
  assert_non_null(strstr(command.out, "3 members, 2 done"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(members_have_the_bits_of_their_decks_alone),
      cmocka_unit_test(what_is_done_is_not_done_again),
      cmocka_unit_test(a_failure_is_one_members_own),
      cmocka_unit_test(all_stop_and_go_on_together),
      cmocka_unit_test(groups_share_the_memory_of_a_node),
      cmocka_unit_test(who_hangs_lets_the_others_finish),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
