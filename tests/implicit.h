/* What the tests of the implicit methods share: problems, rigs with a solver, and cases that are distributed over the
 * ranks. Include it after harness.h. */
#ifndef HEAT2D_TESTS_IMPLICIT_H
#define HEAT2D_TESTS_IMPLICIT_H

#include "steps.h"
#include "thinned.h"

enum { STEPPING = HEAT_METHOD_STEADY - HEAT_EXPLICIT_METHODS }; /* implicit methods that take steps */
enum { ENOUGH = 2000 }; /* number of iterations that suffices for all of these problems */

/* Make a rig of a deck without `time`, with that tolerance of the solver and that limit of its iterations. */
static inline void open_implicit(rig *r, rig_setting set, double tolerance, int iterations) {
  char deck[4096];
  snprintf(deck, sizeof deck, "%s\ntime: {end: 1, solver: {tolerance: %.17g, iterations: %d}}\n", set.deck, tolerance,
           iterations);
  set.deck = deck;
  if (set.depth == 0) set.depth = 1;
  open_rig(r, set);
}

static inline double largest(const double *values, int64_t count) {
  double most = 0;
  for (int64_t n = 0; n < count; n++) most = fmax(most, fabs(values[n]));
  return most;
}

/* Materials, and sides of each type whose values depend on time; smooth from the start. */
static const char *const materials[] = {
    "material: {diffusivity: [0.3, 0.1]}\n",
    "material: {conductivity: ['0.2 + 0.1*x*y', 0.1], density: '2 - x', heat_capacity: 1.5}\n",
    ("interface: arithmetic\nmaterial: {conductivity: 1, density: 1, heat_capacity: 1}\n"
     "regions: [{shape: rectangle, min: [0, 0], max: [0.5, 0.3], conductivity: 0.001}]\n"),
};
enum { MATERIALS = sizeof materials / sizeof *materials };
static const char *const enclosures[] = {
    "left: {type: dirichlet, value: y*t}, right: {type: dirichlet, value: sin(3*t)}",
    "left: {type: neumann, flux: y*sin(2*t)}, top: {type: neumann, flux: t*t}",
    "left: {type: robin, coefficient: 2, ambient: sin(3*t)}, bottom: {type: robin, coefficient: 1 + t, ambient: x*t}",
    "left: {type: periodic}, right: {type: periodic}, bottom: {type: periodic}, top: {type: periodic}",
};
enum { ENCLOSURES = sizeof enclosures / sizeof *enclosures };
static const char gentle[] = "initial: {temperature: 0}\nsource: 3*x*y*sin(2*t)\n";

static inline void write_deck(char deck[2048], int material, int enclosure) {
  snprintf(deck, 2048, "%s%sboundary: {%s}\n", materials[material], gentle, enclosures[enclosure]);
}

/* Whether the n-th of many cases is this rank's. Each rank does its own cases alone. */
static inline bool is_mine(int n) {
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return n % size == rank;
}

static inline void assert_balanced(rig *r, outcome before) {
  const outcome now = outcome_of(r);
  const double rest = now.energy - before.energy - now.wall_heat - now.source_heat;
  const double scale = fmax(fabs(now.energy), fmax(now.moved, fabs(now.source_heat)));
  if (!(fabs(rest) <= 1e-13 * scale))
    print_error("%s: %g of %g unexplained\n", heat_method_name(r->stepper.method), rest, scale);
  assert_true(fabs(rest) <= 1e-13 * scale);
}

#endif
