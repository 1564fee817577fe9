/* What a run says at its start and at its end, on the screen and in run.log. */
#ifndef HEAT2D_REPORT_H
#define HEAT2D_REPORT_H

#include "heat2d/app/setup.h"
#include "outputs.h"
#include "resume.h"
#include "saver.h"

/* What there is to report on; all borrowed. */
typedef struct heat_report {
  heat_runtime *runtime;
  const heat_setup *setup;
  const heat_operator *op;
  const heat_resume *resume;
  const heat_outputs *outputs;
  const heat_saver *saver;
  heat_advance total; /* of the steps of this process */
  const char *directory;
  bool copies; /* checkpoints are written from a copy */
} heat_report;

/* The version and the title, by which a log is known. Local. */
void heat_report_version(heat_runtime *runtime, const heat_config *config);

/* The plan, and from where the run goes on. Local. */
void heat_report_start(const heat_report *report, const heat_clock *clock, const heat_state *state);

/* Once the first file has been opened through MPI-IO, and only once: what that was made of. Local. */
void heat_report_hints(const heat_report *report);

/* What the steps have cost, the heat balance, and the files. Collective. */
void heat_report_end(const heat_report *report);

#endif
