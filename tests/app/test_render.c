/* `heat2d render` as a user sees it. */
#include "command.h"
#include "thinned.h"

static const char deck[] =
    "title: Wärme\n"
    "domain: {size: [0.2, 0.1], cells: [32, 16]}\n"
    "material: {diffusivity: 1e-4}\n"
    "initial: {temperature: 300}\n"
    "regions:\n"
    "  - {shape: circle, center: [0.06, 0.05], radius: 0.03, temperature: 400, name: Wärme}\n"
    "  - {shape: rectangle, min: [0.12, 0], max: [0.2, 0.1], diffusivity: 2e-5, name: cold}\n"
    "time: {end: 1}\n"
    "output: {directory: out, every: 0.25, images: {range: [300, 400], width: 300, region_names: true},\n"
    "  probes: [{name: a, at: [0.06, 0.05]},\n"
    "           {name: line, from: [0, 0.05], to: [0.2, 0.05], count: 5}]}\n";
enum { PICTURES = 5 };

static int make_run(void **state) {
  (void)state;
  if (exists("out")) return 0;
  write_text("deck.yaml", deck);
  assert_code(0, heat2d(0, "run deck.yaml --progress none"));
  return count_files("out", "snapshot-", ".h5") == PICTURES ? 0 : -1;
}

/* With the same range a picture of a snapshot has the bytes of the picture that the run drew; on any number of ranks.
 */
static void pictures_are_those_of_the_run(void **state) {
  (void)state;
  for (int ranks = 0; ranks <= 4; ranks++) {
    if (!is_taken(ranks, 3)) continue;
    char first[LINE_MOST], last[LINE_MOST];
    assert_code(0, heat2d(ranks, "render out -o p%d --film none", ranks));
    char directory[16];
    snprintf(directory, sizeof directory, "p%d", ranks);
    assert_int_equal(count_files(directory, "picture-", ".png"), PICTURES);
    shell("cd out && for f in frame-*.png; do cmp $f ../p%d/picture-${f#frame-} || exit 1; done", ranks);
    assert_no_leftovers(directory);
    assert_true(last_file(first, "out", "frame-", ".png") && last_file(last, directory, "picture-", ".png"));
  }
}

/* All pictures of a film have the range of all files, whatever each of them holds. */
static void an_automatic_range_is_that_of_all_files(void **state) {
  (void)state;
  char last[LINE_MOST];
  assert_true(last_file(last, "out", "snapshot-", ".h5"));
  assert_code(0, heat2d(2, "render out -o auto --film none --set images.range=auto"));
  assert_non_null(strstr(command.out, "300 to 400 K"));
  assert_code(0, heat2d(0, "render %s -o alone.png --set images.range=auto", last));
  assert_null(strstr(command.out, "to 400 K"));
  assert_code(0, heat2d(0, "render %s -o fixed.png", last));
  shell("cmp -s alone.png fixed.png && exit 1; cmp fixed.png p0/picture-$(basename %s .h5 | sed s/snapshot-//).png",
        last);
}

static void what_render_wrote_is_replaced_and_nothing_else(void **state) {
  (void)state;
  assert_code(0, heat2d(0, "render out -o again --film none"));
  assert_code(0, heat2d(0, "render out -o again --film none --set images.colormap=viridis"));
  char *before = fingerprint("out");
  assert_code(64, heat2d(0, "render out -o out"));
  assert_one_complaint("heat2d: 'out' holds a run", "--output");
  assert_code(64, heat2d(0, "render out -o out/film.gif"));
  assert_one_complaint("heat2d: 'out' holds a run", "--output");
  assert_code(64, heat2d(0, "render out -o out/pictures"));
  assert_one_complaint("heat2d: 'out' holds a run", "--output");
  char *after = fingerprint("out");
  assert_string_equal(before, after);
  free(before);
  free(after);
  char last[LINE_MOST];
  assert_true(last_file(last, "again", "picture-", ".png"));
  write_text(last, "mine\n");
  assert_code(64, heat2d(2, "render out -o again --film none"));
  assert_one_complaint("heat2d: 'again/picture-", "was not written by heat2d");
  char *text = read_text(last);
  assert_string_equal(text, "mine\n");
  free(text);
}

static void wrong_command_lines_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *arguments, *part;
    int code;
  } cases[] = {{"render", "usage", 64},
               {"render nowhere.h5", "nowhere.h5", 74},
               {"render deck.yaml", "deck.yaml", 74},
               {"render out out", "directory", 64},
               {"render out --format bmp", "'bmp' is not one of png, svg, pdf", 64},
               {"render out --film avi", "'avi' is not one of mp4, webm, gif, none", 64},
               {"render out --film gif --format svg", "PNG", 64},
               {"render out --set domain.cells=3", "is not a setting of pictures", 64},
               {"render out -o x.png", "one picture", 64},
               {"render out/snapshot-0000000000.h5 -o x.png --format svg", "'x.png' is not in svg", 64},
               {"render out -o x.gif --film webm", "'x.gif' is not in webm", 64},
               {"render out --history -o x.pdf --format png", "'x.pdf' is not in png", 64},
               {"render out --history --rate 5", "are for films", 64},
               {"render out --probes --film gif", "are for films", 64},
               {"render out --probes --set images.width=300", "is not a setting of a plot", 64},
               {"render out --rate 0", "is not in", 64},
               {"render out --history --probes", "exclude each other", 64},
               {"render out --difference", "two files", 64},
               {"render empty", "no snapshots", 65},
               {"render empty --history", "history.csv", 65}};
  shell("mkdir -p empty");
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    assert_code(cases[n].code, heat2d(n % 2 == 0 ? 0 : 2, "%s", cases[n].arguments));
    assert_one_complaint(cases[n].code == 65 ? "" : "heat2d: ", cases[n].part); /* a fault begins with its place */
  }
  assert_code(65, heat2d(0, "render out --set images.colormap=blue -o blue"));
  assert_one_complaint("--set:1:", "not 'blue'");
  assert_false(exists("blue") || exists("out-pictures"));
}

/* A damaged file is found before anything is drawn. */
static void a_damaged_file_is_told(void **state) {
  (void)state;
  char last[LINE_MOST];
  shell("rm -rf bad && mkdir bad && cp out/snapshot-*.h5 bad");
  assert_true(last_file(last, "bad", "snapshot-", ".h5"));
  size_t length;
  free(read_bytes(last, &length));
  shell("truncate -s %zu %s", length / 2, last);
  assert_code(74, heat2d(3, "render bad -o bad-pictures"));
  assert_one_complaint("heat2d: ", "bad/snapshot-");
  assert_false(exists("bad-pictures"));
}

static void a_film_is_made_where_ffmpeg_is_and_told_where_it_is_not(void **state) {
  (void)state;
  strcpy(command.rank_environment, "PATH=/nowhere");
  assert_code(0, heat2d(1, "render out -o none.gif"));
  command.rank_environment[0] = '\0';
  assert_non_null(strstr(command.out, "no film: there is no ffmpeg on PATH; the pictures are in none.gif.frames"));
  assert_int_equal(count_files("none.gif.frames", "picture-", ".png"), PICTURES);
  assert_false(exists("none.gif"));
  if (system("command -v ffmpeg >/dev/null") != 0) {
    print_message("no ffmpeg here: no film was made\n");
    return;
  }
  static const char *const kinds[] = {"gif", "mp4", "webm"};
  for (int n = 0; n < 3; n++)
    for (int time = 0; time < fewer(2, 2);
         time++) { /* a film of heat2d is replaced, by one with the same bytes on other numbers of ranks */
      char path[32];
      snprintf(path, sizeof path, "film.%s", kinds[n]);
      assert_code(0, heat2d(2 * time + 1, "render out -o %s", path));
      shell("test -s %s && ! ls *.partial && { test %d = 0 && cp %s first.film || cmp first.film %s; }", path, time,
            path, path);
      assert_false(exists("film.gif.frames") || exists("film.mp4.frames") || exists("film.webm.frames"));
    }
  write_text("film.gif", "mine\n");
  assert_code(64, heat2d(0, "render out -o film.gif"));
  assert_one_complaint("heat2d: 'film.gif'", "was not written by heat2d");
}

/* Without a font pictures show only the fields, and no plot is drawn. */
static void without_fonts_there_is_no_text(void **state) {
  (void)state;
  write_text("fonts.conf", "<?xml version=\"1.0\"?><!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">"
                           "<fontconfig><dir>/nowhere</dir></fontconfig>\n");
  snprintf(command.rank_environment, sizeof command.rank_environment, "FONTCONFIG_FILE=%s/fonts.conf",
           command.directory);
  const int pictures = heat2d(0, "render out -o bare --film none"),
            plot = heat2d(0, "render out --history -o bare.png");
  command.rank_environment[0] = '\0';
  assert_int_equal(pictures, 0);
  assert_code(74, plot);
  assert_one_complaint("heat2d: no font is installed here", "");
  assert_int_equal(count_files("bare", "picture-", ".png"), PICTURES);
  assert_false(exists("bare.png"));
}

static void tables_are_plotted(void **state) {
  (void)state;
  for (int n = 0; n < 2; n++) {
    assert_code(0, heat2d(n + 1, "render out --history -o history.png"));
    assert_code(0, heat2d(n + 1, "render out --probes --format svg"));
    assert_true(exists("history.png") && exists("probes.svg"));
  }
  assert_code(0, heat2d(0, "render out --history -o other.png --set title=Other --film none"));
  shell("cmp -s history.png other.png && exit 1; exit 0");
  assert_code(0, heat2d(0, "render out --history -o other.png --set title=Wärme --set unit=K"));
  assert_true(same_bytes("history.png", "other.png"));
}

static void differences_are_drawn(void **state) {
  (void)state;
  char last[LINE_MOST];
  assert_true(last_file(last, "out", "snapshot-", ".h5"));
  assert_code(0, heat2d(0, "render --difference %s out/snapshot-0000000000.h5 -o d.png", last));
  assert_code(0, heat2d(2, "render --difference %s %s -o zero.pdf", last, last));
  assert_true(exists("d.png") && exists("zero.pdf"));
  static const char *const sets[] = {"title=Other", "images.range=[-1,1]", "images.colormap=viridis"};
  for (int n = 0; n < 3; n++) {
    assert_code(0, heat2d(0, "render --difference %s out/snapshot-0000000000.h5 -o e.png --set %s", last, sets[n]));
    shell("cmp -s d.png e.png && exit 1; exit 0");
  }
  if (!exists("other"))
    assert_code(0, heat2d(0, "run deck.yaml --progress none --set output.directory=other --set domain.cells=[16,8]"));
  assert_code(65, heat2d(0, "render --difference %s other/snapshot-0000000000.h5 -o d.png", last));
  assert_one_complaint("'other/snapshot-0000000000.h5' has 16 x 8 cells", "32 x 16");
}

int main(void) {
  begin_commands();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pictures_are_those_of_the_run),
      cmocka_unit_test(an_automatic_range_is_that_of_all_files),
      cmocka_unit_test(what_render_wrote_is_replaced_and_nothing_else),
      cmocka_unit_test(wrong_command_lines_are_refused),
      cmocka_unit_test(a_damaged_file_is_told),
      cmocka_unit_test(a_film_is_made_where_ffmpeg_is_and_told_where_it_is_not),
      cmocka_unit_test(without_fonts_there_is_no_text),
      cmocka_unit_test(tables_are_plotted),
      cmocka_unit_test(differences_are_drawn),
  };
  return end_commands(cmocka_run_group_tests(tests, make_run, NULL));
}
