/* The loops of the multigrid, compiled for float and for double and for several generations of processors, as the
 * kernels are: see kernel_choice.c. */
#include "heat2d/numerics/kernel.h"
#include "multigrid_level.h"

#include <stdlib.h>
#include <string.h>

extern const heat_level_setup heat_level_setup_float, heat_level_setup_double;
const heat_level_setup *const heat_level_setups[HEAT_LEVEL_PRECISIONS] = {&heat_level_setup_float,
                                                                          &heat_level_setup_double};

extern const heat_level_loops heat_level_loops_float, heat_level_loops_double;
#ifdef HEAT2D_X86_64_LEVELS
extern const heat_level_loops heat_level_loops_float_v2, heat_level_loops_double_v2;
extern const heat_level_loops heat_level_loops_float_v3, heat_level_loops_double_v3;
extern const heat_level_loops heat_level_loops_float_v4, heat_level_loops_double_v4;
#endif

static const struct {
  const char *name;
  const heat_level_loops *loops[HEAT_LEVEL_PRECISIONS];
} choices[] = {
#ifdef HEAT2D_X86_64_LEVELS
    {"x86-64-v4", {&heat_level_loops_float_v4, &heat_level_loops_double_v4}},
    {"x86-64-v3", {&heat_level_loops_float_v3, &heat_level_loops_double_v3}},
    {"x86-64-v2", {&heat_level_loops_float_v2, &heat_level_loops_double_v2}},
#endif
    {"base", {&heat_level_loops_float, &heat_level_loops_double}},
};
enum { CHOICES = sizeof choices / sizeof *choices };

const heat_level_loops *heat_level_loops_find(heat_level_precision precision) {
  const heat_kernels *kernels = heat_kernels_find(getenv("HEAT2D_ISA"));
  for (int c = 0; c < CHOICES && kernels != NULL; c++)
    if (strcmp(choices[c].name, kernels->name) == 0) return choices[c].loops[precision];
  return choices[CHOICES - 1].loops[precision];
}
