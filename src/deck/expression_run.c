/* Evaluates compiled expressions at many points: see expression_program.c. */
#include "expression_private.h"

#include <math.h>

enum { SPAN = 256 }; /* points of a line that each instruction processes at once */

/* The values of all instructions at some points of a line. */
typedef double values[SPAN];

static void combine(heat_operation operation, const double *restrict a, const double *restrict b, double *restrict out,
                    int count) {
  switch (operation) {
  case HEAT_OP_ADD:
    for (int n = 0; n < count; n++) out[n] = a[n] + b[n];
    break;
  case HEAT_OP_SUBTRACT:
    for (int n = 0; n < count; n++) out[n] = a[n] - b[n];
    break;
  case HEAT_OP_MULTIPLY:
    for (int n = 0; n < count; n++) out[n] = a[n] * b[n];
    break;
  case HEAT_OP_DIVIDE:
    for (int n = 0; n < count; n++) out[n] = a[n] / b[n];
    break;
  case HEAT_OP_MINIMUM:
    for (int n = 0; n < count; n++) out[n] = b[n] < a[n] ? b[n] : a[n];
    break;
  case HEAT_OP_MAXIMUM:
    for (int n = 0; n < count; n++) out[n] = a[n] < b[n] ? b[n] : a[n];
    break;
  case HEAT_OP_AND:
    for (int n = 0; n < count; n++) out[n] = a[n] != 0 && b[n] != 0;
    break;
  case HEAT_OP_OR:
    for (int n = 0; n < count; n++) out[n] = a[n] != 0 || b[n] != 0;
    break;
  default:
    for (int n = 0; n < count; n++) out[n] = pow(a[n], b[n]);
  }
}

static void compare(heat_operation operation, const double *restrict a, const double *restrict b, double *restrict out,
                    int count) {
  switch (operation) {
  case HEAT_OP_LESS:
    for (int n = 0; n < count; n++) out[n] = a[n] < b[n];
    break;
  case HEAT_OP_GREATER:
    for (int n = 0; n < count; n++) out[n] = a[n] > b[n];
    break;
  case HEAT_OP_LESS_EQUAL:
    for (int n = 0; n < count; n++) out[n] = a[n] <= b[n];
    break;
  case HEAT_OP_GREATER_EQUAL:
    for (int n = 0; n < count; n++) out[n] = a[n] >= b[n];
    break;
  case HEAT_OP_DIFFERENT:
    for (int n = 0; n < count; n++) out[n] = a[n] != b[n];
    break;
  default:
    for (int n = 0; n < count; n++) out[n] = a[n] == b[n];
  }
}

/* Compute a power of a variable v, or a v + b. */
static void of_variable(const heat_instruction *i, const double *restrict v, double *restrict out, int count) {
  const double a = i->a, b = i->b;
  switch (i->operation) {
  case HEAT_OP_LINEAR:
    for (int n = 0; n < count; n++) out[n] = v[n] * a + b;
    break;
  case HEAT_OP_SQUARE:
    for (int n = 0; n < count; n++) out[n] = v[n] * v[n];
    break;
  case HEAT_OP_CUBE:
    for (int n = 0; n < count; n++) out[n] = v[n] * v[n] * v[n];
    break;
  case HEAT_OP_FOURTH:
    for (int n = 0; n < count; n++) out[n] = v[n] * v[n] * v[n] * v[n];
    break;
  default:
    for (int n = 0; n < count; n++) out[n] = v[n];
  }
}

static void apply(const heat_function *f, const double *restrict a, const double *restrict b, const double *restrict c,
                  double *restrict out, int count) {
  if (f->one != NULL)
    for (int n = 0; n < count; n++) out[n] = f->one(a[n]);
  else if (f->two != NULL)
    for (int n = 0; n < count; n++) out[n] = f->two(a[n], b[n]);
  else
    for (int n = 0; n < count; n++) out[n] = f->three(a[n], b[n], c[n]);
}

/* Carry out one instruction; `v` are the values of its variable. */
static void do_instruction(const heat_instruction *i, const values *all, const double *v, double *out, int count) {
  const double *a = all[i->from[0]], *b = all[i->from[1]], *c = all[i->from[2]];
  if (i->operation == HEAT_OP_NUMBER) {
    for (int n = 0; n < count; n++) out[n] = i->b;
  } else if (i->operation <= HEAT_OP_FOURTH) {
    of_variable(i, v, out, count);
  } else if (i->operation == HEAT_OP_MINUS) {
    for (int n = 0; n < count; n++) out[n] = -a[n];
  } else if (i->operation == HEAT_OP_CHOOSE) {
    for (int n = 0; n < count; n++) out[n] = a[n] == 0 ? c[n] : b[n];
  } else if (i->operation == HEAT_OP_CALL) {
    apply(i->function, a, b, c, out, count);
  } else if (i->operation >= HEAT_OP_LESS && i->operation <= HEAT_OP_EQUAL) {
    compare(i->operation, a, b, out, count);
  } else {
    combine(i->operation, a, b, out, count);
  }
}

/* Carry out either the instructions that depend on the line or those that do not. */
static void do_instructions(const heat_program *program, int last, const heat_points *part, int64_t line, bool on_line,
                            values *all) {
  const unsigned along = 1u << (part->axis == 0 ? HEAT_OF_X : HEAT_OF_Y);
  const unsigned across = 1u << (part->axis == 0 ? HEAT_OF_Y : HEAT_OF_X);
  for (int k = program->code[last].first; k <= last; k++) {
    const heat_instruction *i = &program->code[k];
    if (((i->uses & across) != 0) != on_line) continue;
    const double *v = i->variable == HEAT_OF_T ? &part->t : (i->uses & along) != 0 ? part->along : &part->across[line];
    const bool varies = (i->uses & along) != 0;
    do_instruction(i, (const values *)all, v, all[k], varies ? (int)part->count : 1);
    for (int64_t n = 1; n < part->count && !varies; n++) all[k][n] = all[k][0];
  }
}

void heat_program_run(const heat_program *program, int last, const heat_points *at, double *out, ptrdiff_t stride) {
  values all[HEAT_PROGRAM_LONGEST];
  for (int64_t begin = 0; begin < at->count; begin += SPAN) {
    heat_points part = *at;
    part.along = at->along + begin;
    part.count = at->count - begin < SPAN ? at->count - begin : SPAN;
    do_instructions(program, last, &part, 0, false, all);
    for (int64_t line = 0; line < at->lines; line++) {
      do_instructions(program, last, &part, line, true, all);
      double *to = out + line * stride + begin;
      for (int64_t n = 0; n < part.count; n++) to[n] = all[last][n];
    }
  }
}
