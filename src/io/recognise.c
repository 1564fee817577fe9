#include "heat2d/io/recognise.h"

#include "heat2d/deck/config.h"
#include "heat2d/io/directory_names.h"
#include "heat2d/io/h5_digest.h"
#include "heat2d/io/h5_read.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  HEAD = 1 << 16, /* number of bytes that are examined */
  LONGEST_DECK = 16 << 20
};

/* The beginning of a file. */
typedef struct head {
  const char *path;
  size_t length;
  bool partial; /* it was being written, so that it may end anywhere */
  char bytes[HEAD + 1];
} head;

static bool ends_with(const char *text, const char *end) {
  const size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* Whether the file begins with these bytes; a partial file may be shorter. */
static bool begins(const head *file, const char *bytes, size_t length) {
  if (file->partial && file->length < length) length = file->length;
  return file->length >= length && memcmp(file->bytes, bytes, length) == 0;
}

static bool begins_with(const head *file, const char *text) {
  return begins(file, text, strlen(text));
}

static bool contains(const head *file, const char *bytes, size_t length) {
  for (size_t at = 0; at + length <= file->length; at++)
    if (memcmp(file->bytes + at, bytes, length) == 0) return true;
  return false;
}

static bool are_zeros(const char *bytes, size_t length) {
  for (size_t n = 0; n < length; n++)
    if (bytes[n] != '\0') return false;
  return true;
}

/* Whether the file consists of zeros. A file that only begins with zeros may contain a user's data, for example an HDF5
 * file with a user block; a file that was being written may have holes. */
static bool only_zeros(const head *file, int handle) {
  enum { ENOUGH = 512 };
  if (file->partial) return are_zeros(file->bytes, file->length < ENOUGH ? file->length : ENOUGH);
  if (!are_zeros(file->bytes, file->length)) return false;
  char block[ENOUGH];
  ssize_t got = 0;
  for (off_t at = (off_t)file->length; (got = pread(handle, block, sizeof block, at)) > 0; at += got)
    if (!are_zeros(block, (size_t)got)) return false;
  return got == 0;
}

/* Whether the file is an HDF5 file with the attribute `mark`. */
static bool is_hdf5(const head *file, const char *mark) {
  static const char signature[] = "\211HDF\r\n\032\n";
  if (!begins(file, signature, sizeof signature - 1)) return false;
  hid_t handle;
  if (file->partial || heat_h5_open(&handle, file->path).code != HEAT_OK) return true;
  const htri_t there = H5Aexists(handle, mark);
  char *text = NULL;
  bool ours = there < 0;
  if (there > 0)
    ours = heat_h5_get_text(handle, mark, &text).code != HEAT_OK || heat_h5_digest_known(text) ||
           strcmp(text, "heat2d") == 0;
  free(text);
  H5Fclose(handle);
  return ours;
}

static bool is_picture(const head *file) {
  static const char signature[] = "\211PNG\r\n\032\n", note[] = "tEXtSoftware\0heat2d";
  return begins(file, signature, sizeof signature - 1) && (file->partial || contains(file, note, sizeof note - 1));
}

/* Whether a file has `start` at byte `at`, and the note with which heat2d marks files of cairo and ffmpeg at its
 * beginning or end. */
static bool is_signed(const head *file, int handle, size_t at, const char *start, const char *note) {
  enum { TAIL = 4096 };
  const size_t length = strlen(start), mark = strlen(note);
  if (file->length < at + length) return file->partial;
  if (memcmp(file->bytes + at, start, length) != 0) return false;
  if (file->partial || contains(file, note, mark)) return true;
  char tail[TAIL];
  const off_t size = lseek(handle, 0, SEEK_END);
  const ssize_t got = pread(handle, tail, TAIL, size > TAIL ? size - TAIL : 0);
  for (size_t n = 0; got > 0 && n + mark <= (size_t)got; n++)
    if (memcmp(tail + n, note, mark) == 0) return true;
  return false;
}

/* Whether the file is a picture in SVG or PDF, or a film, that heat2d wrote. */
static bool is_drawing(const head *file, const char *name, int handle) {
  static const struct {
    const char *suffix, *start, *note;
    size_t at;
  } kinds[] = {{".svg", "<?xml", "<!-- Software: heat2d -->", 0},
               {".pdf", "%PDF", "/Creator (heat2d)", 0},
               {".mp4", "ftyp", "heat2d", 4},
               {".webm", "\x1A\x45\xDF\xA3", "heat2d", 0},
               {".gif", "GIF8", "heat2d", 0}};
  for (size_t n = 0; n < sizeof kinds / sizeof *kinds; n++)
    if (ends_with(name, kinds[n].suffix)) return is_signed(file, handle, kinds[n].at, kinds[n].start, kinds[n].note);
  return false;
}

static bool is_table(const head *file) {
  static const char columns[] = "step,time";
  const size_t length = sizeof columns - 1;
  return begins_with(file, columns) && (file->length <= length || strchr(",\r\n", file->bytes[length]) != NULL);
}

static bool is_series(const head *file) {
  static const char mark[] = "CollectionType=\"Temporal\"";
  return begins_with(file, "<?xml") && (file->partial || contains(file, mark, sizeof mark - 1));
}

static bool is_status(const head *file) {
  return begins_with(file, "{\n  \"state\": \"");
}

/* A log contains the version near its beginning, after a few notes at most. */
static bool is_log(const head *file) {
  static const char name[] = "heat2d ";
  for (const char *line = file->bytes; line != NULL; line = strchr(line, '\n')) {
    line += *line == '\n';
    if (strncmp(line, name, strlen(name)) == 0 && isdigit((unsigned char)line[strlen(name)])) return true;
  }
  return false;
}

/* Whether a deck is the one in the newest checkpoint or the first snapshot of its directory. */
static bool is_kept(const char *path, const char *text) {
  static const char *const prefixes[] = {"checkpoint-", "snapshot-"};
  char directory[HEAT_PATH], other[HEAT_PATH], name[64];
  const char *slash = strrchr(path, '/');
  snprintf(directory, sizeof directory, "%.*s", slash != NULL ? (int)(slash - path) : 1, slash != NULL ? path : ".");
  bool same = false;
  for (size_t n = 0; n < sizeof prefixes / sizeof *prefixes && !same; n++) {
    int64_t *steps;
    int count;
    const heat_status status = heat_directory_steps(directory, prefixes[n], ".h5", &steps, &count);
    if (status.code == HEAT_OK && count > 0) {
      heat_directory_step_name(name, sizeof name, prefixes[n], steps[n == 0 ? count - 1 : 0], ".h5");
      hid_t file = H5I_INVALID_HID;
      char *deck = NULL;
      if (heat_directory_join(other, sizeof other, directory, name).code == HEAT_OK &&
          heat_h5_open(&file, other).code == HEAT_OK && heat_h5_get_text(file, "deck", &deck).code == HEAT_OK)
        same = strcmp(deck, text) == 0;
      free(deck);
      if (file >= 0) H5Fclose(file);
    }
    free(steps);
  }
  return same;
}

static bool is_resolved(const char *text, size_t length) {
  heat_config *config;
  if (heat_config_parse(&config, "deck.yaml", text, length, NULL, 0).code != HEAT_OK) return false;
  char *written = heat_config_write(config);
  const bool same = written != NULL && strlen(written) == length && memcmp(written, text, length) == 0;
  free(written);
  heat_config_destroy(config);
  return same;
}

static bool is_deck(const head *file, int handle) {
  if (file->partial) return begins_with(file, "title:");
  struct stat info;
  if (fstat(handle, &info) != 0 || info.st_size > LONGEST_DECK) return false;
  const size_t length = (size_t)info.st_size;
  char *text = malloc(length + 1);
  bool ours = text != NULL && pread(handle, text, length, 0) == (ssize_t)length;
  if (ours) {
    text[length] = '\0';
    ours = is_resolved(text, length) || is_kept(file->path, text);
  }
  free(text);
  return ours;
}

static bool is_ours(const head *file, const char *name, int handle) {
  if (file->length == 0 || only_zeros(file, handle)) return true;
  if (ends_with(name, ".h5")) return is_hdf5(file, "digest");
  if (strcmp(name, "grid.hdf5") == 0) return is_hdf5(file, "written_by");
  if (ends_with(name, ".png")) return is_picture(file);
  if (is_drawing(file, name, handle)) return true;
  if (strcmp(name, "sweep.csv") == 0) return begins_with(file, "member,");
  if (ends_with(name, ".csv")) return is_table(file);
  if (strcmp(name, "run.xdmf") == 0) return is_series(file);
  if (strcmp(name, "status.json") == 0) return is_status(file);
  if (strcmp(name, "run.log") == 0) return is_log(file);
  return strcmp(name, "deck.yaml") == 0 && is_deck(file, handle);
}

/* The origin of a file that could not be opened: one that may not be opened is another user's. errno stays. */
static heat_origin unopened(void) {
  if (errno == ENOENT) return HEAT_ORIGIN_NONE;
  return errno == EACCES || errno == EPERM || errno == ELOOP ? HEAT_ORIGIN_OTHER : HEAT_ORIGIN_UNKNOWN;
}

heat_origin heat_recognise(const char *path) {
  struct stat info;
  if (lstat(path, &info) != 0) return unopened();
  if (!S_ISREG(info.st_mode)) return HEAT_ORIGIN_NO_FILE;
  const int handle = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (handle < 0) return unopened();
  char name[HEAT_PATH];
  const char *slash = strrchr(path, '/');
  snprintf(name, sizeof name, "%s", slash != NULL ? slash + 1 : path);
  head *file = malloc(sizeof *file);
  bool ours = false;
  int error = file == NULL ? ENOMEM : 0;
  if (file != NULL) {
    file->path = path;
    file->partial = ends_with(name, heat_partial_suffix);
    if (file->partial) name[strlen(name) - strlen(heat_partial_suffix)] = '\0';
    const ssize_t length = pread(handle, file->bytes, HEAD, 0);
    error = length < 0 ? errno : 0;
    file->length = length > 0 ? (size_t)length : 0;
    file->bytes[file->length] = '\0';
    ours = length >= 0 && is_ours(file, name, handle);
  }
  free(file);
  close(handle);
  errno = error;
  return error != 0 ? HEAT_ORIGIN_UNKNOWN : ours ? HEAT_ORIGIN_RUN : HEAT_ORIGIN_OTHER;
}

const char *heat_recognise_text(const char *path) {
  struct stat info;
  if (lstat(path, &info) != 0) return errno == EACCES ? "cannot be examined (permission denied)" : "cannot be examined";
  if (S_ISLNK(info.st_mode)) return "is a symbolic link";
  if (S_ISDIR(info.st_mode)) return "is a directory";
  if (!S_ISREG(info.st_mode)) return "is not a regular file";
  const int handle = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (handle < 0) return errno == EACCES ? "cannot be read (permission denied)" : "cannot be opened";
  close(handle);
  return "was not written by heat2d";
}
