/* Expressions over muParser's C interface. The library takes assignments, lists and texts of any depth; a field is one
 * number without side effects, so these are refused before or right after the library has seen the text. */
#include "heat2d/expression.h"

#include <ctype.h>
#include <math.h>
#include <muParserDLL.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 4096, DEEPEST = 64 };

struct heat_expression {
  muParserHandle_t parser;
  double x, y, t; /* bound to the parser by address */
  bool in_space, in_time;
};

/* The library numbers its errors but gives the numbers no names in C. `named`: the offending token is worth showing. */
typedef struct parse_error {
  int code;
  const char *text;
  bool named;
} parse_error;

enum { UNKNOWN_TOKEN = 1 };

static const parse_error parse_errors[] = {
    {0, "unexpected", true},
    {UNKNOWN_TOKEN, "unexpected", true},
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

/* What the library would take but a field must not be. */
static heat_status refuse(const char *text) {
  if (strlen(text) > LONGEST) return heat_fail(HEAT_DECK, "the expression is longer than %d characters", LONGEST);
  if (text[strspn(text, " \t\r\n")] == '\0') return heat_fail(HEAT_DECK, "the expression is empty");
  int depth = 0;
  for (const char *c = text; *c != '\0'; c++) {
    long position = c - text + 1;
    if (*c == '"') return heat_fail(HEAT_DECK, "a text in quotes at character %ld is not a number", position);
    if (*c == '(' && ++depth > DEEPEST) {
      return heat_fail(HEAT_DECK, "parentheses are nested more than %d deep at character %ld", DEEPEST, position);
    }
    if (*c == ')') depth--;
    if (strchr("=<>!", *c) != NULL && c[1] == '=') {
      c++;
    } else if (*c == '=') {
      return heat_fail(HEAT_DECK, "an assignment at character %ld (write == to compare)", position);
    }
  }
  return heat_ok();
}

/* The library's error in our words. Its answers live in one shared buffer: each is used up before the next is asked. */
static heat_status explain(muParserHandle_t parser, bool time_allowed) {
  int code = mupGetErrorCode(parser), position = mupGetErrorPos(parser) + 1;
  char token[41] = "";
  strncat(token, mupGetErrorToken(parser), sizeof token - 1);
  for (size_t end = strlen(token); end > 0 && token[end - 1] == ' '; end--) token[end - 1] = '\0';
  if (code == UNKNOWN_TOKEN && !time_allowed && strcmp(token, "t") == 0) {
    return heat_fail(HEAT_DECK, "t at character %d, but this may depend on x and y only", position);
  }
  if (code == UNKNOWN_TOKEN && (isalpha((unsigned char)token[0]) || token[0] == '_')) {
    return heat_fail(HEAT_DECK, "unknown name '%s' at character %d", token, position);
  }
  for (size_t i = 0; i < sizeof parse_errors / sizeof *parse_errors; i++) {
    if (parse_errors[i].code != code) continue;
    if (!parse_errors[i].named) return heat_fail(HEAT_DECK, "%s", parse_errors[i].text);
    return heat_fail(HEAT_DECK, "%s '%s' at character %d", parse_errors[i].text, token, position);
  }
  return heat_fail(HEAT_DECK, "it does not parse: %s", mupGetErrorMsg(parser));
}

/* The library parses at the first evaluation. It must come before the variables are asked for: that question makes the
 * library take unknown names for variables without a place. */
static heat_status compile(heat_expression *e, const char *text, bool time_allowed) {
  mupDefineVar(e->parser, "x", &e->x);
  mupDefineVar(e->parser, "y", &e->y);
  if (time_allowed) mupDefineVar(e->parser, "t", &e->t);
  mupDefineConst(e->parser, "pi", acos(-1.0));
  mupSetExpr(e->parser, text);
  int results = 0;
  mupEvalMulti(e->parser, &results);
  if (mupError(e->parser)) return explain(e->parser, time_allowed);
  if (results != 1) return heat_fail(HEAT_DECK, "%d values separated by commas, but one is needed", results);
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
  heat_status status = refuse(text);
  if (status.code != HEAT_OK) return status;
  heat_expression *e = calloc(1, sizeof *e);
  if (e == NULL) return heat_no_memory("an expression", sizeof *e);
  e->parser = mupCreate(muBASETYPE_FLOAT);
  status = compile(e, text, time_allowed);
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
