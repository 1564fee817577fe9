#include "heat2d/numerics/steady.h"

#include <math.h>

heat_steady heat_steady_create(const heat_config *config) {
  const bool later = heat_config_auto(config, "time.steady_after");
  return (heat_steady){.absolute = heat_config_real(config, "time.steady"),
                       .relative = heat_config_real(config, "time.steady_relative"),
                       .end = heat_config_real(config, "time.end"),
                       .after = later ? NAN : heat_config_real(config, "time.steady_after")};
}

bool heat_steady_asked(const heat_steady *steady) {
  return steady->absolute > 0 || steady->relative > 0;
}

heat_status heat_steady_look(heat_steady *steady, heat_operator *op, heat_field *u, double t, double low, double high,
                             bool *is_steady) {
  double rate, threshold = steady->absolute;
  *is_steady = false;
  steady->waits = false;
  heat_status status = heat_operator_rate(op, u, t, &rate);
  if (status.code != HEAT_OK) return status;
  if (steady->relative > 0) {
    const heat_extent now = heat_field_extent(u, op->grid);
    threshold = fmax(threshold, steady->relative * (fmax(high, now.max) - fmin(low, now.min)));
  }
  steady->rate = rate;
  steady->threshold = threshold;
  if (!(rate < threshold || rate == 0)) return status;
  /* The time of the last change is computed once, when it is first needed. */
  if (isnan(steady->after))
    status = heat_agree(op->grid->comm, heat_problem_settles(op->problem, steady->end, &steady->after));
  *is_steady = status.code == HEAT_OK && t >= steady->after;
  steady->waits = !*is_steady;
  return status;
}
