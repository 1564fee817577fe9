/* Stops from outside: the file STOP and signals. A serial process that runs the program. */
#include "endless.h"

static const double poll_seconds = 1, checkpoint_seconds = 2; /* generous, on a busy machine */

static void a_stop_ends_within_a_poll_and_a_checkpoint_on_any_number_of_ranks(void **state) {
  (void)state;
  static const int ranks[] = {1, 3, 6};
  for (size_t n = 0; n < sizeof ranks / sizeof *ranks; n++) {
    start_anew();
    const pid_t process = launch(ranks[n], "run deck.yaml");
    await_file(process, "out/status.json");
    sleep_for(1.5); /* the number of steps between two polls has reached its final value */
    write_text("out/STOP", "");
    const double asked = now();
    assert_code(75, finish(process));
    const double launcher = 5; /* time until mpiexec ends on a busy machine */
    assert_true(now() - asked < poll_seconds + checkpoint_seconds + launcher);
    assert_false(exists("out/STOP"));
  }
}

/* The deck is a pipe into which nobody writes: a run that waits for its inputs ends at once when it is asked to. */
static void a_stop_during_the_set_up_ends_the_run_at_once(void **state) {
  (void)state;
  static const int signals[] = {SIGTERM, SIGUSR1, SIGINT, SIGHUP};
  static const int ranks[] = {0, 2, 0, 0};
  for (size_t n = 0; n < sizeof signals / sizeof *signals; n++) {
    start_anew();
    shell("rm -f deck.fifo && mkfifo deck.fifo");
    const pid_t process = launch(ranks[n], "run deck.fifo");
    const double deadline = now() + command.limit;
    int pipe = -1; /* can be opened like this when the run has come to its deck */
    while (pipe < 0 && now() < deadline) {
      pause_briefly();
      pipe = open("deck.fifo", O_WRONLY | O_NONBLOCK);
    }
    assert_true(pipe >= 0);
    sleep_for(0.2);
    const double asked = now();
    assert_true(signal_ranks(process, signals[n]) >= 1);
    const int code = finish(process);
    close(pipe);
    if (ranks[n] == 0) assert_int_equal(code, 128 + signals[n]);
    assert_int_not_equal(code, OUT_OF_TIME);
    assert_true(now() - asked < 10);
    assert_false(exists("out"));
  }
}

/* If a stop is requested while a long checkpoint is being written, the run finishes that one and does not begin
 * another. */
static void a_signal_during_a_long_checkpoint_waits_for_that_one(void **state) {
  (void)state;
  start_anew();
  inject("sync:1+:SLOW:0", "out/checkpoint-");
  const pid_t process = launch(2, "run deck.yaml --set checkpoint.every.minutes=0.01");
  await_file(process, "struck.txt");
  const double asked = now();
  assert_int_equal(signal_ranks(process, SIGUSR1), 2);
  assert_code(75, finish(process));
  inject(NULL, NULL);
  assert_true(now() - asked < 6.5); /* 4 s each */
  assert_int_equal(count_files("out", "checkpoint-", ".h5"), 1);
  assert_code(75, heat2d(2, "run deck.yaml --resume --walltime 3"));
}

static void a_signal_takes_the_file_stop_with_it(void **state) {
  (void)state;
  start_anew();
  const pid_t process = launch(2, "run deck.yaml");
  await_file(process, "out/status.json");
  sleep_for(1);
  assert_int_equal(signal_ranks(process, SIGSTOP), 2); /* so that both are there at the next look */
  write_text("out/STOP", "");
  assert_int_equal(signal_ranks(process, SIGUSR1), 2);
  assert_int_equal(signal_ranks(process, SIGCONT), 2);
  assert_code(75, finish(process));
  assert_false(exists("out/STOP"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_stop_ends_within_a_poll_and_a_checkpoint_on_any_number_of_ranks),
      cmocka_unit_test(a_stop_during_the_set_up_ends_the_run_at_once),
      cmocka_unit_test(a_signal_during_a_long_checkpoint_waits_for_that_one),
      cmocka_unit_test(a_signal_takes_the_file_stop_with_it),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
