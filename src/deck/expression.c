/* Expressions over muParser's C interface. expression_text.c has translated the text before the library sees it, and
 * refused what the library would read otherwise than it is meant. */
#include "expression_private.h"

#include <ctype.h>
#include <math.h>
#include <muParserDLL.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct heat_expression {
  muParserHandle_t parser;
  double x, y, t; /* bound to the parser by address */
  bool in_space, in_time;
};

/* The library's error codes, which have no names in C. `named`: the message shows the token at fault. */
typedef struct parse_error {
  int code;
  const char *text;
  bool named;
} parse_error;

static const parse_error parse_errors[] = {
    {0, "unexpected", true},
    {1, "unexpected", true},
    {2, "the expression ends too early", false},
    {3, "unexpected", true},
    {4, "a list stands where one value is needed", false},
    {5, "unexpected", true},
    {6, "unexpected", true},
    {7, "unexpected", true},
    {8, "unexpected", true},
    {11, "a parenthesis is not closed", false},
    {14, "too many arguments for", true},
    {15, "too few arguments for", true},
    {33, "a '?' without its ':'", false},
    {34, "a ':' without its '?'", false},
};

/* The token at which the library stopped, as it was written. */
static int written_token(const char *at) {
  if (isalpha((unsigned char)*at)) return (int)strspn(at, "abcdefghijklmnopqrstuvwxyz");
  return *at == '*' ? 2 : 1;
}

/* The message for an error of the library. All its texts share one buffer, so each is used before the next is asked
 * for. */
static heat_status explain(muParserHandle_t parser, const heat_translation *translation, const char *text) {
  int code = mupGetErrorCode(parser), at = mupGetErrorPos(parser), end = (int)strlen(translation->text);
  const int position = translation->from[at < 0 ? 0 : at < end ? at : end];
  char token[41] = "";
  strncat(token, mupGetErrorToken(parser), sizeof token - 1);
  for (size_t last = strlen(token); last > 0 && token[last - 1] == ' '; last--) token[last - 1] = '\0';
  const char *written = text + position - 1;
  if (at >= 0 && at < end && *written != translation->text[at])
    snprintf(token, sizeof token, "%.*s", written_token(written), written);
  for (size_t i = 0; i < sizeof parse_errors / sizeof *parse_errors; i++) {
    if (parse_errors[i].code != code) continue;
    if (!parse_errors[i].named) return heat_fail(HEAT_DECK, "%s", parse_errors[i].text);
    return heat_fail(HEAT_DECK, "%s '%s' at character %d", parse_errors[i].text, token, position);
  }
  return heat_fail(HEAT_DECK, "it does not parse: %s", mupGetErrorMsg(parser));
}

static double logical_not(double a) {
  return a == 0;
}

/* The remainder with the sign of the divisor, so that it repeats every b also below 0; fmod has that of the dividend.
 */
static double floored_mod(double a, double b) {
  const double rest = fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static double unit_step(double a) {
  return isnan(a) ? a : a >= 0;
}

static double clamp(double a, double low, double high) {
  return a < low ? low : a > high ? high : a;
}

/* What the library does not have. All are functions of their arguments alone, so that constants may be folded. */
static void define_functions(muParserHandle_t parser) {
  static const struct {
    const char *name;
    muFun1_t one;
    muFun2_t two;
  } functions[] = {
      {"mod", NULL, floored_mod}, {"fmod", NULL, fmod}, {"hypot", NULL, hypot}, {"pow", NULL, pow},
      {"floor", floor, NULL},     {"ceil", ceil, NULL}, {"round", round, NULL}, {"trunc", trunc, NULL},
      {"erf", erf, NULL},         {"erfc", erfc, NULL}, {"cbrt", cbrt, NULL},   {"step", unit_step, NULL},
  };
  for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
    if (functions[f].one != NULL) mupDefineFun1(parser, functions[f].name, functions[f].one, 1);
    if (functions[f].two != NULL) mupDefineFun2(parser, functions[f].name, functions[f].two, 1);
  }
  mupDefineFun3(parser, "clamp", clamp, 1);
  mupDefineFun1(parser, HEAT_EXPRESSION_NOT, logical_not, 1);
  mupDefineConst(parser, "pi", acos(-1.0));
  mupDefineConst(parser, "e", exp(1.0));
}

static bool has_decimal_comma(const char *text) {
  const char *comma = text;
  while ((comma = strchr(comma, ',')) != NULL) {
    if (comma > text && isdigit((unsigned char)comma[-1]) && isdigit((unsigned char)comma[1])) return true;
    comma++;
  }
  return false;
}

/* The library parses at the first evaluation. It must come before the variables are asked for: that question makes the
 * library take unknown names for variables without a place. */
static heat_status compile(heat_expression *e, const char *text, bool time_allowed) {
  heat_translation translation;
  heat_status status = heat_expression_translate(&translation, text, time_allowed);
  if (status.code != HEAT_OK) return status;
  mupDefineVar(e->parser, "x", &e->x);
  mupDefineVar(e->parser, "y", &e->y);
  if (time_allowed) mupDefineVar(e->parser, "t", &e->t);
  define_functions(e->parser);
  mupSetExpr(e->parser, translation.text);
  int results = 0;
  mupEvalMulti(e->parser, &results);
  if (mupError(e->parser)) return explain(e->parser, &translation, text);
  if (results != 1)
    return heat_fail(HEAT_DECK, "%d values separated by commas, but one is needed%s", results,
                     has_decimal_comma(text) ? " (decimals are set off by a point: 1.5, not 1,5)" : "");
  int used = mupGetExprVarNum(e->parser);
  for (unsigned i = 0; i < (unsigned)used; i++) {
    const char *name = NULL;
    double *place = NULL;
    mupGetExprVar(e->parser, i, &name, &place);
    e->in_space = e->in_space || place == &e->x || place == &e->y;
    e->in_time = e->in_time || place == &e->t;
  }
  return heat_ok();
}

heat_status heat_expression_create(heat_expression **expression, const char *text, bool time_allowed) {
  *expression = NULL;
  heat_expression *e = calloc(1, sizeof *e);
  if (e == NULL) return heat_no_memory("an expression", sizeof *e);
  e->parser = mupCreate(muBASETYPE_FLOAT);
  heat_status status = compile(e, text, time_allowed);
  if (status.code != HEAT_OK) {
    heat_expression_destroy(e);
    return status;
  }
  *expression = e;
  return status;
}

void heat_expression_destroy(heat_expression *e) {
  if (e == NULL) return;
  mupRelease(e->parser);
  free(e);
}

double heat_expression_value(heat_expression *e, double x, double y, double t) {
  e->x = x;
  e->y = y;
  e->t = t;
  double value = mupEval(e->parser);
  if (!mupError(e->parser)) return value;
  mupErrorReset(e->parser);
  return NAN;
}

bool heat_expression_in_space(const heat_expression *e) {
  return e->in_space;
}

bool heat_expression_in_time(const heat_expression *e) {
  return e->in_time;
}
