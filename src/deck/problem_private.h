/* What the files of the problem share. */
#ifndef HEAT2D_PROBLEM_PRIVATE_H
#define HEAT2D_PROBLEM_PRIVATE_H

#include "heat2d/deck/dataset.h"
#include "heat2d/deck/expression.h"
#include "heat2d/deck/problem.h"

enum { HEAT_QUANTITY_KEY = 64 };

struct heat_quantity {
  char key[HEAT_QUANTITY_KEY]; /* where it stands in the deck */
  int along;                   /* of a side: its axis; -1: a field */
  heat_value_kind kind;
  double number;
  double scale; /* of what an expression yields */
  heat_expression *expression;
  heat_dataset *dataset;
  char *absent;    /* why a file that only the start needs could not be opened; NULL: it was, or there is none */
  bool has_digest; /* of its field file */
  uint64_t digest; /* see problem_inputs.c */
};

/* The quantity of a number that stands nowhere in the deck; NULL when memory is exhausted. Local. */
heat_quantity *heat_quantity_number(double number);

/* The quantity at a key, its expression compiled or its file opened. `along`: as above. HEAT_DECK, HEAT_IO; *quantity
 * is to be destroyed in any case. Local. */
heat_status heat_quantity_create(heat_quantity **quantity, const heat_problem *problem, const char *key, int along);
void heat_quantity_destroy(heat_quantity *quantity); /* NULL is allowed. Local. */

bool heat_quantity_in_time(const heat_quantity *quantity); /* whether it depends on time; NULL does not. Local. */

/* Runs of points: the centres of the cells first, first + 1, ... along `axis`, in each of `rows` neighbouring rows. */
typedef struct heat_run {
  int axis;
  int64_t first, count;
  int64_t row;      /* the first one of a field; 0 for a side */
  int64_t rows;     /* 1 for a side */
  double across, t; /* the coordinate across the first row, m */
  ptrdiff_t stride; /* from the values of one row to those of the next */
} heat_run;

/* What a value must be, in words; NULL when it is. */
typedef const char *heat_requirement(double value);
heat_requirement heat_must_be_finite, heat_must_be_positive, heat_must_not_be_negative;

/* The values at the points of a run, `count` numbers for each row. HEAT_DECK, with the point, when one is not what is
 * required or a field file has none there. Local. */
heat_status heat_quantity_evaluate(const heat_quantity *quantity, const heat_problem *problem, heat_run where,
                                   heat_requirement *require, double *out);

/* The factor in space of an expression that is a product, at the points of a run. Local. */
void heat_quantity_profile(const heat_quantity *quantity, const heat_problem *problem, heat_run where, double *out);

/* The value at the coordinate s along a side, m. `centre` is the run of the one cell around it, whose centre is taken
 * where the value right at s is not what is required. Errors as above. Local. */
heat_status heat_quantity_at(const heat_quantity *quantity, const heat_problem *problem, heat_run centre, double s,
                             heat_requirement *require, double *value);

/* A cell (of a row) in which a field file has no value, as a failure at its key. Local. */
heat_status heat_quantity_fail_missing(const heat_quantity *quantity, const heat_problem *problem, int64_t cell,
                                       int64_t row, const char *reason);

/* Turn the power of each region that has one into its source: evenly over the cells of the whole grid whose source it
 * is. HEAT_DECK where there are none, and where the power is not one for the whole region. Collective over comm. */
heat_status heat_problem_spread_powers(heat_problem *problem, MPI_Comm comm);

/* Read every field file once, all ranks sharing its rows: for its digest, and for cells that need a value and have
 * none. Collective over comm. */
heat_status heat_problem_read_inputs(heat_problem *problem, MPI_Comm comm);

#endif
