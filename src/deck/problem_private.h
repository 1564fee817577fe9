/* What the files of the problem share. */
#ifndef HEAT2D_PROBLEM_PRIVATE_H
#define HEAT2D_PROBLEM_PRIVATE_H

#include "heat2d/deck/dataset.h"
#include "heat2d/deck/expression.h"
#include "heat2d/deck/problem.h"

enum { HEAT_QUANTITY_KEY = 64 };

struct heat_quantity {
  char key[HEAT_QUANTITY_KEY]; /* its key in the deck */
  int along;                   /* the axis along a side; -1: a field */
  heat_value_kind kind;
  double number;
  double scale; /* factor on the value of an expression */
  heat_expression *expression;
  heat_dataset *dataset;
  char *absent;    /* why a file of initial temperatures could not be opened; NULL: it was opened, or there is none */
  bool has_digest; /* whether `digest` is known */
  uint64_t digest; /* of the numbers of its field file, see problem_inputs.c */
};

/* Make a quantity of a number that is not in the deck; NULL when memory is exhausted. Local. */
heat_quantity *heat_quantity_number(double number);

/* Make the quantity of a key: compile its expression or open its file. `along` is as in heat_quantity. *quantity has to
 * be destroyed in any case. HEAT_DECK, HEAT_IO. Local. */
heat_status heat_quantity_create(heat_quantity **quantity, const heat_problem *problem, const char *key, int along);
void heat_quantity_destroy(heat_quantity *quantity); /* NULL is allowed. Local. */

bool heat_quantity_in_time(const heat_quantity *quantity); /* whether it depends on time; NULL does not. Local. */

/* Points in some rows of cells: the centres of the cells first, first + 1, ... along `axis`, in each of `rows`
 * neighbouring rows. */
typedef struct heat_run {
  int axis;
  int64_t first, count;
  int64_t row;      /* the first row of a field; 0 for a side */
  int64_t rows;     /* 1 for a side */
  double across, t; /* the coordinate across the first row, m */
  ptrdiff_t stride; /* from the values of one row to those of the next */
} heat_run;

/* A condition on values: returns NULL when the value satisfies it, and otherwise a text that says what is needed. */
typedef const char *heat_requirement(double value);
heat_requirement heat_must_be_finite, heat_must_be_positive, heat_must_not_be_negative;

/* Evaluate a quantity at the points of a run, `count` numbers for each row. HEAT_DECK, naming the point, when a value
 * does not satisfy `require` or a field file has no value there. Local. */
heat_status heat_quantity_evaluate(const heat_quantity *quantity, const heat_problem *problem, heat_run where,
                                   heat_requirement *require, double *out);

/* Evaluate the factor in space of an expression that is a product, at the points of a run. Local. */
void heat_quantity_profile(const heat_quantity *quantity, const heat_problem *problem, heat_run where, double *out);

/* Evaluate a quantity at the coordinate s, m, along a side. `centre` is the run of the one cell that contains s; its
 * centre is used if the value at s does not satisfy `require`. Errors are those of heat_quantity_evaluate. Local. */
heat_status heat_quantity_at(const heat_quantity *quantity, const heat_problem *problem, heat_run centre, double s,
                             heat_requirement *require, double *value);

/* Return the failure, at the key of the quantity, that its field file has no value in a cell of a row. Local. */
heat_status heat_quantity_fail_missing(const heat_quantity *quantity, const heat_problem *problem, int64_t cell,
                                       int64_t row, const char *reason);

/* Turn the power of each region that has one into a source, spread evenly over the cells of the whole grid that have
 * their source from this region. HEAT_DECK when there are no such cells, or when the power depends on x or y.
 * Collective over comm. */
heat_status heat_problem_spread_powers(heat_problem *problem, MPI_Comm comm);

/* Read every field file once, each rank a part of the rows, to form its digest and to find cells that need a value and
 * have none. HEAT_DECK, HEAT_IO. Collective over comm. */
heat_status heat_problem_read_inputs(heat_problem *problem, MPI_Comm comm);

#endif
