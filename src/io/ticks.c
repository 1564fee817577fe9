#include "heat2d/io/ticks.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BASE_TEXT = 20 }; /* largest number of characters of the base of offset ticks */

/* value / (mantissa 10^exponent), with a power of ten that is exact whenever a label can show the difference. */
static double steps_in(double value, int mantissa, int exponent) {
  return exponent < 0 ? value * pow(10.0, -exponent) / mantissa : value / (mantissa * pow(10.0, exponent));
}

/* The multiples of mantissa 10^exponent within low..high. */
static heat_ticks ticks_within(double low, double high, int mantissa, int exponent) {
  const double slack = 1e-6; /* as a fraction of a step, so that 0.3 counts as three times 0.1 */
  double first = ceil(steps_in(low, mantissa, exponent) - slack);
  double last = floor(steps_in(high, mantissa, exponent) + slack);
  return (heat_ticks){.count = (int)(last - first) + 1,
                      .first = (int64_t)first,
                      .mantissa = mantissa,
                      .exponent = exponent,
                      .form = HEAT_TICK_FIXED};
}

/* k 10^exponent, correctly rounded for all exponents that labels show. */
static double number_value(int64_t k, int exponent) {
  return exponent < 0 ? (double)k / pow(10.0, -exponent) : (double)k * pow(10.0, exponent);
}

/* Write the number in the form 0.125. It is cut if it does not fit, and the caller sees that it is too long. */
static void number_fixed(int64_t k, int exponent, char text[], size_t bytes) {
  snprintf(text, bytes, "%.*f", exponent < 0 ? -exponent : 0, number_value(k, exponent));
}

/* Write the number in the form 1.25e-7, without unnecessary digits. */
static void number_scientific(int64_t k, int exponent, char text[], size_t bytes) {
  for (; k != 0 && k % 10 == 0; k /= 10) exponent++;
  char digits[sizeof "-9223372036854775808"];
  int length = snprintf(digits, sizeof digits, "%lld", llabs((long long)k));
  snprintf(text, bytes, "%s%c%s%se%d", k < 0 ? "-" : "", digits[0], length > 1 ? "." : "", digits + 1,
           exponent + length - 1);
}

double heat_ticks_value(const heat_ticks *ticks, int i) {
  return number_value((ticks->first + i) * ticks->mantissa, ticks->exponent);
}

void heat_ticks_base(const heat_ticks *ticks, char text[HEAT_TICK_TEXT]) {
  int64_t k = ticks->first * ticks->mantissa;
  int exponent = ticks->exponent;
  for (; k % 10 == 0 && exponent < 0; k /= 10) exponent++;
  number_fixed(k, exponent, text, HEAT_TICK_TEXT);
  if (strlen(text) > BASE_TEXT) number_scientific(k, exponent, text, HEAT_TICK_TEXT);
}

void heat_ticks_label(const heat_ticks *ticks, int i, char text[HEAT_TICK_TEXT]) {
  bool offset = ticks->form == HEAT_TICK_OFFSET;
  int64_t k = (offset ? i : ticks->first + i) * ticks->mantissa;
  size_t sign = offset ? 1 : 0, bytes = HEAT_TICK_TEXT - sign;
  memcpy(text, "+", sign);
  if (k == 0)
    snprintf(text + sign, bytes, "0");
  else if (ticks->form == HEAT_TICK_FIXED)
    number_fixed(k, ticks->exponent, text + sign, bytes);
  else
    number_scientific(k, ticks->exponent, text + sign, bytes);
}

int heat_ticks_length(const heat_ticks *ticks) {
  int longest = 0;
  for (int i = 0; i < ticks->count; i++) {
    char text[HEAT_TICK_TEXT];
    heat_ticks_label(ticks, i, text);
    int length = (int)strlen(text);
    if (length > longest) longest = length;
  }
  return longest;
}

/* Choose the form of the labels that is easiest to read: without an exponent unless that is much shorter. */
static heat_tick_form ticks_form(heat_ticks ticks) {
  const int saving = 4;
  ticks.form = HEAT_TICK_FIXED;
  int fixed = heat_ticks_length(&ticks);
  ticks.form = HEAT_TICK_SCIENTIFIC;
  int scientific = heat_ticks_length(&ticks);
  if (fixed <= HEAT_TICK_LABEL && fixed < scientific + saving) return HEAT_TICK_FIXED;
  return scientific <= HEAT_TICK_LABEL ? HEAT_TICK_SCIENTIFIC : HEAT_TICK_OFFSET;
}

/* Whether ticks of the range have different values, which can be written as labels. */
static bool is_resolved(double low, double high) {
  const double resolved = 1e-12; /* relative to the values: a smaller range is rounding error */
  const double least = 1e-100, greatest = 1e100;
  const double range = high - low, magnitude = fmax(fabs(low), fabs(high));
  return range > resolved * magnitude && range > least && magnitude < greatest;
}

static const int mantissas[] = {5, 2, 1};
enum { MANTISSAS = sizeof mantissas / sizeof *mantissas };

heat_ticks heat_ticks_choose(double low, double high, int wanted) {
  heat_ticks ticks = {.count = 0};
  if (!is_resolved(low, high)) return ticks;
  const int decade = (int)floor(log10(high - low));
  for (int i = 0; ticks.count < wanted; i++)
    ticks = ticks_within(low, high, mantissas[i % MANTISSAS], decade - i / MANTISSAS);
  if (ticks.count >= 2 * wanted) ticks = ticks_within(low, high, 25, ticks.exponent - 1);
  ticks.form = ticks_form(ticks);
  return ticks;
}

heat_ticks heat_ticks_at_most(double low, double high, int most) {
  heat_ticks ticks = {.count = 0};
  if (!is_resolved(low, high)) return ticks;
  const int decade = (int)floor(log10(high - low)) + 1; /* exponent of a step that is longer than the range */
  for (int i = 0;; i++) {
    const heat_ticks finer = ticks_within(low, high, mantissas[i % MANTISSAS], decade - i / MANTISSAS);
    if (finer.count > most) break;
    ticks = finer;
  }
  ticks.form = ticks_form(ticks);
  return ticks;
}

/* Write the value with `count` decimals, without trailing zeros. */
static void decimals(double value, int count, char text[], size_t bytes) {
  snprintf(text, bytes, "%.*f", count, value);
  if (strchr(text, '.') == NULL) return;
  for (char *last = text + strlen(text) - 1; *last == '0' || *last == '.'; last--) {
    const bool point = *last == '.';
    *last = '\0';
    if (point) break;
  }
  if (strcmp(text, "-0") == 0) memcpy(text, "0", sizeof "0");
}

void heat_ticks_between(const heat_ticks *ticks, double value, char text[HEAT_TICK_TEXT]) {
  enum { MORE = 2, MOST_DIGITS = 7 };
  const int own = ticks->exponent < 0 ? -ticks->exponent : 0;
  if (ticks->count > 0 && ticks->form == HEAT_TICK_FIXED)
    for (int count = own + MORE; count >= own; count--) {
      decimals(value, count, text, HEAT_TICK_TEXT);
      if (strlen(text) <= HEAT_TICK_LABEL) return;
    }
  const bool offset = ticks->count > 0 && ticks->form == HEAT_TICK_OFFSET;
  const double shown = offset ? value - heat_ticks_value(ticks, 0) : value;
  for (int digits = offset ? 2 : MOST_DIGITS; digits > 0; digits--) {
    char label[HEAT_TICK_TEXT] = "";
    snprintf(label, sizeof label, offset && shown > 0 ? "+%.*g" : "%.*g", digits, shown);
    char *exponent = strchr(label, 'e');
    if (exponent != NULL) { /* 1e-7 instead of 1e-07 */
      const int power = atoi(exponent + 1);
      snprintf(exponent, sizeof label - (size_t)(exponent - label), "e%d", power);
    }
    memcpy(text, label, sizeof label);
    if (strlen(text) <= HEAT_TICK_LABEL) return;
  }
}
