/* Expressions compiled for many points at once: a list of instructions, each of which is carried out for a row of
 * points before the next one begins. What does not depend on the line is computed once for all lines.
 *
 * The bits are those of the library, which combines constants while it compiles: products and sums of a variable and
 * constants become one step a x + b, also when several of them follow each other ("pi*x/0.3" is x times one number),
 * and x*x, x^2, x^3 and x^4 become products. The same is done here, in the same order. The text has been translated
 * (see expression_text.c) and accepted by the library, so that no error messages are needed here: anything unknown ends
 * the compilation. */
#include "expression_private.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 100 }; /* nested calls */

typedef struct parse {
  heat_program *program;
  const char *at;
  int depth;
  bool failed;
} parse;

static void skip_blanks(parse *p) {
  while (isspace((unsigned char)*p->at)) p->at++;
}

/* Skip `text` if it comes next. */
static bool take(parse *p, const char *text) {
  skip_blanks(p);
  if (strncmp(p->at, text, strlen(text)) != 0) return false;
  p->at += strlen(text);
  return true;
}

static const heat_instruction *at(const parse *p, int n) {
  return &p->program->code[n];
}

static bool is_number(const parse *p, int n) {
  return at(p, n)->operation == HEAT_OP_NUMBER;
}

/* Append an instruction with `count` operands. */
static int append(parse *p, heat_instruction instruction, int count) {
  heat_program *program = p->program;
  if (program->count == HEAT_PROGRAM_LONGEST) p->failed = true;
  if (p->failed) return 0;
  instruction.first = program->count;
  for (int n = 0; n < count; n++) {
    const heat_instruction *from = at(p, instruction.from[n]);
    instruction.uses |= from->uses;
    if (from->first < instruction.first) instruction.first = from->first;
  }
  program->code[program->count] = instruction;
  return program->count++;
}

static int number(parse *p, double value) {
  return append(p, (heat_instruction){.operation = HEAT_OP_NUMBER, .b = value}, 0);
}

static int of_variable(parse *p, heat_operation operation, int variable, double a, double b) {
  return append(
      p, (heat_instruction){.operation = operation, .variable = variable, .a = a, .b = b, .uses = 1u << variable}, 0);
}

/* Compute an operation on two numbers as the library does while it compiles. */
static double fold(heat_operation operation, double x, double y) {
  switch (operation) {
  case HEAT_OP_ADD:
    return x + y;
  case HEAT_OP_SUBTRACT:
    return x - y;
  case HEAT_OP_MULTIPLY:
    return x * y;
  case HEAT_OP_DIVIDE:
    return x / y;
  case HEAT_OP_POWER:
    return pow(x, y);
  case HEAT_OP_LESS:
    return x < y;
  case HEAT_OP_GREATER:
    return x > y;
  case HEAT_OP_LESS_EQUAL:
    return x <= y;
  case HEAT_OP_GREATER_EQUAL:
    return x >= y;
  case HEAT_OP_DIFFERENT:
    return x != y;
  case HEAT_OP_EQUAL:
    return x == y;
  case HEAT_OP_AND: /* of numbers converted to integers */
    return !(fabs(x) < 1) && !(fabs(y) < 1);
  default:
    return !(fabs(x) < 1) || !(fabs(y) < 1);
  }
}

/* Remove all instructions after `keep`, which have been combined into it. */
static void drop_after(parse *p, int keep) {
  if (!p->failed) p->program->count = keep;
}

/* Whether an instruction is a number, a variable v, or a v + b. */
static bool is_linear(const heat_instruction *i) {
  return i->operation == HEAT_OP_NUMBER || i->operation == HEAT_OP_VARIABLE || i->operation == HEAT_OP_LINEAR;
}

static int add_linear(parse *p, int x, int y, double sign) {
  const heat_instruction left = *at(p, x), right = *at(p, y);
  const int variable = left.operation == HEAT_OP_NUMBER ? right.variable : left.variable;
  drop_after(p, x);
  return of_variable(p, HEAT_OP_LINEAR, variable, left.a + sign * right.a, left.b + sign * right.b);
}

static int multiply_linear(parse *p, int x, int y) {
  const heat_instruction left = *at(p, x), right = *at(p, y);
  const bool by_left = left.operation == HEAT_OP_NUMBER;
  const heat_instruction of = by_left ? right : left;
  const double by = by_left ? left.b : right.b;
  drop_after(p, x);
  if (of.operation == HEAT_OP_VARIABLE) return of_variable(p, HEAT_OP_LINEAR, of.variable, by, 0);
  return of_variable(p, HEAT_OP_LINEAR, of.variable, of.a * by, of.b * by);
}

/* Compile a variable to the power of a number; -1 if it is no special case. */
static int raise(parse *p, int x, int y) {
  enum { SQUARE = 2, CUBE = 3, FOURTH = 4 };
  const int variable = at(p, x)->variable;
  const double power = at(p, y)->b;
  if (power != 0 && power != 1 && power != SQUARE && power != CUBE && power != FOURTH) return -1;
  drop_after(p, x);
  if (power == 0) return number(p, 1);
  if (power == 1) return of_variable(p, HEAT_OP_VARIABLE, variable, 1, 0);
  const heat_operation operation = power == SQUARE ? HEAT_OP_SQUARE : power == CUBE ? HEAT_OP_CUBE : HEAT_OP_FOURTH;
  return of_variable(p, operation, variable, 0, 0);
}

/* Compile an operation on two values, not both numbers, that the library simplifies; -1 if it does not simplify it. */
static int simplify(parse *p, heat_operation operation, int x, int y) {
  const heat_instruction *left = at(p, x), *right = at(p, y);
  const bool numbers[2] = {is_number(p, x), is_number(p, y)};
  const bool variables[2] = {left->operation == HEAT_OP_VARIABLE, right->operation == HEAT_OP_VARIABLE};
  const bool same = !numbers[0] && !numbers[1] && left->variable == right->variable;
  const bool linear = is_linear(left) && is_linear(right);
  switch (operation) {
  case HEAT_OP_POWER:
    return variables[0] && numbers[1] ? raise(p, x, y) : -1;
  case HEAT_OP_ADD:
  case HEAT_OP_SUBTRACT:
    return linear && (numbers[0] || numbers[1] || same) ? add_linear(p, x, y, operation == HEAT_OP_ADD ? 1 : -1) : -1;
  case HEAT_OP_MULTIPLY:
    if (linear && (numbers[0] || numbers[1])) return multiply_linear(p, x, y);
    if (!same || !variables[0] || !variables[1]) return -1;
    drop_after(p, x);
    return of_variable(p, HEAT_OP_SQUARE, p->program->code[x].variable, 0, 0);
  case HEAT_OP_DIVIDE:
    if (left->operation != HEAT_OP_LINEAR || !numbers[1] || right->b == 0) return -1;
    const double a = left->a / right->b, b = left->b / right->b;
    drop_after(p, x);
    return of_variable(p, HEAT_OP_LINEAR, p->program->code[x].variable, a, b);
  default:
    return -1;
  }
}

static int operate(parse *p, heat_operation operation, int x, int y) {
  if (p->failed) return 0;
  if (is_number(p, x) && is_number(p, y)) {
    const double value = fold(operation, at(p, x)->b, at(p, y)->b);
    drop_after(p, x);
    return number(p, value);
  }
  const int simple = simplify(p, operation, x, y);
  return simple >= 0 ? simple : append(p, (heat_instruction){.operation = operation, .from = {x, y}}, 2);
}

static int expression(parse *p);
static int operation(parse *p, int rank);

/* Compile min, max, sum and avg, whose arguments the library combines from the first to the last. */
static int any_number(parse *p, const char *name, const int *arguments, int count) {
  const bool is_sum = strncmp(name, "sum", 3) == 0, is_mean = strncmp(name, "avg", 3) == 0;
  const heat_operation each = is_sum || is_mean ? HEAT_OP_ADD : name[1] == 'i' ? HEAT_OP_MINIMUM : HEAT_OP_MAXIMUM;
  int value = is_sum || is_mean ? number(p, 0) : arguments[0];
  for (int n = 0; n < count; n++)
    value = append(p, (heat_instruction){.operation = each, .from = {value, arguments[n]}}, 2);
  if (!is_mean) return value;
  const int of = number(p, count);
  return append(p, (heat_instruction){.operation = HEAT_OP_DIVIDE, .from = {value, of}}, 2);
}

static int call(parse *p, const char *name, size_t length) {
  enum { MOST = 16 };
  int arguments[MOST], count = 0;
  do {
    if (count == MOST) p->failed = true;
    if (p->failed) return 0;
    arguments[count++] = expression(p);
  } while (take(p, ","));
  if (!take(p, ")") || p->failed) {
    p->failed = true;
    return 0;
  }
  const heat_function *f = heat_function_find(name, length);
  if (f == NULL) return any_number(p, name, arguments, count);
  bool numbers = true;
  double value[3] = {0, 0, 0};
  for (int n = 0; n < count && n < 3; n++) {
    numbers = numbers && is_number(p, arguments[n]);
    value[n] = at(p, arguments[n])->b;
  }
  if (numbers) {
    drop_after(p, arguments[0]);
    return number(p, f->one != NULL   ? f->one(value[0])
                     : f->two != NULL ? f->two(value[0], value[1])
                                      : f->three(value[0], value[1], value[2]));
  }
  heat_instruction instruction = {.operation = HEAT_OP_CALL, .function = f};
  for (int n = 0; n < count && n < 3; n++) instruction.from[n] = arguments[n];
  return append(p, instruction, count);
}

static int name_or_call(parse *p) {
  static const char *const several[] = {"min", "max", "sum", "avg"};
  const char *name = p->at;
  while (isalnum((unsigned char)*p->at) || *p->at == '_') p->at++;
  const size_t length = (size_t)(p->at - name);
  bool is_function = heat_function_find(name, length) != NULL;
  for (size_t n = 0; n < sizeof several / sizeof *several; n++)
    is_function = is_function || (length == strlen(several[n]) && memcmp(name, several[n], length) == 0);
  if (is_function && take(p, "(")) return call(p, name, length);
  if (length == 1 && strchr("xyt", *name) != NULL)
    return of_variable(p, HEAT_OP_VARIABLE, *name == 'x' ? HEAT_OF_X : *name == 'y' ? HEAT_OF_Y : HEAT_OF_T, 1, 0);
  if (length == 1 && *name == 'e') return number(p, exp(1.0));
  if (length == 2 && strncmp(name, "pi", length) == 0) return number(p, acos(-1.0));
  p->failed = true; /* the constants _pi and _e of the library have other values */
  return 0;
}

static int operand(parse *p) {
  skip_blanks(p);
  if (take(p, "(")) {
    const int value = expression(p);
    if (!take(p, ")")) p->failed = true;
    return value;
  }
  if (isdigit((unsigned char)*p->at) || *p->at == '.') {
    char *end;
    const double value = strtod(p->at, &end);
    p->at = end;
    return number(p, value);
  }
  return name_or_call(p);
}

/* Operators from the lowest to the highest precedence; of those of one precedence the longer ones first. */
enum { RANK_SIGN = 5, RANK_POWER = 6 };
static const struct {
  const char *text;
  int rank;
  heat_operation operation;
} operators[] = {
    {"||", 1, HEAT_OP_OR},
    {"&&", 2, HEAT_OP_AND},
    {"<=", 3, HEAT_OP_LESS_EQUAL},
    {">=", 3, HEAT_OP_GREATER_EQUAL},
    {"==", 3, HEAT_OP_EQUAL},
    {"!=", 3, HEAT_OP_DIFFERENT},
    {"<", 3, HEAT_OP_LESS},
    {">", 3, HEAT_OP_GREATER},
    {"+", 4, HEAT_OP_ADD},
    {"-", 4, HEAT_OP_SUBTRACT},
    {"*", RANK_SIGN, HEAT_OP_MULTIPLY},
    {"/", RANK_SIGN, HEAT_OP_DIVIDE},
    {"^", RANK_POWER, HEAT_OP_POWER},
};

/* A sign has a lower precedence than a power. */
static int signed_operand(parse *p) {
  if (take(p, "+")) return operation(p, RANK_POWER);
  if (!take(p, "-")) return operand(p);
  const int value = operation(p, RANK_POWER);
  if (p->failed) return 0;
  if (!is_number(p, value)) return append(p, (heat_instruction){.operation = HEAT_OP_MINUS, .from = {value}}, 1);
  const double negative = -at(p, value)->b;
  drop_after(p, value);
  return number(p, negative);
}

/* Compile operands between operators of this precedence or a higher one. */
static int operation(parse *p, int rank) {
  if (++p->depth > DEEPEST) p->failed = true;
  int value = p->failed ? 0 : signed_operand(p);
  for (bool found = true; found && !p->failed;) {
    found = false;
    for (size_t n = 0; n < sizeof operators / sizeof *operators && !found; n++) {
      if (operators[n].rank < rank || !take(p, operators[n].text)) continue;
      const int right = operation(p, operators[n].rank + (operators[n].rank < RANK_POWER));
      value = operate(p, operators[n].operation, value, right);
      found = true;
    }
  }
  p->depth--;
  return value;
}

static int expression(parse *p) {
  if (++p->depth > DEEPEST) p->failed = true;
  int value = p->failed ? 0 : operation(p, 1);
  if (!p->failed && take(p, "?")) {
    const int yes = expression(p);
    if (!take(p, ":")) p->failed = true;
    const int no = p->failed ? 0 : expression(p);
    value = append(p, (heat_instruction){.operation = HEAT_OP_CHOOSE, .from = {value, yes, no}}, 3);
  }
  p->depth--;
  return value;
}

void heat_program_compile(heat_program *program, const char *text) {
  program->count = 0;
  parse p = {.program = program, .at = text};
  expression(&p);
  skip_blanks(&p);
  if (p.failed || *p.at != '\0') program->count = 0;
}
