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
  heat_expression *expression;
  heat_dataset *dataset;
  char *absent;    /* why a file that only the start needs could not be opened; NULL: it was, or there is none */
  bool has_digest; /* of its field file */
  uint64_t digest; /* see problem_inputs.c */
};

/* A cell (of a row) in which a field file has no value, as a failure at its key. Local. */
heat_status heat_quantity_fail_missing(const heat_quantity *quantity, const heat_problem *problem, int64_t cell,
                                       int64_t row, const char *reason);

/* Read every field file once, all ranks sharing its rows: for its digest, and for cells that need a value and have
 * none. Collective over comm. */
heat_status heat_problem_read_inputs(heat_problem *problem, MPI_Comm comm);

#endif
