/* What the files of the expressions share: the text that a person writes, in the words of the library. */
#ifndef HEAT2D_EXPRESSION_PRIVATE_H
#define HEAT2D_EXPRESSION_PRIVATE_H

#include "heat2d/deck/expression.h"

#include <stdbool.h>
#include <stddef.h>

/* A ! of one character becomes three, "N(" and ")". */
enum { HEAT_EXPRESSION_LONGEST = 4096, HEAT_EXPRESSION_GROWS = 3 };

/* The library's name for `not`: a function, since it gives operators of ours no rank that can be relied on. */
#define HEAT_EXPRESSION_NOT "N"

/* An expression as the library is to read it, and for each of its characters the place (from 1) in the text that it
 * came from. */
typedef struct heat_translation {
  char text[HEAT_EXPRESSION_GROWS * HEAT_EXPRESSION_LONGEST + 1];
  int from[HEAT_EXPRESSION_GROWS * HEAT_EXPRESSION_LONGEST + 1];
} heat_translation;

/* Translate the words and operators that the library does not have, and refuse what it would take but read otherwise
 * than it is meant. HEAT_DECK with the place. Local. */
heat_status heat_expression_translate(heat_translation *out, const char *text, bool time_allowed);

/* A function: of one, two or three arguments. */
typedef struct heat_function {
  const char *name; /* in the translated text */
  double (*one)(double);
  double (*two)(double, double);
  double (*three)(double, double, double);
  bool ours; /* the library does not have it */
} heat_function;
extern const heat_function heat_functions[];
extern const int heat_function_count;

/* The function of that name; NULL: there is none, or it takes any number of arguments. Local. */
const heat_function *heat_function_find(const char *name, size_t length);

/* An expression compiled for many points at once, with the bits that the library gives: see expression_program.c. */
typedef enum heat_operation {
  HEAT_OP_NUMBER,
  HEAT_OP_VARIABLE,
  HEAT_OP_LINEAR, /* a v + b */
  HEAT_OP_SQUARE, /* of a variable, and its third and fourth power */
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
  HEAT_OP_MINUS, /* of one */
  HEAT_OP_CHOOSE,
  HEAT_OP_CALL
} heat_operation;

enum { HEAT_OF_X, HEAT_OF_Y, HEAT_OF_T }; /* variables */

typedef struct heat_instruction {
  heat_operation operation;
  int from[3];   /* instructions before this one whose values it takes */
  int first;     /* of those that its value needs: all from there on */
  int variable;  /* of HEAT_OP_VARIABLE to HEAT_OP_FOURTH */
  double a, b;   /* of a number (b) and HEAT_OP_LINEAR */
  unsigned uses; /* variables that its value depends on, a bit for each */
  const heat_function *function;
} heat_instruction;

enum { HEAT_PROGRAM_LONGEST = 128 };

typedef struct heat_program {
  int count; /* the last one gives the value; 0: there is none, and the library is to be asked */
  heat_instruction code[HEAT_PROGRAM_LONGEST];
} heat_program;

/* Compile a translated text that the library has accepted; count is 0 where it is too long. Local. */
void heat_program_compile(heat_program *program, const char *text);

/* The value of instruction `last` at a set of points, out[row stride + column]. Local. */
void heat_program_run(const heat_program *program, int last, const heat_points *at, double *out, ptrdiff_t stride);

#endif
