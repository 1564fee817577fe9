/* The frames go into ffmpeg's standard input one after another, so no list of names is needed, and no shell. */
#include "film.h"

#include "heat2d/io/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

const char *const heat_film_names[] = {
    [HEAT_FILM_MP4] = "mp4", [HEAT_FILM_WEBM] = "webm", [HEAT_FILM_GIF] = "gif", [HEAT_FILMS] = NULL};

/* What follows the input on ffmpeg's command line: ways of encoding, tried in turn until one is known to this ffmpeg.
 */
enum { MOST_WORDS = 12, WAYS = 2 };
static const char *const ways[HEAT_FILMS][WAYS][MOST_WORDS] = {
    [HEAT_FILM_MP4] = {{"-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "16", "-f", "mp4"},
                       {"-c:v", "mpeg4", "-pix_fmt", "yuv420p", "-q:v", "3", "-f", "mp4"}},
    [HEAT_FILM_WEBM] = {{"-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p", "-crf", "20", "-b:v", "0", "-f", "webm"},
                        {"-c:v", "libvpx", "-pix_fmt", "yuv420p", "-crf", "8", "-b:v", "8M", "-f", "webm"}},
    [HEAT_FILM_GIF] = {{"-filter_complex", "split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none", "-f", "gif"}},
};

/* The program's path; false where there is none on PATH. */
static bool find_program(char path[HEAT_PATH]) {
  const char *at = getenv("PATH");
  while (at != NULL && *at != '\0') {
    const size_t length = strcspn(at, ":");
    struct stat info;
    const int written = snprintf(path, HEAT_PATH, "%.*s/ffmpeg", (int)length, at);
    if (length > 0 && written < HEAT_PATH && access(path, X_OK) == 0 && stat(path, &info) == 0 && S_ISREG(info.st_mode))
      return true;
    at += length + (at[length] == ':');
  }
  return false;
}

bool heat_film_possible(void) {
  char path[HEAT_PATH];
  return find_program(path);
}

/* Copy a file into the pipe; false when its reader has gone or the file cannot be read. */
static bool feed(int pipe, const char *path) {
  enum { BLOCK = 1 << 16 };
  static const int failed = -1;
  char *block = malloc(BLOCK);
  const int file = block != NULL ? open(path, O_RDONLY | O_CLOEXEC) : failed;
  bool good = file >= 0;
  for (ssize_t got = good ? read(file, block, BLOCK) : 0; good && got != 0; got = read(file, block, BLOCK))
    for (ssize_t sent = 0, now; good && sent < got; sent += now) {
      now = write(pipe, block + sent, (size_t)(got - sent));
      good = now > 0;
    }
  if (file >= 0) close(file);
  free(block);
  return good;
}

/* Start the program with its standard input at the returned pipe's other end; negative when that fails. */
static int start(const char *program, const char *const *words, bool quiet, pid_t *child) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  if (quiet) posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  const int error = posix_spawn(child, program, &actions, NULL, (char *const *)words, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[0]);
  if (error == 0) return ends[1];
  close(ends[1]);
  errno = error;
  return -1;
}

/* Encode in one way. What ffmpeg itself says is seen unless another way can be tried. */
static bool encode(const char *program, const char *partial, const char *const *way, bool quiet,
                   const char *const *frames, int count, double rate) {
  enum { HEAD = 14, TAIL = 5 };
  char rate_text[32];
  snprintf(rate_text, sizeof rate_text, "%.6g", rate);
  const char *words[HEAD + MOST_WORDS + TAIL] = {program, "-y",         "-nostats",   "-loglevel", "error",
                                                 "-f",    "image2pipe", "-framerate", rate_text,   "-c:v",
                                                 "png",   "-i",         "pipe:0"};
  int used = 13;
  for (int n = 0; n < MOST_WORDS && way[n] != NULL; n++) words[used++] = way[n];
  words[used++] = "-metadata";
  words[used++] = "comment=heat2d";
  words[used++] = partial;
  pid_t child;
  struct sigaction before, ignore = {.sa_handler = SIG_IGN};
  const int pipe = start(program, words, quiet, &child);
  if (pipe < 0) return false;
  sigaction(SIGPIPE, &ignore, &before); /* an encoder that gives up is told by its exit code */
  bool fed = true;
  for (int n = 0; n < count && fed; n++) fed = feed(pipe, frames[n]);
  close(pipe);
  sigaction(SIGPIPE, &before, NULL);
  int outcome = -1;
  while (waitpid(child, &outcome, 0) < 0 && errno == EINTR) continue;
  return fed && WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0;
}

/* ffmpeg writes no comment into a GIF: put one before its last byte, by which the file is known as ours. */
static bool sign_gif(const char *path) {
  static const char note[] = "\x21\xFE\x06heat2d\0;"; /* comment extension, and the trailer */
  FILE *file = fopen(path, "r+b");
  if (file == NULL) return false;
  const bool good = fseek(file, -1, SEEK_END) == 0 && fwrite(note, 1, sizeof note - 1, file) == sizeof note - 1;
  return fclose(file) == 0 && good;
}

heat_status heat_film_write(const char *path, int kind, const char *const *frames, int count, double rate) {
  char program[HEAT_PATH], partial[HEAT_PATH];
  if (!find_program(program)) return heat_fail(HEAT_IO, "there is no ffmpeg on PATH");
  FILE *empty;
  const int length = snprintf(partial, sizeof partial, "%s.partial", path);
  if (length >= (int)sizeof partial) return heat_fail(HEAT_DECK, "the path '%.200s...' is too long", path);
  heat_status status = heat_directory_create(&empty, partial);
  if (status.code != HEAT_OK) return status;
  fclose(empty);
  bool made = false;
  for (int way = 0; way < WAYS && !made && ways[kind][way][0] != NULL; way++) {
    const bool last = way + 1 == WAYS || ways[kind][way + 1][0] == NULL;
    made = encode(program, partial, ways[kind][way], !last, frames, count, rate);
  }
  if (made && kind == HEAT_FILM_GIF) made = sign_gif(partial);
  if (!made) status = heat_fail(HEAT_IO, "%s could not make the film '%s'", program, path);
  if (status.code == HEAT_OK) status = heat_directory_sync(partial);
  if (status.code == HEAT_OK) status = heat_directory_publish(partial, path);
  if (status.code != HEAT_OK) unlink(partial);
  return status;
}
