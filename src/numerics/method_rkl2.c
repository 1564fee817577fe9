/* The Runge-Kutta-Legendre method of second order (Meyer, Balsara, Aslam 2014, J. Comput. Phys. 257, section 2.3):
 *
 *     Y_0 = u_n,   Y_1 = Y_0 + m_1 dt L_0,
 *     Y_j = mu Y_{j-1} + nu Y_{j-2} + (1 - mu - nu) Y_0 + m_j dt L_{j-1} + g_j dt L_0,   j = 2 ... s,   u_{n+1} = Y_s
 *
 * with L_j = L(Y_j, t_n + c_j dt). The c_j follow from the same recursion for u' = 1. So the method treats time as one
 * more variable, and sources and sides that depend on time do not lower its order. It is stable for dt <= (s^2 + s - 2)
 * / spectral bound / 2. s is odd, which damps the highest mode.
 *
 * The error of a step is about 0.8 (u_n - u_{n+1}) + 0.4 dt (L_0 + L(u_{n+1}, t_{n+1})) (Sommeijer, Shampine, Verwer
 * 1997, J. Comput. Appl. Math. 88, for methods of this kind), which vanishes where u is a parabola in time.
 *
 * mu and nu are rounded to so few bits that the sum of the three weights is exactly 1. So a constant field does not
 * drift. */
#include "stepper_private.h"

#include <math.h>

enum { SOLUTION, ODD, EVEN, RATE };         /* roles of the fields: ODD for the stages of odd numbers */
enum { FEWEST = 3, MOST = HEAT_RKL2_MOST }; /* stages */

static double reach_of(int s) {
  return (double)(s * s + s - 2) / 2;
}

/* The smallest number of stages, which is odd, with which a step dt is stable. */
static int stages_for(double dt, double bound) {
  int s = FEWEST;
  while (s < MOST && dt * bound > reach_of(s)) s += 2;
  return s;
}

/* The coefficient b_j, from the paper's (16). */
static double b(int j) {
  enum { NEXT = 2 };
  const double low = 1.0 / 3;
  return j < NEXT ? low : (double)(j * j + j - 2) / (2.0 * j * (j + 1));
}

typedef struct recursion {
  double mu, nu, m, g;
} recursion;

/* Round to a multiple of 2^-50. */
static double rounded(double value) {
  const double scale = 0x1p50;
  return nearbyint(value * scale) / scale;
}

static recursion recursion_of(int j, int s) {
  const double w = 4 / (double)(s * s + s - 2);
  if (j == 1) return (recursion){.mu = 1, .m = b(1) * w};
  const double mu = (2.0 * j - 1) / j * b(j) / b(j - 1), nu = -(j - 1.0) / j * b(j) / b(j - 2);
  return (recursion){rounded(mu), rounded(nu), mu * w, -(1 - b(j - 1)) * mu * w};
}

/* Find the weight of each dt L_k in the result, by the recursion for Y_j - Y_0 as a sum of them. */
static void find_budget_weights(int s, double weights[MOST]) {
  double sums[3][MOST] = {{0}}; /* of Y_{j-2}, Y_{j-1} and Y_j, which take turns */
  for (int j = 1; j <= s; j++) {
    const recursion r = recursion_of(j, s);
    const double *two_before = sums[(j + 1) % 3], *before = sums[(j + 2) % 3];
    double *now = sums[j % 3];
    for (int k = 0; k < s; k++) now[k] = r.mu * before[k] + (j > 1 ? r.nu * two_before[k] : 0);
    now[j - 1] += r.m;
    now[0] += r.g;
  }
  for (int k = 0; k < s; k++) weights[k] = sums[s % 3][k];
}

/* The stage that computes the error into EVEN, which is not needed for the result any more. */
static heat_stage error_stage(const heat_step *step) {
  const double change = 0.8, rate = 0.4 * step->dt;
  return (heat_stage){.out = EVEN,
                      .u = ODD,
                      .terms = 3,
                      .term = {{SOLUTION, change}, {ODD, -change}, {RATE, rate}},
                      .c = rate,
                      .t = step->end};
}

int heat_rkl2_stages(const heat_step *step, double bound, heat_stage stages[HEAT_METHOD_STAGES], int *result) {
  const double dt = step->dt;
  const int s = stages_for(dt, bound);
  double weights[MOST], times[MOST + 1] = {0}; /* c_j */
  find_budget_weights(s, weights);
  stages[0] = (heat_stage){.out = RATE,
                           .u = SOLUTION,
                           .terms = 1,
                           .term = {{SOLUTION, 0}},
                           .c = 1,
                           .t = step->estimated ? step->begin : step->t,
                           .budget_weight = weights[0] * dt};
  for (int j = 1; j <= s; j++) {
    const recursion r = recursion_of(j, s);
    const int out = j % 2 == 1 ? ODD : EVEN, before = j == 1 ? SOLUTION : j % 2 == 1 ? EVEN : ODD;
    const int two_before = j == 2 ? SOLUTION : out;
    times[j] = r.mu * times[j - 1] + (j > 1 ? r.nu * times[j - 2] + r.m + r.g : r.m);
    if (j == 1) {
      stages[1] = (heat_stage){.out = ODD, .u = SOLUTION, .terms = 2, .term = {{SOLUTION, 1}, {RATE, r.m * dt}}};
      continue;
    }
    stages[j] =
        (heat_stage){.out = out,
                     .u = before,
                     .terms = 4,
                     .term = {{before, r.mu}, {two_before, r.nu}, {SOLUTION, 1 - r.mu - r.nu}, {RATE, r.g * dt}},
                     .c = r.m * dt,
                     .t = step->t + times[j - 1] * dt,
                     .budget_weight = weights[j - 1] * dt};
  }
  *result = ODD;
  if (!step->estimated) return s + 1;
  stages[s + 1] = error_stage(step);
  return s + 2;
}
