/* What a run prints at its start and at its end, on the screen and in run.log. */
#ifndef HEAT2D_REPORT_H
#define HEAT2D_REPORT_H

#include "heat2d/app/setup.h"
#include "outputs.h"
#include "resume.h"
#include "saver.h"

/* What is reported on; all borrowed. */
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

/* Print the version and the title, by which a log is recognised. Local. */
void heat_report_version(heat_runtime *runtime, const heat_config *config);

/* Print the plan, and the checkpoint from which the run is resumed. Local. */
void heat_report_start(const heat_report *report, const heat_clock *clock, const heat_state *state);

/* Print, once, how MPI-IO has opened the first file: the hints that it uses. Local. */
void heat_report_hints(const heat_report *report);

/* Print what the steps have cost, the heat balance, and the files. Collective. */
void heat_report_end(const heat_report *report);

#endif
