/* `heat2d view` at a terminal, here a pseudo-terminal, and without one. */
#define _XOPEN_SOURCE 700
#include "command.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

static const char deck[] = "title: Wärme\n"
                           "domain: {size: [0.2, 0.1], cells: [40, 20]}\n"
                           "material: {diffusivity: 1e-4}\n"
                           "initial: {temperature: \"300 + 1000*x\"}\n"
                           "time: {end: 1}\n"
                           "output: {directory: out, every: 0.5}\n";

static int make_run(void **state) {
  (void)state;
  write_text("deck.yaml", deck);
  assert_code(0, heat2d(0, "run deck.yaml --progress none"));
  shell("mkdir first && cp out/snapshot-0000000000.h5 first");
  return 0;
}

enum { SCREEN_MOST = 1 << 20 };

/* A program with a terminal of its own, and all output to it. */
static struct {
  int handle, terminal; /* the side of the test, and a handle of the program's side that keeps it open */
  pid_t process;
  struct termios before;
  char text[SCREEN_MOST];
  size_t length;
} at;

static void begin(int columns, int rows, const char *environment, const char *arguments) {
  const struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
  char line[LINE_MOST];
  at.length = 0;
  at.handle = posix_openpt(O_RDWR | O_NOCTTY);
  assert_true(at.handle >= 0 && grantpt(at.handle) == 0 && unlockpt(at.handle) == 0);
  at.terminal = open(ptsname(at.handle), O_RDWR | O_NOCTTY);
  assert_true(at.terminal >= 0 && ioctl(at.terminal, TIOCSWINSZ, &size) == 0);
  assert_int_equal(tcgetattr(at.terminal, &at.before), 0);
  snprintf(line, sizeof line, "exec env -u NO_COLOR -u COLORTERM %s '%s' view %s", environment,
           getenv("HEAT2D_PROGRAM"), arguments);
  at.process = fork();
  assert_true(at.process >= 0);
  if (at.process > 0) return;
  setsid();
  const int own = open(ptsname(at.handle), O_RDWR); /* becomes the controlling terminal */
  if (dup2(own, STDIN_FILENO) < 0 || dup2(own, STDOUT_FILENO) < 0 || dup2(own, STDERR_FILENO) < 0) _exit(126);
  execl("/bin/sh", "sh", "-c", line, (char *)NULL);
  _exit(127);
}

/* Read until the text contains that, for some seconds at most. */
static bool wait_for(const char *what) {
  const double deadline = now() + 30;
  while (now() < deadline) {
    at.text[at.length] = '\0';
    if (strstr(at.text, what) != NULL) return true;
    struct pollfd input = {.fd = at.handle, .events = POLLIN};
    if (poll(&input, 1, 100) <= 0) continue;
    const ssize_t got = read(at.handle, at.text + at.length, SCREEN_MOST - 1 - at.length);
    if (got <= 0) break;
    at.length += (size_t)got;
  }
  at.text[at.length] = '\0';
  if (strstr(at.text, what) != NULL) return true;
  print_error("'%s' did not come in: %.2000s\n", what, at.text);
  return false;
}

static void forget(void) {
  at.length = 0;
}

static void press(const char *keys) {
  assert_int_equal(write(at.handle, keys, strlen(keys)), strlen(keys));
}

/* Wait for the end, and assert how the process ended and that the terminal is as before. */
static int end(void) {
  int state = 0;
  const double deadline = now() + 30;
  pid_t ended;
  while ((ended = waitpid(at.process, &state, WNOHANG)) == 0 && now() < deadline) pause_briefly();
  if (ended == 0) {
    kill(at.process, SIGKILL);
    waitpid(at.process, &state, 0);
  }
  struct termios after;
  assert_int_equal(tcgetattr(at.terminal, &after), 0);
  assert_int_equal(after.c_lflag, at.before.c_lflag);
  assert_true((after.c_lflag & ICANON) != 0 && (after.c_lflag & ECHO) != 0);
  assert_true(wait_for("\033[?25h\033[?1049l"));
  close(at.handle);
  close(at.terminal);
  return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

/* A plain picture: no escapes, no line wider than the window, hotter to the right. */
static void without_a_terminal_there_is_one_plain_picture(void **state) {
  (void)state;
  static const char *const operands[] = {"out", "first", "first/snapshot-0000000000.h5", "out --follow"};
  for (int n = 0; n < 4; n++) {
    assert_code(0, heat2d(n, "view %s", operands[n]));
    assert_null(strchr(command.out, '\033'));
    assert_non_null(strstr(command.out, "Wärme   t = "));
    assert_true(occurrences(command.out, "\n") <= 24 && occurrences(command.out, "\n") >= 10);
    char *rest = NULL;
    strtok_r(command.out, "\n", &rest);
    const char *line = strtok_r(NULL, "\n", &rest);
    assert_true(strlen(line) > 20 && strlen(line) <= 80);
    assert_true(line[0] == ' ' && strchr("%@", line[strlen(line) - 1]) != NULL);
  }
}

static void colours_are_those_of_the_terminal(void **state) {
  (void)state;
  static const struct {
    const char *environment, *there, *absent;
  } cases[] = {{"TERM=xterm-256color COLORTERM=truecolor", "38;2;", "38;5;"},
               {"TERM=xterm-256color", "38;5;", "38;2;"},
               {"TERM=xterm", "@", "38;"},
               {"TERM=xterm-256color NO_COLOR=1", "@", "38;"}};
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    begin(80, 24, cases[n].environment, "out");
    assert_true(wait_for("q: quit"));
    assert_non_null(strstr(at.text, "\033[?1049h"));
    assert_non_null(strstr(at.text, cases[n].there));
    assert_null(strstr(at.text, cases[n].absent));
    press("q");
    assert_int_equal(end(), 0);
  }
}

/* In windows of 80 x 24 and 200 x 60 the picture is as wide as possible, and has the aspect ratio of the domain. */
static void the_page_fits_the_window(void **state) {
  (void)state;
  const int sizes[][2] = {{80, 24}, {200, 60}, {20, 10}};
  for (int n = 0; n < 3; n++) {
    begin(sizes[n][0], sizes[n][1], "TERM=xterm-256color COLORTERM=truecolor", "out");
    assert_true(wait_for("arrows"));
    press("q");
    assert_int_equal(end(), 0);
    const int lines = occurrences(at.text, "\r\n") - 1, blocks = occurrences(at.text, "▀");
    assert_true(lines >= 1 && lines <= sizes[n][1] - 2);
    assert_int_equal(blocks % lines, 0);
    const int width = blocks / lines;
    assert_true(width <= sizes[n][0] && abs(width - 4 * lines) <= 4); /* twice as wide as high, two pixels a line */
    assert_true(width > sizes[n][0] - 8 || 2 * lines > sizes[n][1]);
  }
}

/* The cursor names a cell's centre and its temperature, 300 K + 1000 K/m x. */
static void the_cursor_tells_values(void **state) {
  (void)state;
  begin(80, 24, "TERM=xterm", "first");
  assert_true(wait_for("q: quit"));
  press("\033[A");
  assert_true(wait_for("m: "));
  double x = 0, y = 0, value = 0, next = 0;
  assert_int_equal(sscanf(strstr(at.text, "x = "), "x = %lf m, y = %lf m: %lf K", &x, &y, &value), 3);
  assert_true(value > 300 + 1000 * x - 1e-6 && value < 300 + 1000 * x + 1e-6);
  forget();
  press("\033[C\033[C\033[C\033[C");
  assert_true(wait_for("x = ") && wait_for("q: quit"));
  pause_briefly();
  forget();
  press("\033OC");
  assert_true(wait_for("m: "));
  assert_int_equal(sscanf(strstr(at.text, "x = "), "x = %lf m, y = %lf m: %lf K", &next, &y, &value), 3);
  assert_true(next > x && value > 300 + 1000 * next - 1e-6 && value < 300 + 1000 * next + 1e-6);
  forget();
  press("i"); /* vertical isotherms */
  assert_true(wait_for("o"));
  press("q");
  assert_int_equal(end(), 0);
}

/* From one file of a run to the next, and back. */
static void all_files_of_a_run_can_be_seen(void **state) {
  (void)state;
  begin(100, 30, "TERM=xterm", "out");
  assert_true(wait_for("t = 1 s"));
  press("p");
  assert_true(wait_for("t = 0.5"));
  press("p");
  assert_true(wait_for("t = 0 s"));
  press("n");
  press("q");
  assert_int_equal(end(), 0);
}

static void snapshots_that_come_are_followed(void **state) {
  (void)state;
  begin(100, 30, "TERM=xterm", "first --follow");
  assert_true(wait_for("t = 0 s"));
  shell("cp out/$(ls out | grep snapshot- | tail -1) new && mv new first/$(ls out | grep snapshot- | tail -1)");
  assert_true(wait_for("t = 1 s"));
  press("q");
  assert_int_equal(end(), 0);
  shell("rm first/$(ls out | grep snapshot- | tail -1)");
}

/* The terminal is restored, whatever ends the program. */
static void the_terminal_is_given_back(void **state) {
  (void)state;
  static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGSEGV, SIGABRT};
  for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++) {
    begin(80, 24, "TERM=xterm-256color", "out");
    assert_true(wait_for("q: quit"));
    struct termios taken;
    assert_int_equal(tcgetattr(at.terminal, &taken), 0);
    assert_true((taken.c_lflag & ECHO) == 0);
    assert_int_equal(kill(at.process, numbers[n]), 0);
    assert_int_equal(end(), 128 + numbers[n]);
  }
}

static void wrong_command_lines_are_refused(void **state) {
  (void)state;
  assert_code(64, heat2d(0, "view first/snapshot-0000000000.h5 --follow"));
  assert_one_complaint("heat2d: --follow needs the directory of a run", "");
  assert_code(74, heat2d(2, "view nowhere.h5"));
  assert_one_complaint("heat2d: ", "nowhere.h5");
  assert_code(64, heat2d(0, "view"));
  shell("mkdir -p empty");
  assert_code(65, heat2d(0, "view empty"));
  assert_one_complaint("'empty' holds no snapshots and no checkpoints", "");
}

int main(void) {
  begin_commands();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_a_terminal_there_is_one_plain_picture),
      cmocka_unit_test(colours_are_those_of_the_terminal),
      cmocka_unit_test(the_page_fits_the_window),
      cmocka_unit_test(the_cursor_tells_values),
      cmocka_unit_test(all_files_of_a_run_can_be_seen),
      cmocka_unit_test(snapshots_that_come_are_followed),
      cmocka_unit_test(the_terminal_is_given_back),
      cmocka_unit_test(wrong_command_lines_are_refused),
  };
  return end_commands(cmocka_run_group_tests(tests, make_run, NULL));
}
