/* What tests share that need more than a deck: its problem, grid, operator or stepper on all ranks. Include it after
 * harness.h. */
#ifndef HEAT2D_TESTS_RIG_H
#define HEAT2D_TESTS_RIG_H

#include "heat2d/numerics/stepper.h"

#include <math.h>
#include <string.h>

/* How much of a rig is made. Each part needs those before it. */
typedef enum rig_part { RIG_ALL, RIG_PROBLEM, RIG_GRID, RIG_OPERATOR } rig_part;

typedef struct rig_setting {
  const char *deck;         /* any of the four required sections may be left out, and then has a default */
  int64_t cells[HEAT_AXES]; /* used if the deck has no domain; 0: 8 */
  double size[HEAT_AXES];   /* used if the deck has no domain, m; 0: 1 */
  rig_part up_to;
  bool alone;                /* each rank has a rig of its own */
  const int *ranks;          /* their layout; NULL: chosen */
  int strips;                /* largest number of strips in which blocks are numbered; 0: row by row */
  int depth, threads;        /* 0: 2 layers, 1 thread */
  const heat_method *method; /* NULL: the first one */
} rig_setting;

typedef struct rig {
  heat_config *config;
  heat_problem problem;
  heat_grid grid;
  heat_runtime runtime;
  heat_operator op;
  heat_stepper stepper;
  bool has_operator, has_stepper;
} rig;

static inline bool has_section(const char *deck, const char *name) {
  const char *found = strstr(deck, name);
  while (found != NULL && found != deck && found[-1] != '\n') found = strstr(found + 1, name);
  return found != NULL;
}

/* Return the deck followed by the sections that it lacks, so that places are counted from its beginning; it has to be
 * freed. */
static inline char *complete_deck(const rig_setting *set) {
  enum { SECTIONS = 256 };
  const size_t size = strlen(set->deck) + SECTIONS;
  char *text = malloc(size);
  assert_non_null(text);
  int used = snprintf(text, size, "%s\n", set->deck);
  if (!has_section(set->deck, "domain:"))
    used += snprintf(text + used, size - (size_t)used, "domain: {size: [%.17g, %.17g], cells: [%lld, %lld]}\n",
                     set->size[HEAT_X] > 0 ? set->size[HEAT_X] : 1, set->size[HEAT_Y] > 0 ? set->size[HEAT_Y] : 1,
                     (long long)(set->cells[HEAT_X] > 0 ? set->cells[HEAT_X] : 8),
                     (long long)(set->cells[HEAT_Y] > 0 ? set->cells[HEAT_Y] : 8));
  if (!has_section(set->deck, "material:"))
    used += snprintf(text + used, size - (size_t)used, "material: {diffusivity: 1}\n");
  if (!has_section(set->deck, "initial:"))
    used += snprintf(text + used, size - (size_t)used, "initial: {temperature: 0}\n");
  if (!has_section(set->deck, "time:")) snprintf(text + used, size - (size_t)used, "time: {end: 1}\n");
  return text;
}

/* Make and start a stepper on the operator of a rig. */
static inline void start_rig(rig *r, const heat_method *method) {
  assert_int_equal(heat_stepper_create(&r->stepper, method, &r->op).code, HEAT_OK);
  r->has_stepper = true;
  for (int f = 0; f < method->fields; f++) { /* NaN shows if a cell is used before it is set */
    const heat_field *field = &r->stepper.fields[f];
    for (size_t n = 0; n < field->bytes / sizeof(double); n++) field->memory[n] = NAN;
  }
  const heat_status status = heat_stepper_start(&r->stepper);
  assert_string_equal(status.text, "");
}

/* Number the blocks as if there were nodes for which that many strips are best. */
static inline void number_in_strips(heat_grid *grid, int strips) {
  const int most = grid->layout.ranks[HEAT_Y];
  grid->layout.strips = strips < most ? strips : most;
  grid->owned = heat_layout_box(&grid->layout, grid->rank);
}

static inline void open_rig(rig *r, rig_setting set) {
  static const int chosen[HEAT_AXES] = {0, 0};
  const MPI_Comm comm = set.alone ? MPI_COMM_SELF : MPI_COMM_WORLD;
  char *deck = complete_deck(&set);
  *r = (rig){.config = NULL};
  heat_status status = heat_config_parse(&r->config, "deck", deck, strlen(deck), NULL, 0);
  free(deck);
  assert_string_equal(status.text, "");
  status = heat_problem_create(&r->problem, comm, r->config);
  assert_string_equal(status.text, "");
  if (set.up_to == RIG_PROBLEM) return;
  status = heat_grid_create(&r->grid, comm, &r->problem, set.ranks != NULL ? set.ranks : chosen);
  assert_string_equal(status.text, "");
  number_in_strips(&r->grid, set.strips);
  if (set.up_to == RIG_GRID) return;
  heat_runtime_create(&r->runtime, comm);
  const heat_discretisation from = {&r->problem, &r->grid, set.depth > 0 ? set.depth : 2,
                                    set.threads > 0 ? set.threads : 1};
  status = heat_operator_create(&r->op, &from, &r->runtime);
  assert_string_equal(status.text, "");
  r->has_operator = true;
  if (set.up_to == RIG_OPERATOR) return;
  start_rig(r, set.method != NULL ? set.method : &heat_methods[0]);
}

static inline void close_rig(rig *r) {
  if (r->has_stepper) heat_stepper_destroy(&r->stepper);
  if (r->has_operator) {
    heat_operator_destroy(&r->op);
    heat_runtime_destroy(&r->runtime);
  }
  heat_problem_destroy(&r->problem);
  heat_config_destroy(r->config);
}

#endif
