/* Statuses: messages are one line whatever they contain, and all ranks agree on the worst status. */
#include "heat2d/base/status.h"

#include "harness.h"

#include <math.h>
#include <string.h>

static void a_failure_keeps_its_code_and_its_formatted_text(void **state) {
  (void)state;
  assert_int_equal(heat_ok().code, HEAT_OK);
  assert_string_equal(heat_ok().text, "");
  heat_status status = heat_fail(HEAT_DECK, "%s: %d of %g", "here", 3, 2.5);
  assert_int_equal(status.code, HEAT_DECK);
  assert_string_equal(status.text, "here: 3 of 2.5");
  status = heat_no_memory("a field", 12345678901);
  assert_int_equal(status.code, HEAT_IO);
  assert_non_null(strstr(status.text, "12345678901"));
  assert_non_null(strstr(status.text, "a field"));
}

static void what_would_break_the_line_becomes_a_space(void **state) {
  (void)state;
  assert_string_equal(heat_fail(HEAT_DECK, "a\nb\tc\033[1m\x7f.").text, "a b c [1m .");
  assert_string_equal(heat_fail(HEAT_DECK, "gr\xc3\xb6\xc3\x9f"
                                           "er")
                          .text,
                      "gr\xc3\xb6\xc3\x9f"
                      "er");
}

/* Texts just shorter than, as long as and longer than the space for them, of characters of one, two, three and four
 * bytes. */
static void a_text_too_long_ends_in_dots_between_characters(void **state) {
  (void)state;
  static const char *const characters[] = {"a", "\xc3\xb6", "\xe2\x82\xac", "\xf0\x9f\x94\xa5"};
  for (size_t c = 0; c < sizeof characters / sizeof *characters; c++) {
    const size_t width = strlen(characters[c]);
    for (size_t lead = 0; lead < 4; lead++) {
      for (size_t length = HEAT_STATUS_TEXT - 12; length < HEAT_STATUS_TEXT + 12; length++) {
        char text[2 * HEAT_STATUS_TEXT] = "";
        memset(text, '.', lead);
        size_t used = lead;
        for (; used + width <= length; used += width) memcpy(text + used, characters[c], width);
        text[used] = '\0';
        const heat_status status = heat_fail(HEAT_IO, "%s", text);
        if (used < HEAT_STATUS_TEXT) {
          assert_string_equal(status.text, text);
          continue;
        }
        const size_t kept = strlen(status.text) - 3;
        assert_true(kept + 3 < HEAT_STATUS_TEXT && kept + 3 + width >= HEAT_STATUS_TEXT - 1);
        assert_string_equal(status.text + kept, "...");
        assert_memory_equal(status.text, text, kept);
        assert_int_equal((kept - lead) % width, 0);
      }
    }
  }
}

/* A printed limit reads back as a number within the limit, as near to it as its digits allow. */
static void a_limit_that_is_printed_can_be_typed_back(void **state) {
  (void)state;
  static const double plain[] = {0.1, 0.3, 1, 0.7 + 0.1, 1e15, 0, 1e-300, 1 - 0x1p-53, 9.9999999999, 0x1p-1074};
  uint64_t seed = 1;
  for (int n = 0; n < 20000; n++) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    double limit = n < 10 ? plain[n] : ldexp((double)(seed >> 11), (int)(seed % 200) - 150);
    if (n % 2 == 1) limit = -limit;
    for (int digits = 3; digits <= 15; digits += 3) {
      char below[64], above[64];
      snprintf(below, sizeof below, "%.*g", digits, heat_limit_below(limit, digits));
      snprintf(above, sizeof above, "%.*g", digits, heat_limit_above(limit, digits));
      const double low = strtod(below, NULL), high = strtod(above, NULL), unit = fabs(limit) * pow(10, 1 - digits);
      if (!(low <= limit && low >= limit - unit && high >= limit && high <= limit + unit))
        fail_msg("%.17g with %d digits: %s, %s", limit, digits, below, above);
    }
  }
  char text[64];
  snprintf(text, sizeof text, "%.9g", heat_limit_below(0.3, 9));
  assert_string_equal(text, "0.3"); /* a decimal number stays as it is */
  assert_true(isinf(heat_limit_below(INFINITY, 9)));
}

static void the_first_failure_of_two_is_kept(void **state) {
  (void)state;
  const heat_status a = heat_fail(HEAT_DECK, "a"), b = heat_fail(HEAT_IO, "b");
  assert_int_equal(heat_first(heat_ok(), heat_ok()).code, HEAT_OK);
  assert_string_equal(heat_first(a, b).text, "a");
  assert_string_equal(heat_first(a, heat_ok()).text, "a");
  assert_string_equal(heat_first(heat_ok(), b).text, "b");
  assert_int_equal(heat_first(heat_ok(), b).code, HEAT_IO);
}

static void when_no_rank_failed_all_agree_that_all_is_well(void **state) {
  (void)state;
  const heat_status agreed = heat_agree(MPI_COMM_WORLD, heat_ok());
  assert_true(everywhere(agreed.code == HEAT_OK && strcmp(agreed.text, "") == 0));
}

/* Every pair of ranks (a, b) with every pair of codes: the higher code wins, and of equal ones the lower rank. */
static void the_highest_code_wins_and_of_those_the_lowest_rank(void **state) {
  (void)state;
  static const heat_code codes[] = {HEAT_OK, HEAT_DIFFERENT, HEAT_DECK, HEAT_IO, HEAT_STOPPED};
  enum { CODES = sizeof codes / sizeof *codes };
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int a = 0; a < size; a++) {
    for (int b = a + 1; b < size; b++) {
      for (int pair = 0; pair < CODES * CODES; pair++) {
        const heat_code of_a = codes[pair % CODES], of_b = codes[pair / CODES];
        const heat_code code = rank == a ? of_a : rank == b ? of_b : HEAT_OK;
        const heat_status mine = code == HEAT_OK ? heat_ok() : heat_fail(code, "rank %d", rank);
        const heat_status agreed = heat_agree(MPI_COMM_WORLD, mine);
        char expected[HEAT_STATUS_TEXT] = "";
        const heat_code worst = of_a >= of_b ? of_a : of_b;
        if (worst != HEAT_OK) snprintf(expected, sizeof expected, "rank %d", of_a >= of_b ? a : b);
        assert_true(everywhere(agreed.code == worst && strcmp(agreed.text, expected) == 0));
      }
    }
  }
}

static void when_every_rank_failed_rank_0_speaks(void **state) {
  (void)state;
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const heat_status agreed = heat_agree(MPI_COMM_WORLD, heat_fail(HEAT_NUMERICS, "rank %d", rank));
  assert_true(everywhere(agreed.code == HEAT_NUMERICS && strcmp(agreed.text, "rank 0") == 0));
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_failure_keeps_its_code_and_its_formatted_text),
      cmocka_unit_test(what_would_break_the_line_becomes_a_space),
      cmocka_unit_test(a_text_too_long_ends_in_dots_between_characters),
      cmocka_unit_test(a_limit_that_is_printed_can_be_typed_back),
      cmocka_unit_test(the_first_failure_of_two_is_kept),
      cmocka_unit_test(when_no_rank_failed_all_agree_that_all_is_well),
      cmocka_unit_test(the_highest_code_wins_and_of_those_the_lowest_rank),
      cmocka_unit_test(when_every_rank_failed_rank_0_speaks),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
