/* The kernels are compiled from one source for several generations of processors, and the fastest that this processor
 * can run are chosen at the start. So one binary serves login nodes and newer compute nodes. All of them give the same
 * bits: see kernel.h. */
#include "heat2d/numerics/kernel.h"

#include <stdlib.h>
#include <string.h>

extern const heat_lanes heat_lanes_base;
#ifdef HEAT2D_X86_64_LEVELS
/* kernel.c and lanes.c again, with other names and for other instructions: see CMakeLists.txt. */
#define DECLARE(level)                                                                                                 \
  void heat_kernel_plain_##level(const heat_sweep *sweep, heat_part part);                                             \
  void heat_kernel_march_##level(const heat_sweep *sweep, heat_part part);                                             \
  double heat_kernel_rate_##level(const heat_sweep *sweep, heat_part part);                                            \
  extern const heat_lanes heat_lanes_##level
DECLARE(v3);
DECLARE(v4);

static bool has_v2(void) {
  return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
}

static bool has_v3(void) {
  return has_v2() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
}

static bool has_v4(void) {
  return has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

static bool always(void) {
  return true;
}

/* The fastest first. */
static const struct {
  heat_kernels kernels;
  bool (*supported)(void);
} choices[] = {
#ifdef HEAT2D_X86_64_LEVELS
    {{"x86-64-v4", heat_kernel_plain_v4, heat_kernel_march_v4, heat_kernel_rate_v4, &heat_lanes_v4}, has_v4},
    {{"x86-64-v3", heat_kernel_plain_v3, heat_kernel_march_v3, heat_kernel_rate_v3, &heat_lanes_v3}, has_v3},
    /* The vectors of x86-64-v2 are as long as those of all x86-64, and its loops have the same instructions. */
    {{"x86-64-v2", heat_kernel_plain, heat_kernel_march, heat_kernel_rate, &heat_lanes_base}, has_v2},
#endif
    {{"base", heat_kernel_plain, heat_kernel_march, heat_kernel_rate, &heat_lanes_base}, always},
};
enum { CHOICES = sizeof choices / sizeof *choices };

const heat_kernels *heat_kernels_find(const char *name) {
  for (int c = 0; c < CHOICES; c++)
    if ((name == NULL || strcmp(name, choices[c].kernels.name) == 0) && choices[c].supported())
      return &choices[c].kernels;
  return NULL;
}
