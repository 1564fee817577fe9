/* Which files a run wrote, and whether a directory has results. One process, with files made by hand. */
#include "heat2d/io/recognise.h"

#include "heat2d/deck/config.h"
#include "heat2d/io/directory.h"
#include "heat2d/io/results.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <hdf5_hl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "place.h"

/* `digest`, `deck`: attributes, NULL for none. */
static void write_hdf5(const char *name, const char *digest, const char *deck) {
  const hid_t file = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(file >= 0);
  if (digest != NULL) H5LTset_attribute_string(file, "/", "digest", digest);
  if (deck != NULL) H5LTset_attribute_string(file, "/", "deck", deck);
  H5Fclose(file);
}

static const char digest[] = "xxh3-rows:0123456789abcdef";
static const char deck[] = "domain: {size: [1, 1], cells: [8, 8]}\nmaterial: {diffusivity: 1}\n"
                           "initial: {temperature: 0}\ntime: {end: 1}\n";

static char *resolved(void) {
  heat_config *config;
  assert_int_equal(heat_config_parse(&config, "deck", deck, strlen(deck), NULL, 0).code, HEAT_OK);
  char *text = heat_config_write(config);
  assert_non_null(text);
  heat_config_destroy(config);
  return text;
}

static const char *const names[] = {"run.xdmf",
                                    "run.log",
                                    "probes.csv",
                                    "history.csv",
                                    "status.json",
                                    "deck.yaml",
                                    "frame-0000000001.png",
                                    "snapshot-0000000001.h5",
                                    "checkpoint-0000000001.h5",
                                    "crash-0000000001.h5",
                                    "probes-0000000001.csv",
                                    "deck.yaml.partial",
                                    "status.json.partial",
                                    "run.xdmf.partial",
                                    "frame-0000000001.png.partial",
                                    "snapshot-0000000001.h5.partial"};
enum { NAMES = sizeof names / sizeof *names };

static void files_of_others_are_not_a_runs(void **state) {
  (void)state;
  static const char *const texts[] = {"mine\n", "step;time\n", "{\"state\": 1}", "<xml/>", "\211PN", "x"};
  for (int n = 0; n < NAMES; n++) {
    assert_int_equal(heat_recognise(names[n]), HEAT_ORIGIN_NONE);
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
      write_text(names[n], texts[t]);
      const bool begun = strstr(names[n], "png.partial") != NULL && texts[t][0] == '\211';
      if (heat_recognise(names[n]) != (begun ? HEAT_ORIGIN_RUN : HEAT_ORIGIN_OTHER))
        print_error("%s of '%s'\n", names[n], texts[t]);
      assert_int_equal(heat_recognise(names[n]), begun ? HEAT_ORIGIN_RUN : HEAT_ORIGIN_OTHER);
    }
    unlink(names[n]);
  }
  write_text("deck.yaml", deck); /* a deck that a user wrote */
  assert_int_equal(heat_recognise("deck.yaml"), HEAT_ORIGIN_OTHER);
  write_hdf5("snapshot-0000000001.h5", NULL, NULL);
  assert_int_equal(heat_recognise("snapshot-0000000001.h5"), HEAT_ORIGIN_OTHER);
  write_hdf5("snapshot-0000000001.h5", "md5:00", NULL);
  assert_int_equal(heat_recognise("snapshot-0000000001.h5"), HEAT_ORIGIN_OTHER);
}

static void links_and_directories_are_no_files(void **state) {
  (void)state;
  write_text("empty", "");
  for (int n = 0; n < NAMES; n++) {
    assert_int_equal(symlink("empty", names[n]), 0);
    assert_int_equal(heat_recognise(names[n]), HEAT_ORIGIN_NO_FILE);
    assert_string_equal(heat_recognise_text(names[n]), "is a symbolic link");
    unlink(names[n]);
    assert_int_equal(mkdir(names[n], 0777), 0);
    assert_int_equal(heat_recognise(names[n]), HEAT_ORIGIN_NO_FILE);
    rmdir(names[n]);
    assert_int_equal(mkfifo(names[n], 0666), 0);
    assert_int_equal(heat_recognise(names[n]), HEAT_ORIGIN_NO_FILE); /* without waiting for a writer of the pipe */
    unlink(names[n]);
  }
}

/* A file that may not be read is not reported as a file of another origin. */
static void what_may_not_be_read_is_told(void **state) {
  (void)state;
  enum { NOBODY = 65534 };
  const uid_t self = geteuid(); /* root may read all */
  write_text("snapshot-0000000001.h5", "x");
  assert_string_equal(heat_recognise_text("snapshot-0000000001.h5"), "was not written by heat2d");
  assert_true(chmod("snapshot-0000000001.h5", 0) == 0 && mkdir("locked", 0700) == 0 && chmod(".", 0755) == 0);
  write_text("locked/run.log", "x");
  assert_int_equal(self == 0 ? seteuid(NOBODY) : chmod("locked", 0), 0);
  const char *file = heat_recognise_text("snapshot-0000000001.h5"), *folder = heat_recognise_text("locked/run.log");
  assert_int_equal(self == 0 ? seteuid(self) : chmod("locked", 0700), 0);
  assert_string_equal(file, "cannot be read (permission denied)");
  assert_string_equal(folder, "cannot be examined (permission denied)");
}

/* A file that cannot be read at the moment may belong to a run, and is not taken for a file of another origin. */
static void what_cannot_be_read_is_not_judged(void **state) {
  (void)state;
  static const char path[] = "/proc/self/mem"; /* a regular file, whose first page nobody can read */
  errno = 0;
  assert_int_equal(heat_recognise(path), HEAT_ORIGIN_UNKNOWN);
  assert_int_equal(errno, EIO);
  const heat_status status = heat_directory_remove(path);
  assert_int_equal(status.code, HEAT_IO);
  assert_non_null(strstr(status.text, "cannot be read: "));
}

static void what_holds_nothing_can_be_replaced(void **state) {
  (void)state;
  static const char zeros[4096];
  for (int n = 0; n < NAMES; n++) {
    write_text(names[n], "");
    assert_int_equal(heat_recognise(names[n]), HEAT_ORIGIN_RUN);
    write_bytes(names[n], zeros, sizeof zeros);
    assert_int_equal(heat_recognise(names[n]), HEAT_ORIGIN_RUN);
    unlink(names[n]);
  }
}

/* An HDF5 file of another origin after a block of zeros; and numbers after more zeros than are examined at first. */
static void zeros_before_numbers_are_not_nothing(void **state) {
  (void)state;
  enum { BLOCK = 512, FAR = 200000 };
  const hid_t list = H5Pcreate(H5P_FILE_CREATE);
  assert_true(H5Pset_userblock(list, BLOCK) >= 0);
  const hid_t file = H5Fcreate("checkpoint-0000000007.h5", H5F_ACC_TRUNC, list, H5P_DEFAULT);
  assert_true(H5Fclose(file) >= 0);
  H5Pclose(list);
  assert_int_equal(heat_recognise("checkpoint-0000000007.h5"), HEAT_ORIGIN_OTHER);
  unlink("checkpoint-0000000007.h5");
  static char bytes[FAR];
  bytes[FAR - 1] = 1;
  for (int n = 0; n < NAMES; n++) {
    if (strstr(names[n], ".partial") != NULL) continue;
    write_bytes(names[n], bytes, sizeof bytes);
    assert_int_equal(heat_recognise(names[n]), HEAT_ORIGIN_OTHER);
    unlink(names[n]);
  }
}

static void a_damaged_file_of_a_run_stays_one(void **state) {
  (void)state;
  struct stat info;
  write_hdf5("snapshot-0000000001.h5", digest, NULL);
  assert_int_equal(heat_recognise("snapshot-0000000001.h5"), HEAT_ORIGIN_RUN);
  assert_int_equal(stat("snapshot-0000000001.h5", &info), 0);
  for (off_t length = info.st_size - 1; length > 0; length /= 2) {
    assert_int_equal(truncate("snapshot-0000000001.h5", length), 0);
    if (length >= 8) assert_int_equal(heat_recognise("snapshot-0000000001.h5"), HEAT_ORIGIN_RUN);
  }
}

static void a_resolved_deck_is_known_by_its_form(void **state) {
  (void)state;
  char *text = resolved();
  write_text("deck.yaml", text);
  assert_int_equal(heat_recognise("deck.yaml"), HEAT_ORIGIN_RUN);
  char *longer = malloc(strlen(text) + 64);
  assert_non_null(longer);
  sprintf(longer, "%s# the good one\n", text);
  write_text("deck.yaml", longer);
  assert_int_equal(heat_recognise("deck.yaml"), HEAT_ORIGIN_OTHER);
  /* unless a file of this directory contains it, as after a run of another version */
  write_hdf5("checkpoint-0000000004.h5", digest, longer);
  assert_int_equal(heat_recognise("deck.yaml"), HEAT_ORIGIN_RUN);
  assert_int_equal(heat_recognise("./deck.yaml"), HEAT_ORIGIN_RUN);
  free(longer);
  free(text);
}

static int check(void) {
  return (int)heat_results_check(".").code;
}

static void set_state(const char *state) {
  char text[128];
  snprintf(text, sizeof text, "{\n  \"state\": \"%s\",\n  \"step\": 3\n}\n", state);
  write_text("status.json", text);
}

static void results_are_not_taken_for_nothing(void **state) {
  (void)state;
  assert_int_equal(check(), HEAT_OK);
  assert_int_equal(heat_results_check("nowhere").code, HEAT_OK);
  write_text("snapshot-0000000000.h5", "");
  write_text("history.csv", "");
  assert_int_equal(check(), HEAT_OK); /* killed before its status */
  set_state("running");
  write_text("snapshot-0000000007.h5", "");
  assert_int_equal(check(), HEAT_OK); /* killed before its first checkpoint */
  set_state("failed");
  assert_int_equal(check(), HEAT_OK);
  set_state("done");
  assert_int_equal(check(), HEAT_USAGE);
  set_state("stopped");
  assert_int_equal(check(), HEAT_USAGE);
  unlink("status.json");
  assert_int_equal(check(), HEAT_USAGE);
  unlink("snapshot-0000000007.h5");
  assert_int_equal(check(), HEAT_OK);
}

static void what_was_staged_out_is_not_wiped(void **state) {
  (void)state;
  write_text("staged-out", "2026-11-22T00:00:00Z store:/runs/1\n");
  const heat_status status = heat_results_check(".");
  assert_int_equal(status.code, HEAT_USAGE);
  assert_non_null(strstr(status.text, "./staged-out"));
  set_state("running");
  const struct timespec later[] = {{.tv_sec = 2000000000}, {.tv_sec = 2000000000}};
  assert_int_equal(utimensat(AT_FDCWD, "staged-out", later, 0), 0);
  assert_int_equal(check(), HEAT_USAGE); /* after the end of the run */
  const struct timespec earlier[] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
  assert_int_equal(utimensat(AT_FDCWD, "staged-out", earlier, 0), 0);
  assert_int_equal(check(), HEAT_OK); /* it was another run that had been staged out */
}

/* Here since no more files can be open; a disk that fails does the same. */
static void what_cannot_be_opened_is_not_judged(void **state) {
  (void)state;
  struct rlimit usual, none;
  write_text("history.csv", "notes\n");
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
  none = (struct rlimit){.rlim_cur = 0, .rlim_max = usual.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  const heat_origin origin = heat_recognise("history.csv");
  const int error = errno;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
  assert_int_equal(origin, HEAT_ORIGIN_UNKNOWN);
  assert_int_equal(error, EMFILE);
  assert_int_equal(heat_recognise("history.csv"), HEAT_ORIGIN_OTHER);
}

int main(void) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter, leave)
  const struct CMUnitTest tests[] = {LAW(files_of_others_are_not_a_runs),       LAW(links_and_directories_are_no_files),
                                     LAW(what_cannot_be_read_is_not_judged),    LAW(what_holds_nothing_can_be_replaced),
                                     LAW(zeros_before_numbers_are_not_nothing), LAW(a_damaged_file_of_a_run_stays_one),
                                     LAW(a_resolved_deck_is_known_by_its_form), LAW(results_are_not_taken_for_nothing),
                                     LAW(what_was_staged_out_is_not_wiped),     LAW(what_may_not_be_read_is_told),
                                     LAW(what_cannot_be_opened_is_not_judged)};
  H5Eset_auto(H5E_DEFAULT, NULL, NULL);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
