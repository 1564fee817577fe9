/* Pictures are written to the standard input of ffmpeg one after another, so that no shell is needed. A film is encoded
 * in pieces of a few pictures, which are divided among the ranks and then joined without encoding them again. A GIF is
 * encoded in one piece, because its colours are chosen for all its pictures. */
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

/* Options for the output on ffmpeg's command line. The ways of encoding are tried in turn until this ffmpeg has one. */
enum { MOST_WORDS = 12, WAYS = 2 };
enum { PIECE_FRAMES = 10 }; /* largest number of pictures in a piece of a film */
static const char *const ways[HEAT_FILMS][WAYS][MOST_WORDS] = {
    [HEAT_FILM_MP4] = {{"-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "16", "-f", "mp4"},
                       {"-c:v", "mpeg4", "-pix_fmt", "yuv420p", "-q:v", "3", "-f", "mp4"}},
    [HEAT_FILM_WEBM] = {{"-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p", "-crf", "20", "-b:v", "0", "-f", "webm"},
                        {"-c:v", "libvpx", "-pix_fmt", "yuv420p", "-crf", "8", "-b:v", "8M", "-f", "webm"}},
    [HEAT_FILM_GIF] = {{"-filter_complex", "split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none", "-f", "gif"}},
};

/* Find the path of the program; false if it is not on PATH. */
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

/* Copy a file into the pipe; false if the reader of the pipe has ended or the file cannot be read. */
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

/* Wait for the program, and return whether it has succeeded. */
static bool finished(pid_t child) {
  int outcome = -1;
  while (waitpid(child, &outcome, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0;
}

/* Start the program, and return the pipe that is its standard input; negative if that fails. */
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

/* What one run of ffmpeg has to do. */
typedef struct encoding {
  const char *program, *partial;
  const char *const *way; /* options for the output */
  bool quiet;             /* hide the messages of ffmpeg, because another way can be tried if this one fails */
  double rate;
} encoding;

/* Encode pictures with one thread, because the bytes of a film depend on the number of threads. */
static bool encode(const encoding *how, const char *const *frames, int count) {
  enum { HEAD = 15, TAIL = 8 };
  char rate_text[32];
  snprintf(rate_text, sizeof rate_text, "%.6g", how->rate);
  const char *words[HEAD + MOST_WORDS + TAIL] = {how->program, "-y",         "-nostats",   "-loglevel", "error",
                                                 "-f",         "image2pipe", "-framerate", rate_text,   "-threads",
                                                 "1",          "-c:v",       "png",        "-i",        "pipe:0"};
  int used = HEAD;
  for (int n = 0; n < MOST_WORDS && how->way[n] != NULL; n++) words[used++] = how->way[n];
  static const char *const tail[] = {"-threads", "1", "-fflags", "+bitexact", "-metadata", "comment=heat2d"};
  for (size_t n = 0; n < sizeof tail / sizeof *tail; n++) words[used++] = tail[n];
  words[used++] = how->partial;
  pid_t child;
  struct sigaction before, ignore = {.sa_handler = SIG_IGN};
  const int pipe = start(how->program, words, how->quiet, &child);
  if (pipe < 0) return false;
  sigaction(SIGPIPE, &ignore, &before); /* the exit code of the encoder shows whether it failed */
  bool fed = true;
  for (int n = 0; n < count && fed; n++) fed = feed(pipe, frames[n]);
  close(pipe);
  sigaction(SIGPIPE, &before, NULL);
  return finished(child) && fed;
}

/* ffmpeg writes no comment into a GIF, so put one before its last byte. It marks the file as written by heat2d. */
static bool sign_gif(const char *path) {
  static const char note[] = "\x21\xFE\x06heat2d\0;"; /* comment extension, and the trailer */
  FILE *file = fopen(path, "r+b");
  if (file == NULL) return false;
  const bool good = fseek(file, -1, SEEK_END) == 0 && fwrite(note, 1, sizeof note - 1, file) == sizeof note - 1;
  return fclose(file) == 0 && good;
}

/* A film that is being made. The division into pieces does not depend on the number of ranks. */
typedef struct film {
  const heat_film_order *order;
  char program[HEAT_PATH], partial[HEAT_PATH], list[HEAT_PATH];
  int pieces;
  int rank, size; /* among the ranks that encode: rank 0 only, if not all have the program */
} film;

static void name_piece(const film *made, int piece, char path[HEAT_PATH]) {
  snprintf(path, HEAT_PATH, "%.*s.%d.partial", HEAT_PATH - 32, made->order->path, piece);
}

/* Encode this rank's pieces. Each is a complete film, which begins with a key frame. */
static bool encode_pieces(const film *made, const char *const *way, bool quiet) {
  const int count = made->order->count;
  bool good = true;
  for (int piece = made->rank; piece < made->pieces && good; piece += made->size) {
    char path[HEAT_PATH];
    name_piece(made, piece, path);
    const int from = (int)((int64_t)count * piece / made->pieces),
              to = (int)((int64_t)count * (piece + 1) / made->pieces);
    const encoding how = {made->program, made->pieces > 1 ? path : made->partial, way, quiet, made->order->rate};
    good = encode(&how, made->order->frames + from, to - from);
  }
  return good;
}

/* Write a name in the format of ffmpeg's list of files. */
static void put_quoted(FILE *list, const char *name) {
  fputs("file '", list);
  for (; *name != '\0'; name++) {
    if (*name == '\'')
      fputs("'\\''", list);
    else
      fputc(*name, list);
  }
  fputs("'\n", list);
}

/* Join the pieces without encoding them again. Called on rank 0. */
static bool join_pieces(const film *made) {
  FILE *list;
  if (heat_directory_create(&list, made->list).code != HEAT_OK) return false;
  for (int piece = 0; piece < made->pieces; piece++) {
    char path[HEAT_PATH];
    name_piece(made, piece, path);
    const char *slash = strrchr(path, '/');
    put_quoted(list, slash != NULL ? slash + 1 : path); /* relative to the folder of the list */
  }
  bool good = ferror(list) == 0;
  good = fclose(list) == 0 && good;
  const char *from = made->list, *to = made->partial, *kind = heat_film_names[made->order->kind];
  const char *words[] = {
      made->program, "-y", "-nostats", "-loglevel", "error",   "-f",        "concat",    "-safe",          "0",
      "-i",          from, "-c",       "copy",      "-fflags", "+bitexact", "-metadata", "comment=heat2d", "-f",
      kind,          to,   NULL};
  pid_t child;
  const int pipe = good ? start(made->program, words, false, &child) : -1;
  if (pipe < 0) return false;
  close(pipe);
  return finished(child);
}

/* Find out which ranks encode and how many pieces there are, and choose a temporary name for the film. Collective. */
static heat_status begin(film *made) {
  const heat_film_order *order = made->order;
  int able = find_program(made->program), all = 0;
  MPI_Comm_rank(order->comm, &made->rank);
  MPI_Comm_size(order->comm, &made->size);
  MPI_Allreduce(&able, &all, 1, MPI_INT, MPI_MIN, order->comm);
  if (!all) {
    made->size = 1;
    if (made->rank > 0) made->rank = order->count; /* larger than the number of any piece */
  }
  made->pieces = order->kind == HEAT_FILM_GIF ? 1 : 2 * ((order->count + PIECE_FRAMES * 2 - 1) / (PIECE_FRAMES * 2));
  if (made->pieces > order->count) made->pieces = 1;
  snprintf(made->list, sizeof made->list, "%.*s.list.partial", HEAT_PATH - 32, order->path);
  const int length = snprintf(made->partial, sizeof made->partial, "%s.partial", order->path);
  if (length >= HEAT_PATH - 32) return heat_fail(HEAT_DECK, "the path '%.200s...' is too long", order->path);
  heat_status status = heat_ok();
  if (made->rank == 0) {
    FILE *empty;
    status = heat_directory_create(&empty, made->partial);
    if (status.code == HEAT_OK) fclose(empty);
  }
  return heat_agree(order->comm, status);
}

/* Join the pieces, and rename the film. Called on rank 0. */
static heat_status complete(const film *made) {
  const heat_film_order *order = made->order;
  bool good = made->pieces == 1 || join_pieces(made);
  if (good && order->kind == HEAT_FILM_GIF) good = sign_gif(made->partial);
  if (!good) return heat_fail(HEAT_IO, "%s could not make the film '%s'", made->program, order->path);
  heat_status status = heat_directory_sync(made->partial);
  return status.code == HEAT_OK ? heat_directory_publish(made->partial, order->path) : status;
}

heat_status heat_film_write(const heat_film_order *order) {
  film made = {.order = order};
  heat_status status = begin(&made);
  if (status.code != HEAT_OK) return status;
  int encoded = 0;
  for (int way = 0; way < WAYS && encoded == 0 && ways[order->kind][way][0] != NULL; way++) {
    const bool last = way + 1 == WAYS || ways[order->kind][way + 1][0] == NULL;
    encoded = encode_pieces(&made, ways[order->kind][way], !last);
    MPI_Allreduce(MPI_IN_PLACE, &encoded, 1, MPI_INT, MPI_MIN, order->comm);
  }
  if (made.rank == 0) {
    status =
        encoded ? complete(&made) : heat_fail(HEAT_IO, "%s could not make the film '%s'", made.program, order->path);
    if (status.code != HEAT_OK) unlink(made.partial);
    unlink(made.list);
    for (int piece = 0; piece < made.pieces && made.pieces > 1; piece++) {
      char path[HEAT_PATH];
      name_piece(&made, piece, path);
      unlink(path);
    }
  }
  return heat_agree(order->comm, status);
}
