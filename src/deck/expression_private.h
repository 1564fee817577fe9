/* What the files of the expressions share: the translation of a deck's text for the library, and compiled programs. */
#ifndef HEAT2D_EXPRESSION_PRIVATE_H
#define HEAT2D_EXPRESSION_PRIVATE_H

#include "heat2d/deck/expression.h"

#include <stdbool.h>
#include <stddef.h>

/* A translation is at most three times as long: a ! of one character becomes "N(" and ")". */
enum { HEAT_EXPRESSION_LONGEST = 4096, HEAT_EXPRESSION_GROWS = 3 };

/* The name of `not` in the translated text. It is a function there, because the precedence of operators that are added
 * to the library is not documented. */
#define HEAT_EXPRESSION_NOT "N"

/* The translated text of an expression, and for each of its characters the position, from 1, in the original text. */
typedef struct heat_translation {
  char text[HEAT_EXPRESSION_GROWS * HEAT_EXPRESSION_LONGEST + 1];
  int from[HEAT_EXPRESSION_GROWS * HEAT_EXPRESSION_LONGEST + 1];
} heat_translation;

/* Translate the words and operators that the library does not have, and refuse what the library would accept but
 * interpret in another way than its author means. HEAT_DECK with the position. Local. */
heat_status heat_expression_translate(heat_translation *out, const char *text, bool time_allowed);

/* A function of one, two or three arguments. */
typedef struct heat_function {
  const char *name; /* in the translated text */
  double (*one)(double);
  double (*two)(double, double);
  double (*three)(double, double, double);
  bool ours; /* defined here, since the library does not have it */
} heat_function;
extern const heat_function heat_functions[];
extern const int heat_function_count;

/* Return the function of that name; NULL if there is none, or if it takes any number of arguments. Local. */
const heat_function *heat_function_find(const char *name, size_t length);

/* An expression compiled for many points at once, with the bits that the library gives: see expression_program.c. */
typedef enum heat_operation {
  HEAT_OP_NUMBER,
  HEAT_OP_VARIABLE,
  HEAT_OP_LINEAR, /* a v + b */
  HEAT_OP_SQUARE, /* powers of a variable */
  HEAT_OP_CUBE,
  HEAT_OP_FOURTH,
  HEAT_OP_ADD,
  HEAT_OP_SUBTRACT,
  HEAT_OP_MULTIPLY,
  HEAT_OP_DIVIDE,
  HEAT_OP_POWER,
  HEAT_OP_LESS,
  HEAT_OP_GREATER,
  HEAT_OP_LESS_EQUAL,
  HEAT_OP_GREATER_EQUAL,
  HEAT_OP_DIFFERENT,
  HEAT_OP_EQUAL,
  HEAT_OP_AND,
  HEAT_OP_OR,
  HEAT_OP_MINIMUM,
  HEAT_OP_MAXIMUM,
  HEAT_OP_MINUS, /* the sign */
  HEAT_OP_CHOOSE,
  HEAT_OP_CALL
} heat_operation;

enum { HEAT_OF_X, HEAT_OF_Y, HEAT_OF_T }; /* variables */

typedef struct heat_instruction {
  heat_operation operation;
  int from[3];   /* earlier instructions whose values are its operands */
  int first;     /* the first of the consecutive instructions that its value needs */
  int variable;  /* of HEAT_OP_VARIABLE to HEAT_OP_FOURTH */
  double a, b;   /* of a number (b) and HEAT_OP_LINEAR */
  unsigned uses; /* one bit for each variable that its value depends on */
  const heat_function *function;
} heat_instruction;

enum { HEAT_PROGRAM_LONGEST = 128 };

typedef struct heat_program {
  int count; /* the last instruction gives the value; 0: there is no program, and the library evaluates */
  heat_instruction code[HEAT_PROGRAM_LONGEST];
} heat_program;

/* Compile a translated text that the library has accepted; program->count is 0 if it is too long. Local. */
void heat_program_compile(heat_program *program, const char *text);

/* Evaluate instruction `last` at a set of points: out[line * stride + point]. Local. */
void heat_program_run(const heat_program *program, int last, const heat_points *at, double *out, ptrdiff_t stride);

#endif
