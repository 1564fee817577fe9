/* Expressions, evaluated through muParser's C interface. Before that, expression_text.c translates the text and refuses
 * what the library would interpret in another way than its author means. */
#include "expression_private.h"

#include <ctype.h>
#include <math.h>
#include <muParserDLL.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct heat_expression {
  muParserHandle_t parser;
  double x, y, t; /* the parser reads them through their addresses */
  bool in_space, in_time;
  heat_program program; /* evaluates many points at once */
};

/* The library's error codes, which have no names in its C interface. `named`: the message shows the wrong token. */
typedef struct parse_error {
  int code;
  const char *text;
  bool named;
} parse_error;

enum { TOO_MANY_ARGUMENTS = 14 };
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
    {TOO_MANY_ARGUMENTS, "too many arguments for", true},
    {15, "too few arguments for", true},
    {33, "a '?' without its ':'", false},
    {34, "a ':' without its '?'", false},
};

/* Return the length of the token, in the original text, at which the library stopped. */
static int written_token(const char *at) {
  if (isalpha((unsigned char)*at)) return (int)strspn(at, "abcdefghijklmnopqrstuvwxyz");
  return *at == '*' ? 2 : 1;
}

static bool has_decimal_comma(const char *text) {
  const char *comma = text;
  while ((comma = strchr(comma, ',')) != NULL) {
    if (comma > text && isdigit((unsigned char)comma[-1]) && isdigit((unsigned char)comma[1])) return true;
    comma++;
  }
  return false;
}

static const char decimal_point[] = " (decimals are written with a point: 1.5, not 1,5)";

/* Make the message for an error of the library. All texts that the library returns share one buffer, so that each has
 * to be used before the next call. */
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
    return heat_fail(HEAT_DECK, "%s '%s' at character %d%s", parse_errors[i].text, token, position,
                     code == TOO_MANY_ARGUMENTS && has_decimal_comma(text) ? decimal_point : "");
  }
  return heat_fail(HEAT_DECK, "it does not parse: %s", mupGetErrorMsg(parser));
}

/* Define the functions that the library does not have. They depend on their arguments only, so that the library may
 * evaluate them for constants while it compiles. */
static void define_functions(muParserHandle_t parser) {
  for (int f = 0; f < heat_function_count; f++) {
    const heat_function *function = &heat_functions[f];
    if (!function->ours) continue;
    if (function->one != NULL) mupDefineFun1(parser, function->name, function->one, 1);
    if (function->two != NULL) mupDefineFun2(parser, function->name, function->two, 1);
    if (function->three != NULL) mupDefineFun3(parser, function->name, function->three, 1);
  }
  mupDefineConst(parser, "pi", acos(-1.0));
  mupDefineConst(parser, "e", exp(1.0));
}

/* Whether the program gives the same bits as the library, compared at points of many magnitudes. Another version of the
 * library may combine constants in another way. */
static bool agrees(heat_expression *e) {
  enum { POINTS = 64 };
  const double golden = 0.6180339887498949, most = 40; /* powers of two */
  double part = 0;
  for (int n = 0; n < POINTS && e->program.count > 0; n++) {
    double at[3], value;
    for (int v = 0; v < 3; v++) {
      part = fmod(part + golden, 1);
      at[v] = n < POINTS / 2 ? 2 * part - 1 : ldexp(part, (int)(most * (fmod(part * POINTS, 1) - 0.5)));
    }
    const heat_points point = {.along = &at[0], .across = &at[1], .count = 1, .lines = 1, .t = at[2]};
    heat_program_run(&e->program, e->program.count - 1, &point, &value, 1);
    const double right = heat_expression_value(e, at[0], at[1], at[2]);
    if (memcmp(&value, &right, sizeof value) != 0 && !(isnan(value) && isnan(right))) return false;
  }
  return true;
}

/* The library parses at the first evaluation. This has to come before asking for the variables, which makes the library
 * accept unknown names as variables without an address. */
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
                     has_decimal_comma(text) ? decimal_point : "");
  int used = mupGetExprVarNum(e->parser);
  for (unsigned i = 0; i < (unsigned)used; i++) {
    const char *name = NULL;
    double *place = NULL;
    mupGetExprVar(e->parser, i, &name, &place);
    e->in_space = e->in_space || place == &e->x || place == &e->y;
    e->in_time = e->in_time || place == &e->t;
  }
  heat_program_compile(&e->program, translation.text);
  if (!agrees(e)) e->program.count = 0;
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

void heat_expression_values(heat_expression *e, const heat_points *at, double *out, ptrdiff_t stride) {
  if (e->program.count > 0) {
    heat_program_run(&e->program, e->program.count - 1, at, out, stride);
    return;
  }
#pragma omp critical(heat_expression) /* the library is not thread-safe */
  for (int64_t line = 0; line < at->lines; line++) {
    for (int64_t n = 0; n < at->count; n++) {
      const double along = at->along[n], across = at->across[line];
      out[line * stride + n] = at->axis == 0 ? heat_expression_value(e, along, across, at->t)
                                             : heat_expression_value(e, across, along, at->t);
    }
  }
}

/* Find the factors of a product: [0] in t alone, [1] in x and y alone; false if the expression is no such product. */
static bool find_factors(const heat_expression *e, int factors[2]) {
  const unsigned space = 1u << HEAT_OF_X | 1u << HEAT_OF_Y, time = 1u << HEAT_OF_T;
  if (e->program.count == 0) return false;
  const heat_instruction *last = &e->program.code[e->program.count - 1];
  if (last->operation != HEAT_OP_MULTIPLY) return false;
  for (int n = 0; n < 2; n++) {
    factors[0] = last->from[n];
    factors[1] = last->from[1 - n];
    if (e->program.code[factors[0]].uses == time && (e->program.code[factors[1]].uses & ~space) == 0) return true;
  }
  return false;
}

bool heat_expression_is_product(const heat_expression *e) {
  int factors[2];
  return find_factors(e, factors);
}

double heat_expression_time_factor(heat_expression *e, double t) {
  int factors[2];
  const double anywhere = 0;
  double value = NAN;
  const heat_points at = {.along = &anywhere, .across = &anywhere, .count = 1, .lines = 1, .t = t};
  if (find_factors(e, factors)) heat_program_run(&e->program, factors[0], &at, &value, 1);
  return value;
}

void heat_expression_space_factor(heat_expression *e, const heat_points *at, double *out, ptrdiff_t stride) {
  int factors[2];
  if (find_factors(e, factors)) heat_program_run(&e->program, factors[1], at, out, stride);
}

bool heat_expression_in_space(const heat_expression *e) {
  return e->in_space;
}

bool heat_expression_in_time(const heat_expression *e) {
  return e->in_time;
}
