/* The choice of the loops of the linear solver. Those of the multigrid are compiled for float and for double, and all
 * of them for several generations of processors, as the kernels are: see kernel_choice.c. */
#include "heat2d/numerics/kernel.h"
#include "heat2d/numerics/solver_loops.h"
#include "multigrid_level.h"

#include <stdlib.h>
#include <string.h>

extern const heat_level_setup heat_level_setup_float, heat_level_setup_double;
extern const heat_level_loops heat_level_loops_float, heat_level_loops_double;
extern const heat_solver_loops heat_solver_loops_base;
#ifdef HEAT2D_X86_64_LEVELS
extern const heat_level_loops heat_level_loops_float_v2, heat_level_loops_double_v2;
extern const heat_level_loops heat_level_loops_float_v3, heat_level_loops_double_v3;
extern const heat_level_loops heat_level_loops_float_v4, heat_level_loops_double_v4;
extern const heat_level_setup heat_level_setup_float_v3, heat_level_setup_double_v3;
extern const heat_level_setup heat_level_setup_float_v4, heat_level_setup_double_v4;
extern const heat_solver_loops heat_solver_loops_v2, heat_solver_loops_v3, heat_solver_loops_v4;
#endif

static const struct {
  const char *name;
  const heat_level_loops *level[HEAT_LEVEL_PRECISIONS];
  const heat_level_setup *setup[HEAT_LEVEL_PRECISIONS];
  const heat_solver_loops *solver;
} choices[] = {
#ifdef HEAT2D_X86_64_LEVELS
    {"x86-64-v4",
     {&heat_level_loops_float_v4, &heat_level_loops_double_v4},
     {&heat_level_setup_float_v4, &heat_level_setup_double_v4},
     &heat_solver_loops_v4},
    {"x86-64-v3",
     {&heat_level_loops_float_v3, &heat_level_loops_double_v3},
     {&heat_level_setup_float_v3, &heat_level_setup_double_v3},
     &heat_solver_loops_v3},
    {"x86-64-v2",
     {&heat_level_loops_float_v2, &heat_level_loops_double_v2},
     {&heat_level_setup_float, &heat_level_setup_double}, /* the vectors of this level are not longer */
     &heat_solver_loops_v2},
#endif
    {"base",
     {&heat_level_loops_float, &heat_level_loops_double},
     {&heat_level_setup_float, &heat_level_setup_double},
     &heat_solver_loops_base},
};
enum { CHOICES = sizeof choices / sizeof *choices };

static int choose(void) {
  const heat_kernels *kernels = heat_kernels_find(getenv("HEAT2D_ISA"));
  for (int c = 0; c < CHOICES && kernels != NULL; c++)
    if (strcmp(choices[c].name, kernels->name) == 0) return c;
  return CHOICES - 1;
}

const heat_level_loops *heat_level_loops_find(heat_level_precision precision) {
  return choices[choose()].level[precision];
}

const heat_level_setup *heat_level_setup_find(heat_level_precision precision) {
  return choices[choose()].setup[precision];
}

const heat_solver_loops *heat_solver_loops_find(void) {
  return choices[choose()].solver;
}
