/* `heat2d keys`: every key, a section, one key. */
#include "deck/deck_text.h"

static char *print_keys(const char *key, heat_status *status) {
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  *status = heat_config_print_keys(out, key);
  fclose(out);
  return text;
}

static void keys_show_every_key_of_the_resolved_deck(void **state) {
  (void)state;
  heat_status status;
  char *keys = print_keys(NULL, &status);
  assert_int_equal(status.code, HEAT_OK);
  size_t width = 0;
  for (const char *line = keys; *line != '\0'; line += width + 1) {
    width = strcspn(line, "\n");
    assert_true(width <= 120);
  }
  heat_config *c = parse_right(whole_deck, NULL);
  char *deck = heat_config_write(c), section[64] = "";
  for (const char *line = deck; *line != '\0'; line += strcspn(line, "\n") + 1) {
    char key[128];
    size_t indent = strspn(line, " ");
    int length = (int)strcspn(line + indent, ":");
    if (line[indent] == '-') continue;
    if (indent == 0) snprintf(section, sizeof section, "%.*s", length, line);
    snprintf(key, sizeof key, "\n%s%s%.*s ", indent > 0 ? section : "", indent > 0 ? "." : "", length, line + indent);
    assert_non_null(strstr(keys, key));
  }
  free(deck);
  free(keys);
  heat_config_destroy(c);
}

static void keys_of_one_section_and_one_key(void **state) {
  (void)state;
  static const struct {
    const char *key, *shown, *not_shown;
  } cases[] = {
      {"time", "time.safety", "output.every"},
      {"time.s", "time.steady", "time.end"},
      {"regions.0", "regions.*.radius", "boundary"},
      {"regions.0.radius", "required when shape is circle", "center"},
      {"boundary.left.value", "x, y (m), t (s), pi", "flux"},
      {"time.step", "auto or a number", "time.end"},
      {"domain.size.1", "must stay as it was", "cells"},
      {"output.probes", "output.probes.*.at", "compression"},
      {"output.probes.0.count", "required when from is given", "at"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    heat_status status;
    char *text = print_keys(cases[i].key, &status);
    assert_int_equal(status.code, HEAT_OK);
    assert_non_null(strstr(text, cases[i].shown));
    assert_null(strstr(text, cases[i].not_shown));
    free(text);
  }
  static const struct {
    const char *key, *message;
  } unknown[] = {
      {"time.stpe", "time.stpe: unknown key (nearest: time.step)"},
      {"raduis", "raduis: unknown key (nearest: regions.*.radius)"},
      {"boundary.front.type", "boundary.front.type: unknown key (nearest: boundary.*.type)"},
  };
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
    heat_status status;
    char *text = print_keys(unknown[i].key, &status);
    assert_string_equal(text, "");
    assert_string_equal(status.text, unknown[i].message);
    assert_int_equal(status.code, HEAT_USAGE);
    free(text);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_show_every_key_of_the_resolved_deck),
      cmocka_unit_test(keys_of_one_section_and_one_key),
  };
  heat_launch(&argc, &argv);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  MPI_Finalize();
  return failed;
}
