#include "screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* What the signal handlers of this file need, which can only be global. */
static struct {
  struct termios before;
  volatile sig_atomic_t taken;
} terminal;

static const char enter[] = "\033[?1049h\033[?25l\033[2J", leave[] = "\033[0m\033[?25h\033[?1049l";

static const int deadly[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2,
                             SIGSEGV, SIGBUS,  SIGABRT, SIGFPE,  SIGILL,  SIGXCPU, SIGXFSZ};

bool heat_screen_is_terminal(void) {
  const char *term = getenv("TERM");
  return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

heat_colours heat_screen_colours(void) {
  const char *term = getenv("TERM"), *more = getenv("COLORTERM"), *none = getenv("NO_COLOR");
  if ((none != NULL && none[0] != '\0') || !isatty(STDOUT_FILENO) || term == NULL || strcmp(term, "dumb") == 0)
    return HEAT_COLOURS_NONE;
  if (more != NULL && (strcmp(more, "truecolor") == 0 || strcmp(more, "24bit") == 0)) return HEAT_COLOURS_TRUE;
  return strstr(term, "256") != NULL ? HEAT_COLOURS_256 : HEAT_COLOURS_NONE;
}

void heat_screen_size(int *columns, int *rows) {
  enum { COLUMNS = 80, ROWS = 24 };
  struct winsize size;
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
  *columns = known ? size.ws_col : COLUMNS;
  *rows = known ? size.ws_row : ROWS;
}

/* Functions from here to the next comment are called by signal handlers, and call only functions that are allowed
 * there. */
static void put(const char *text, size_t length) {
  const ssize_t written = write(STDOUT_FILENO, text, length);
  (void)written; /* a failure cannot be reported */
}

static void take(void) {
  struct termios raw = terminal.before;
  raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  put(enter, sizeof enter - 1);
  terminal.taken = 1;
}

static void give_back(void) {
  if (!terminal.taken) return;
  terminal.taken = 0;
  put(leave, sizeof leave - 1);
  tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
}

static void end_by(int number) {
  give_back();
  signal(number, SIG_DFL);
  raise(number);
}

static void pause_by(int number) {
  (void)number;
  const int error = errno;
  give_back();
  raise(SIGSTOP);
  take();
  errno = error;
}

/* The handler does nothing; the signal itself interrupts the wait for a key. */
static void look_again(int number) {
  (void)number;
}

heat_status heat_screen_open(void) {
  if (tcgetattr(STDIN_FILENO, &terminal.before) != 0)
    return heat_fail(HEAT_IO, "the settings of the terminal cannot be read: %s", strerror(errno));
  struct sigaction action = {.sa_handler = end_by};
  for (size_t n = 0; n < sizeof deadly / sizeof *deadly; n++) sigaction(deadly[n], &action, NULL);
  action.sa_handler = pause_by;
  sigaction(SIGTSTP, &action, NULL);
  action.sa_handler = look_again;
  sigaction(SIGWINCH, &action, NULL);
  atexit(give_back);
  take();
  return heat_ok();
}

void heat_screen_close(void) {
  give_back();
}

heat_status heat_screen_write(const char *text, size_t length) {
  while (length > 0) {
    const ssize_t now = write(STDOUT_FILENO, text, length);
    if (now < 0 && errno == EINTR) continue;
    if (now <= 0) return heat_fail(HEAT_IO, "cannot write to the terminal: %s", strerror(errno));
    text += now;
    length -= (size_t)now;
  }
  return heat_ok();
}

/* For an arrow key a terminal sends ESC and further bytes, all at once. */
static heat_key read_key(const char *bytes, ssize_t count) {
  enum { ESCAPE = 0x1B };
  if (bytes[0] == ESCAPE && count >= 3 && (bytes[1] == '[' || bytes[1] == 'O')) {
    static const heat_key arrows[] = {HEAT_KEY_UP, HEAT_KEY_DOWN, HEAT_KEY_RIGHT, HEAT_KEY_LEFT};
    return bytes[2] >= 'A' && bytes[2] <= 'D' ? arrows[bytes[2] - 'A'] : HEAT_KEY_OTHER;
  }
  switch (bytes[0]) {
  case 'q':
  case 'Q':
    return HEAT_KEY_QUIT;
  case 'i':
    return HEAT_KEY_ISOTHERMS;
  case 'n':
    return HEAT_KEY_NEXT;
  case 'p':
    return HEAT_KEY_PREVIOUS;
  case 'k':
    return HEAT_KEY_UP;
  case 'j':
    return HEAT_KEY_DOWN;
  case 'h':
    return HEAT_KEY_LEFT;
  case 'l':
    return HEAT_KEY_RIGHT;
  default:
    return HEAT_KEY_OTHER;
  }
}

heat_key heat_screen_key(int milliseconds) {
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  if (poll(&input, 1, milliseconds) <= 0) return HEAT_KEY_NONE;
  char bytes[3] = "";
  ssize_t count = read(STDIN_FILENO, bytes, 1);
  if (count == 0 || (count < 0 && errno != EINTR)) return HEAT_KEY_QUIT; /* the terminal has been closed */
  if (count < 0) return HEAT_KEY_NONE;
  enum { ESCAPE = 0x1B, SOON = 20 }; /* ms */
  while (bytes[0] == ESCAPE && count < (ssize_t)sizeof bytes && poll(&input, 1, SOON) > 0) {
    const ssize_t more = read(STDIN_FILENO, bytes + count, 1);
    if (more <= 0) break;
    count += more;
  }
  return read_key(bytes, count);
}
