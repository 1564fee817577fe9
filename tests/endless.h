/* What the tests of stops share: a run that goes on until it is stopped. */
#ifndef HEAT2D_TESTS_ENDLESS_H
#define HEAT2D_TESTS_ENDLESS_H

#include "command.h"

/* Each step is short; `end` decides how long the run takes. */
static const char endless_deck[] = "domain: {size: [1, 1], cells: [64, 48]}\n"
                                   "material: {diffusivity: 1}\n"
                                   "initial: {temperature: 'sin(3*x)*cos(2*y)'}\n"
                                   "boundary: {left: {type: dirichlet, value: 1}}\n"
                                   "time: {end: 1e9, step: 1e-5}\n"
                                   "output: {directory: out, max_files: 1000000000000000, every: 0}\n"
                                   "checkpoint: {every: {minutes: 0}}\n";

static inline void start_anew(void) {
  shell("rm -rf out shared qstat used && mkdir -p tools");
  write_text("deck.yaml", endless_deck);
  command.rank_environment[0] = '\0';
}

static inline void await_file(pid_t process, const char *path) {
  const double deadline = now() + command.limit;
  while (!exists(path) && now() < deadline && kill(process, 0) == 0) pause_briefly();
  assert_true(exists(path));
}

static inline void sleep_for(double seconds) {
  const double until = now() + seconds;
  while (now() < until) pause_briefly();
}

#endif
