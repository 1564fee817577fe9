/* The translation of an expression's text for the library.
 *
 * The library does not know `and`, `or`, `not` and `**`, reads a < b < c as (a < b) < c, and accepts assignments, lists
 * and any depth of parentheses. So the text is read once, token by token. A *segment* is the text between two of
 *
 *     ( ) , ? : and or && ||
 *
 * at one depth of parentheses: it contains at most one comparison, and a `not` at its beginning applies to all of it,
 * as in Python. A ! applies to the number, name, call or parenthesis that follows it, as in C. The operands of a
 * comparison by size must not be truth values either: (a < b) < c is the same mistake with parentheses. */
#include "expression_private.h"

#include "heat2d/base/words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { DEEPEST = 64, OPERATOR_MOST = 2 };

typedef enum kind { NUMBER, NAME, FUNCTION, OPERATOR, COMPARISON, AND_OR, NOT, BANG, OPEN, CLOSE, SPLIT, END } kind;

static const struct {
  const char *name;
  kind kind;
  bool time;
} names[] = {
    {"x", NAME, false},         {"y", NAME, false},         {"t", NAME, true},          {"pi", NAME, false},
    {"e", NAME, false},         {"_pi", NAME, false},       {"_e", NAME, false},        {"and", AND_OR, false},
    {"or", AND_OR, false},      {"not", NOT, false},        {"abs", FUNCTION, false},   {"acos", FUNCTION, false},
    {"acosh", FUNCTION, false}, {"asin", FUNCTION, false},  {"asinh", FUNCTION, false}, {"atan", FUNCTION, false},
    {"atan2", FUNCTION, false}, {"atanh", FUNCTION, false}, {"avg", FUNCTION, false},   {"cbrt", FUNCTION, false},
    {"ceil", FUNCTION, false},  {"clamp", FUNCTION, false}, {"cos", FUNCTION, false},   {"cosh", FUNCTION, false},
    {"erf", FUNCTION, false},   {"erfc", FUNCTION, false},  {"exp", FUNCTION, false},   {"floor", FUNCTION, false},
    {"fmod", FUNCTION, false},  {"hypot", FUNCTION, false}, {"ln", FUNCTION, false},    {"log", FUNCTION, false},
    {"log10", FUNCTION, false}, {"log2", FUNCTION, false},  {"max", FUNCTION, false},   {"min", FUNCTION, false},
    {"mod", FUNCTION, false},   {"pow", FUNCTION, false},   {"rint", FUNCTION, false},  {"round", FUNCTION, false},
    {"sign", FUNCTION, false},  {"sin", FUNCTION, false},   {"sinh", FUNCTION, false},  {"sqrt", FUNCTION, false},
    {"step", FUNCTION, false},  {"sum", FUNCTION, false},   {"tan", FUNCTION, false},   {"tanh", FUNCTION, false},
    {"trunc", FUNCTION, false},
};
enum { NAMES = sizeof names / sizeof *names };

const char *heat_expression_functions(void) {
  return "abs, acos, acosh, asin, asinh, atan, atan2, atanh, avg, cbrt, ceil, clamp, cos, cosh, erf, erfc, exp, floor, "
         "fmod, hypot, ln, log, log10, log2, max, min, mod, pow, rint, round, sign, sin, sinh, sqrt, step, sum, tan, "
         "tanh, trunc";
}

/* Names that other languages use, and what to write instead. */
static const struct {
  const char *word, *here;
} elsewhere[] = {
    {"if", "condition ? a : b"},
    {"else", "condition ? a : b"},
    {"where", "condition ? a : b"},
    {"xor", "!= between truth values"},
    {"true", "1"},
    {"false", "0"},
    {"heaviside", "step(...)"},
    {"time", "t"},
    {"ceiling", "ceil(...)"},
    {"sqr", "x^2"},
};

/* All operators. Longer ones come before those with which they begin. */
static const struct {
  const char *text, *becomes, *refused;
  kind kind;
} operators[] = {
    {"<=", "<=", NULL, COMPARISON},
    {">=", ">=", NULL, COMPARISON},
    {"==", "==", NULL, COMPARISON},
    {"!=", "!=", NULL, COMPARISON},
    {"<>", NULL, "write != for not equal", COMPARISON},
    {"=<", NULL, "write <=", COMPARISON},
    {"=>", NULL, "write >=", COMPARISON},
    {"&&", "&&", NULL, AND_OR},
    {"||", "||", NULL, AND_OR},
    {"**", "^", NULL, OPERATOR},
    {"//", NULL, "write floor(a / b)", OPERATOR},
    {"<", "<", NULL, COMPARISON},
    {">", ">", NULL, COMPARISON},
    {"&", NULL, "write and", OPERATOR},
    {"|", NULL, "write or", OPERATOR},
    {"%", NULL, "write mod(a, b) for a remainder", OPERATOR},
    {"(", "(", NULL, OPEN},
    {")", ")", NULL, CLOSE},
    {",", ",", NULL, SPLIT},
    {"?", "?", NULL, SPLIT},
    {":", ":", NULL, SPLIT},
    {"!", "!", NULL, BANG},
    {"+", "+", NULL, OPERATOR},
    {"-", "-", NULL, OPERATOR},
    {"*", "*", NULL, OPERATOR},
    {"/", "/", NULL, OPERATOR},
    {"^", "^", NULL, OPERATOR},
};
enum { OPERATORS = sizeof operators / sizeof *operators };

typedef struct token {
  kind kind;
  const char *at;
  int length;
  const char *becomes; /* the translation; NULL: the same text */
} token;

/* What the operand of a comparison consists of so far: nothing; a group in parentheses; such a group that is a truth
 * value; or a number. */
typedef enum operand { NOTHING, GROUP, TRUTH, VALUE } operand;

/* What has been read of the segment at one depth. */
typedef struct segment {
  const char *begin; /* the beginning of its text, after any `not` */
  int nots;          /* number of `not` whose parentheses are closed at its end */
  int bangs;         /* number of ! whose parentheses are closed after the next operand */
  bool empty;
  const char *bang; /* a ! that precedes any comparison */
  token compares;   /* its comparison; its length is 0 if there is none */
  operand operand;  /* the last one */
} segment;

/* What has been read between two parentheses. */
typedef struct group {
  bool truth;        /* it has a comparison, or combines truth values */
  bool split;        /* it has commas, or ? and : */
  bool any_number;   /* it holds the arguments of a function that takes any number of them */
  const char *tight; /* a comma directly between two digits */
  bool loose;        /* it has another comma */
} group;

typedef struct scan {
  const char *text;
  heat_translation *out;
  size_t length; /* of out->text */
  int depth;
  segment open[DEEPEST + 1];
  group groups[DEEPEST + 1];
  token last;
} scan;

static int place(const scan *s, const char *at) {
  return (int)(at - s->text) + 1;
}

/* Append a text to the translation, and note that it comes from the original text at `from`. */
static void put(scan *s, const char *text, size_t length, const char *from) {
  for (size_t i = 0; i < length; i++) {
    s->out->from[s->length] = place(s, text == from ? from + i : from);
    s->out->text[s->length++] = text[i];
  }
}

/* Make the message for an unknown name, with the nearest names, or all names. */
static heat_status unknown_name(const scan *s, const char *word, const char *at, bool time_allowed) {
  enum { WORD = 64, LIST = 640, MOST = 3 };
  char lower[WORD], list[LIST] = "";
  size_t used = 0, i = 0, found = 0;
  for (; word[i] != '\0' && i + 1 < sizeof lower; i++) lower[i] = (char)tolower((unsigned char)word[i]);
  lower[i] = '\0';
  for (size_t n = 0; n < sizeof elsewhere / sizeof *elsewhere; n++)
    if (strcmp(lower, elsewhere[n].word) == 0 && (time_allowed || strcmp(elsewhere[n].here, "t") != 0))
      return heat_fail(HEAT_DECK, "unknown name '%s' at character %d (write %s)", word, place(s, at),
                       elsewhere[n].here);
  bool same = false; /* apart from capital letters */
  for (size_t letters = 0; letters <= 2 && found < MOST && !same; letters++) {
    for (int n = 0; n < NAMES && found < MOST; n++) {
      if (names[n].name[0] == '_' || (names[n].time && !time_allowed)) continue;
      if (heat_word_distance(lower, names[n].name) != letters) continue;
      if (letters > 0 && !heat_word_near(lower, names[n].name, letters)) continue;
      used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", found++ > 0 ? ", " : "", names[n].name);
      same = letters == 0;
    }
  }
  if (found > 0)
    return heat_fail(HEAT_DECK, "unknown name '%s' at character %d (nearest: %s)", word, place(s, at), list);
  for (int n = 0; n < NAMES; n++) {
    if (names[n].name[0] == '_' || (names[n].time && !time_allowed)) continue;
    used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "", names[n].name);
  }
  return heat_fail(HEAT_DECK, "unknown name '%s' at character %d (known: %s)", word, place(s, at), list);
}

/* The length of a number: digits, a point, an exponent. The library checks it in detail. */
static int number_length(const char *c) {
  const char *start = c;
  while (isdigit((unsigned char)*c) || *c == '.') c++;
  if (*c == 'e' || *c == 'E') {
    const char *exponent = c + 1 + (c[1] == '+' || c[1] == '-');
    if (isdigit((unsigned char)*exponent)) c = exponent + strspn(exponent, "0123456789");
  }
  return (int)(c - start);
}

static bool is_name(char c) {
  return isalnum((unsigned char)c) || c == '_';
}

static heat_status read_name(const scan *s, token *next, bool time_allowed) {
  enum { WORD = 41 };
  const char *c = next->at;
  while (is_name(*c)) c++;
  next->length = (int)(c - next->at);
  char word[WORD];
  snprintf(word, sizeof word, "%.*s", next->length, next->at);
  int n = 0;
  while (n < NAMES && strcmp(names[n].name, word) != 0) n++;
  if (n == NAMES) return unknown_name(s, word, next->at, time_allowed);
  if (names[n].time && !time_allowed)
    return heat_fail(HEAT_DECK, "t at character %d, but this may depend on x and y only", place(s, next->at));
  next->kind = names[n].kind;
  if (next->kind == AND_OR) next->becomes = word[0] == 'a' ? "&&" : "||";
  while (isspace((unsigned char)*c)) c++;
  if (next->kind == FUNCTION && *c != '(')
    return heat_fail(HEAT_DECK, "%s at character %d needs parentheses: %s(...)", word, place(s, next->at), word);
  return heat_ok();
}

static heat_status read_token(const scan *s, const char *at, token *next, bool time_allowed) {
  *next = (token){.at = at, .kind = END};
  if (*at == '\0') return heat_ok();
  if (isdigit((unsigned char)*at) || *at == '.') {
    next->kind = NUMBER;
    next->length = number_length(at);
    return heat_ok();
  }
  if (is_name(*at)) return read_name(s, next, time_allowed);
  if (*at == '"') return heat_fail(HEAT_DECK, "a text in quotes at character %d is not a number", place(s, at));
  int n = 0;
  while (n < OPERATORS && strncmp(operators[n].text, at, strlen(operators[n].text)) != 0) n++;
  next->length = n < OPERATORS ? (int)strlen(operators[n].text) : 1;
  next->kind = n < OPERATORS ? operators[n].kind : NUMBER; /* the library will refuse it */
  if (n < OPERATORS && operators[n].refused != NULL)
    return heat_fail(HEAT_DECK, "unexpected '%s' at character %d (%s)", operators[n].text, place(s, at),
                     operators[n].refused);
  if (n < OPERATORS) next->becomes = operators[n].becomes;
  if (n == OPERATORS && *at == '=')
    return heat_fail(HEAT_DECK, "an assignment at character %d (write == to compare)", place(s, at));
  return heat_ok();
}

/* Move `*from` behind leading blanks, and return the length of the text up to `to` without trailing blanks. */
static int trimmed(const char **from, const char *to) {
  while (*from < to && isspace((unsigned char)**from)) (*from)++;
  while (to > *from && isspace((unsigned char)to[-1])) to--;
  return (int)(to - *from);
}

/* Refuse a < b < c, whose second comparison has a truth value as its operand. The author means b > a and b < c. */
static heat_status refuse_chain(const scan *s, const segment *seg, const token *second) {
  enum { LONGEST_SHOWN = 200 };
  static const char *const turned[][2] = {{"<", ">"}, {">", "<"}, {"<=", ">="}, {">=", "<="}};
  char first[OPERATOR_MOST + 1];
  snprintf(first, sizeof first, "%.*s", seg->compares.length, seg->compares.at);
  const char *mirror = first;
  for (size_t i = 0; i < sizeof turned / sizeof *turned; i++)
    if (strcmp(first, turned[i][0]) == 0) mirror = turned[i][1];
  const char *a = seg->begin, *b = seg->compares.at + seg->compares.length, *c = second->at + second->length, *end = c;
  for (int depth = 0; *end != '\0'; end++) { /* to the end of the third operand */
    if (*end == '(') depth++;
    if (*end == ')' && depth-- == 0) break;
    const bool word = !is_name(end[-1]) && ((strncmp(end, "and", 3) == 0 && !is_name(end[3])) ||
                                            (strncmp(end, "or", 2) == 0 && !is_name(end[2])));
    if (depth == 0 && (strchr("<>=!,?:&|", *end) != NULL || word)) break;
  }
  const int a_length = trimmed(&a, seg->compares.at), b_length = trimmed(&b, second->at), c_length = trimmed(&c, end);
  const int at = place(s, second->at);
  if (a_length + 2 * b_length + c_length > LONGEST_SHOWN)
    return heat_fail(HEAT_DECK, "a comparison of a comparison at character %d (write a < b and b < c)", at);
  return heat_fail(HEAT_DECK, "a comparison of a comparison at character %d (write %.*s %s %.*s and %.*s %.*s %.*s)",
                   at, b_length, b, mirror, a_length, a, b_length, b, second->length, second->at, c_length, c);
}

static bool by_size(const token *comparison) {
  return comparison->length > 0 && (*comparison->at == '<' || *comparison->at == '>');
}

/* Refuse a comparison by size of a truth value, which is never meant. */
static heat_status check_operand(const scan *s, const segment *seg, const token *comparison) {
  if (seg->operand != TRUTH || !by_size(comparison)) return heat_ok();
  return heat_fail(HEAT_DECK, "a comparison of a comparison at character %d (write a < b and b < c)",
                   place(s, comparison->at));
}

static heat_status take_comparison(scan *s, const token *next) {
  segment *seg = &s->open[s->depth];
  if (seg->compares.length > 0) return refuse_chain(s, seg, next);
  heat_status status = check_operand(s, seg, next);
  if (status.code != HEAT_OK) return status;
  if (seg->bang != NULL)
    return heat_fail(HEAT_DECK, "the ! at character %d belongs to what follows it, not to the comparison (write not)",
                     place(s, seg->bang));
  seg->compares = *next;
  seg->operand = NOTHING;
  s->groups[s->depth].truth = true;
  return heat_ok();
}

static void end_operand(scan *s, const char *at) {
  segment *seg = &s->open[s->depth];
  for (; seg->bangs > 0; seg->bangs--) put(s, ")", 1, at);
}

static void end_segment(scan *s, const char *at) {
  segment *seg = &s->open[s->depth];
  end_operand(s, at);
  for (; seg->nots > 0; seg->nots--) put(s, ")", 1, at);
  *seg = (segment){.begin = at, .empty = true};
}

static void open_group(scan *s, const token *next) {
  static const char *const takes_any[] = {"min", "max", "sum", "avg"};
  segment *seg = &s->open[s->depth];
  bool any_number = false;
  for (size_t n = 0; n < sizeof takes_any / sizeof *takes_any; n++)
    any_number =
        any_number || (s->last.kind == FUNCTION && s->last.length == 3 && strncmp(s->last.at, takes_any[n], 3) == 0);
  seg->operand = seg->operand == NOTHING ? GROUP : VALUE;
  seg->empty = false;
  s->groups[++s->depth] = (group){.any_number = any_number};
  s->open[s->depth] = (segment){.begin = next->at + 1, .empty = true};
}

/* Refuse 0,5 among the arguments of a function that takes any number of them, because it may be meant as 0.5. If all
 * commas are written like this, they are accepted. */
static heat_status take_comma(scan *s, const char *at) {
  group *in = &s->groups[s->depth];
  const bool tight = at > s->text && isdigit((unsigned char)at[-1]) && isdigit((unsigned char)at[1]);
  if (!tight) in->loose = true;
  if (tight && in->tight == NULL) in->tight = at;
  if (!in->any_number || in->tight == NULL || !in->loose) return heat_ok();
  return heat_fail(HEAT_DECK, "'%c,%c' at character %d may be one number or two (write %c.%c or %c, %c)", in->tight[-1],
                   in->tight[1], place(s, in->tight - 1), in->tight[-1], in->tight[1], in->tight[-1], in->tight[1]);
}

static heat_status close_segment(scan *s, const token *next) {
  segment *seg = &s->open[s->depth];
  group *in = &s->groups[s->depth];
  heat_status status = check_operand(s, seg, &seg->compares);
  if (status.code == HEAT_OK && *next->at == ',') status = take_comma(s, next->at);
  if (status.code != HEAT_OK) return status;
  in->truth = in->truth || next->kind == AND_OR || seg->nots > 0 || seg->operand == TRUTH;
  in->split = in->split || next->kind == SPLIT;
  end_segment(s, next->at);
  if (next->kind != CLOSE || s->depth == 0) return status; /* the library refuses a parenthesis too many */
  const bool truth = in->truth && !in->split;
  seg = &s->open[--s->depth];
  if (seg->operand == GROUP) seg->operand = truth ? TRUTH : VALUE;
  return status;
}

static heat_status take_structure(scan *s, const token *next) {
  segment *seg = &s->open[s->depth];
  if (next->kind == NOT) {
    if (!seg->empty)
      return heat_fail(HEAT_DECK, "not at character %d needs parentheses around it: (not ...)", place(s, next->at));
    seg->nots++;
    put(s, HEAT_EXPRESSION_NOT "(", 2, next->at);
    seg->begin = next->at + next->length;
    return heat_ok();
  }
  if (next->kind == OPEN) {
    if (s->depth == DEEPEST)
      return heat_fail(HEAT_DECK, "parentheses are nested more than %d deep at character %d", DEEPEST,
                       place(s, next->at));
    put(s, "(", 1, next->at);
    open_group(s, next);
    return heat_ok();
  }
  heat_status status = close_segment(s, next);
  if (status.code != HEAT_OK) return status;
  const char *becomes = next->becomes;
  put(s, becomes, strlen(becomes), next->at);
  if (next->kind == CLOSE) end_operand(s, next->at);
  if (next->kind != CLOSE) s->open[s->depth].begin = next->at + next->length;
  return status;
}

static heat_status take(scan *s, const token *next) {
  segment *seg = &s->open[s->depth];
  heat_status status = heat_ok();
  switch (next->kind) {
  case NOT:
  case OPEN:
  case CLOSE:
  case SPLIT:
  case AND_OR:
    return take_structure(s, next);
  case COMPARISON:
    status = take_comparison(s, next);
    break;
  case BANG:
    seg->operand = VALUE;
    if (seg->compares.length == 0) seg->bang = next->at;
    seg->bangs++;
    seg->empty = false;
    put(s, HEAT_EXPRESSION_NOT "(", 2, next->at);
    return status;
  default:
    seg->operand = VALUE;
    break;
  }
  seg->empty = false;
  if (next->becomes != NULL)
    put(s, next->becomes, strlen(next->becomes), next->at);
  else
    put(s, next->at, (size_t)next->length, next->at);
  if (next->kind == NUMBER || next->kind == NAME) end_operand(s, next->at + next->length - 1);
  return status;
}

static bool needs_more(kind last) {
  return last == OPERATOR || last == COMPARISON || last == AND_OR || last == NOT || last == BANG;
}

heat_status heat_expression_translate(heat_translation *out, const char *text, bool time_allowed) {
  if (strlen(text) > HEAT_EXPRESSION_LONGEST)
    return heat_fail(HEAT_DECK, "the expression is longer than %d characters", HEAT_EXPRESSION_LONGEST);
  if (text[strspn(text, " \t\r\n\v\f")] == '\0') return heat_fail(HEAT_DECK, "the expression is empty");
  scan s = {.text = text, .out = out, .open = {{.begin = text, .empty = true}}, .last = {.kind = END}};
  heat_status status = heat_ok();
  const char *at = text;
  for (;;) {
    const size_t blanks = strspn(at, " \t\r\n\v\f");
    put(&s, at, blanks, at);
    at += blanks;
    token next;
    status = read_token(&s, at, &next, time_allowed);
    if (status.code != HEAT_OK || next.kind == END) break;
    status = take(&s, &next);
    if (status.code != HEAT_OK) break;
    s.last = next;
    at += next.length;
  }
  if (status.code == HEAT_OK && needs_more(s.last.kind)) status = heat_fail(HEAT_DECK, "the expression ends too early");
  if (status.code == HEAT_OK && s.depth == 0) status = check_operand(&s, &s.open[0], &s.open[0].compares);
  for (; s.depth > 0; s.depth--) end_segment(&s, at); /* the library reports parentheses that are not closed */
  end_segment(&s, at);
  out->text[s.length] = '\0';
  out->from[s.length] = place(&s, at);
  return status;
}
