/* The digest of a field file is formed from its numbers as they are used, row by row, unpacked and in the order of the
 * grid, so that it does not depend on where and in which form they are stored, nor on the number of ranks. It is the
 * sum modulo 2^64 of one XXH3 hash for each piece of a row, seeded with the position of the piece. */
#define XXH_INLINE_ALL
#include "problem_private.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { PIECE = 65536 }; /* cells read at once */

/* A field file and its use. */
typedef struct use {
  heat_quantity *quantity;
  heat_property property; /* of a field */
  int layer;              /* see problem.h; -1: the file belongs to a side */
  int64_t rows, columns;
} use;

/* Find the n-th use that a quantity may have; false after the last. */
static bool use_at(const heat_problem *problem, int n, use *at) {
  const int layers = problem->region_count + 1, fields = layers * HEAT_PROPERTIES;
  *at = (use){.layer = -1, .rows = 1};
  if (n < fields) {
    at->layer = n / HEAT_PROPERTIES;
    at->property = (heat_property)(n % HEAT_PROPERTIES);
    at->rows = problem->cells[HEAT_Y];
    at->columns = problem->cells[HEAT_X];
    at->quantity = at->layer == 0 ? problem->base[at->property] : problem->regions[at->layer - 1].set[at->property];
    return true;
  }
  const int side = (n - fields) / 2;
  if (side >= HEAT_SIDES) return false;
  at->columns = problem->cells[1 - side / 2];
  at->quantity = (n - fields) % 2 == 0 ? problem->sides[side].coefficient : problem->sides[side].value;
  return true;
}

/* Whether a cell without a value in a piece of a row needs it. It does not if a later region covers the cell. */
static bool needs_missing(const heat_problem *problem, const use *u, int64_t row, int64_t lo, int64_t hi,
                          const double *values, int *which, int64_t *cell) {
  if (u->layer >= 0) heat_problem_layers(problem, u->property, row, lo, hi, which);
  for (int64_t n = 0; n < hi - lo; n++) {
    if (!isnan(values[n]) || (u->layer >= 0 && which[n] != u->layer)) continue;
    *cell = lo + n;
    return true;
  }
  return false;
}

/* Read the rows [first, last) of a field file. */
static heat_status read_rows(const heat_problem *problem, use *u, int64_t first, int64_t last, double *values,
                             int *which) {
  const uint64_t pieces = ((uint64_t)u->columns + PIECE - 1) / PIECE;
  for (int64_t row = first; row < last; row++) {
    for (uint64_t piece = 0; piece < pieces; piece++) {
      const int64_t lo = (int64_t)piece * PIECE, hi = lo + PIECE < u->columns ? lo + PIECE : u->columns;
      const char *reason = "";
      int64_t cell;
      const heat_status status = heat_dataset_read(u->quantity->dataset, row, lo, hi, values);
      if (status.code != HEAT_OK) return status;
      if (heat_dataset_missing(u->quantity->dataset, &reason) >= 0 &&
          needs_missing(problem, u, row, lo, hi, values, which, &cell))
        return heat_quantity_fail_missing(u->quantity, problem, cell, row, reason);
      u->quantity->digest +=
          XXH3_64bits_withSeed(values, (size_t)(hi - lo) * sizeof *values, (uint64_t)row * pieces + piece);
    }
  }
  return heat_ok();
}

/* Form the digest of one file, each rank reading a part of its rows. Collective. */
static heat_status read_input(const heat_problem *problem, MPI_Comm comm, use *u) {
  int rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  const int64_t share = u->rows / size, rest = u->rows % size;
  const int64_t first = rank * share + (rank < rest ? rank : rest), last = first + share + (rank < rest);
  double *values = malloc(PIECE * sizeof *values);
  int *which = malloc(PIECE * sizeof *which);
  heat_status status = values != NULL && which != NULL ? heat_ok() : heat_no_memory("a field file", PIECE);
  if (status.code == HEAT_OK) status = read_rows(problem, u, first, last, values, which);
  free(which);
  free(values);
  MPI_Allreduce(MPI_IN_PLACE, &u->quantity->digest, 1, MPI_UINT64_T, MPI_SUM, comm);
  u->quantity->has_digest = true;
  return heat_agree(comm, status);
}

/* Find an earlier quantity of the same key, since one conductivity may be used for both directions. */
static const heat_quantity *same_key(const heat_problem *problem, int before, const heat_quantity *quantity) {
  use u;
  for (int n = 0; n < before && use_at(problem, n, &u); n++)
    if (u.quantity != NULL && u.quantity->has_digest && strcmp(u.quantity->key, quantity->key) == 0) return u.quantity;
  return NULL;
}

/* Write a line for each field file: key, digest, dataset, file. */
static heat_status list_inputs(heat_problem *problem) {
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) return heat_no_memory("the list of field files", sizeof *out);
  use u;
  for (int n = 0; use_at(problem, n, &u); n++) {
    const heat_quantity *q = u.quantity;
    if (q == NULL || !q->has_digest || same_key(problem, n, q) != NULL) continue;
    const heat_value value = heat_config_value(problem->config, "%s", q->key);
    fprintf(out, "%s %016" PRIx64 " %s ", q->key, q->digest, value.dataset);
    for (const char *c = value.file; *c != '\0'; c++) fputc((unsigned char)*c < ' ' ? '?' : *c, out);
    fputc('\n', out);
  }
  const bool good = ferror(out) == 0;
  if (fclose(out) != 0 || !good || text == NULL) {
    free(text);
    return heat_no_memory("the list of field files", 0);
  }
  free(problem->inputs);
  problem->inputs = text;
  return heat_ok();
}

heat_status heat_problem_read_inputs(heat_problem *problem, MPI_Comm comm) {
  use u;
  for (int n = 0; use_at(problem, n, &u); n++) {
    if (u.quantity == NULL || u.quantity->dataset == NULL) continue;
    const heat_quantity *same = same_key(problem, n, u.quantity);
    if (same != NULL) {
      u.quantity->digest = same->digest;
      u.quantity->has_digest = true;
      continue;
    }
    heat_status status = read_input(problem, comm, &u);
    if (status.code != HEAT_OK) return status;
  }
  return heat_agree(comm, list_inputs(problem));
}

/* Find the digest of a key in a list. */
static bool find_digest(const char *list, const char *key, uint64_t *digest) {
  const size_t length = strlen(key);
  for (const char *line = list; line != NULL && *line != '\0'; line = strchr(line, '\n'), line += line != NULL) {
    if (strncmp(line, key, length) == 0 && line[length] == ' ')
      return sscanf(line + length, " %16" SCNx64, digest) == 1;
  }
  return false;
}

/* Compare one field file with its earlier digest, and give `old` the present name of the file. */
static heat_status compare_input(const heat_problem *problem, heat_quantity *quantity, uint64_t before,
                                 heat_config *old) {
  const heat_value now = heat_config_value(problem->config, "%s", quantity->key);
  if (quantity->absent != NULL) { /* it is missing, and taken to be the file of that name with which the run began */
    quantity->digest = before;
    quantity->has_digest = true;
    return heat_ok();
  }
  if (quantity->digest == before) return heat_config_adopt(old, problem->config, quantity->key);
  return heat_config_fail(problem->config, quantity->key,
                          "%s in '%s' does not hold the numbers that the run began with (a run is resumed with the "
                          "same fields)",
                          now.dataset, now.file);
}

heat_status heat_problem_compare_inputs(heat_problem *problem, const char *before, heat_config *old, bool *unknown) {
  use u;
  *unknown = false;
  for (int n = 0; use_at(problem, n, &u); n++) {
    uint64_t digest = 0;
    if (u.quantity == NULL || u.quantity->kind != HEAT_VALUE_FILE) continue;
    if (!find_digest(before, u.quantity->key, &digest)) {
      *unknown = *unknown || before == NULL;
      continue;
    }
    heat_status status = compare_input(problem, u.quantity, digest, old);
    if (status.code != HEAT_OK) return status;
  }
  return list_inputs(problem);
}

heat_status heat_problem_check_start(const heat_problem *problem) {
  use u;
  for (int n = 0; use_at(problem, n, &u); n++)
    if (u.quantity != NULL && u.quantity->absent != NULL)
      return heat_config_fail(problem->config, u.quantity->key, "%s", u.quantity->absent);
  return heat_ok();
}
