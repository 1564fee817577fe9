/* A run, as the files that implement it share it: its beginning (simulation_begin.c), the time loop (simulation.c),
 * requests by files (simulation_obey.c), and its end (simulation_end.c). */
#ifndef HEAT2D_SIMULATION_PRIVATE_H
#define HEAT2D_SIMULATION_PRIVATE_H

#include "heat2d/app/progress.h"
#include "heat2d/app/setup.h"
#include "heat2d/io/lock.h"
#include "heat2d/numerics/steady.h"
#include "outputs.h"
#include "report.h"
#include "resume.h"
#include "saver.h"
#include "watch.h"

/* The result of the latest check of the solution: the range of its values, and how many of them are not finite. */
typedef struct heat_look {
  int64_t step;
  heat_extent extent;
} heat_look;

typedef struct heat_simulation {
  heat_runtime *runtime;       /* borrowed */
  const heat_options *options; /* borrowed */
  heat_setup setup;
  heat_operator op;
  heat_stepper stepper;
  heat_clock clock;
  char *deck;               /* the resolved deck */
  const char *directory;    /* its output.directory */
  bool copies;              /* there is memory to write checkpoints from a copy, behind the steps */
  heat_status step_refused; /* why the deck's time.step is refused, for a run that is resumed from a checkpoint */
  heat_lock lock;
  heat_resume resume;
  heat_outputs outputs;
  heat_saver saver;
  heat_watch watch;
  heat_progress progress;
  bool progressing;   /* this run writes status.json */
  heat_state state;   /* the state of the solution, at state.step */
  heat_look look;     /* the latest check of the solution */
  int64_t first;      /* the step at which this process began */
  heat_advance total; /* the sums over all steps since then; its time is not used */
  heat_steady steady;
  bool told_waiting;   /* a message has said that the run changes slowly enough but may not be called steady so far */
  bool nothing_to_do;  /* the run to be resumed ended as steady, and still is */
  heat_status pending; /* a failure of this rank since the last poll; the next poll tells the other ranks */
} heat_simulation;

/* Set the run up, from the deck to the stepper. Nothing is written. HEAT_DECK, HEAT_USAGE, HEAT_IO. Collective. */
heat_status heat_simulation_set_up(heat_simulation *sim);

/* Prepare the first step: take the lock of the directory, read the checkpoint from which the run is resumed, open the
 * files, write the report and the outputs of step 0. If sim->nothing_to_do is set afterwards, nothing was changed.
 * HEAT_USAGE, HEAT_DECK, HEAT_NUMERICS, HEAT_IO. Collective. */
heat_status heat_simulation_begin(heat_simulation *sim);

/* Check the values of the solution. HEAT_NUMERICS when one is not finite. Collective. */
heat_status heat_simulation_look(heat_simulation *sim);

/* Write the outputs that are due, after heat_simulation_look. HEAT_IO, HEAT_NUMERICS, HEAT_DECK. Collective. */
heat_status heat_simulation_write(heat_simulation *sim);

/* The present solution in the form that outputs need; its state is that of the run. Local. */
heat_moment heat_simulation_moment(heat_simulation *sim);

/* Obey the requests that were made by files in the directory: write the requested output at the present step, with a
 * message in run.log. If it cannot be written the message says so, and the run does not fail. Neither the bits of the
 * run nor its other outputs change. A requested checkpoint is written by the loop, and a later call reports when it is
 * whole. HEAT_NUMERICS when a temperature is not finite. Returns the agreed status. Collective. */
heat_status heat_simulation_obey(heat_simulation *sim);

/* At the end of the run: report that the last requested checkpoint is whole, and that other requests came too late.
 * Local. */
void heat_simulation_obey_last(heat_simulation *sim);

/* Set sim->state.steady to whether the run is steady. HEAT_DECK, HEAT_IO. Collective. */
heat_status heat_simulation_look_steady(heat_simulation *sim);

/* Show how far the run is, at the terminal and in status.json. `stepped` is the MPI_Wtime at which its last step was
 * done, or 0 before the first step. HEAT_IO on rank 0. Local. */
heat_status heat_simulation_show(heat_simulation *sim, double stepped);

/* Whether the last step is done, or the run is steady. Local. */
bool heat_simulation_finished(const heat_simulation *sim);

/* End a run whose loop has not failed: write its last checkpoint, report, and close its files. HEAT_STOPPED when it was
 * asked to stop, HEAT_IO. Collective. */
heat_status heat_simulation_end(heat_simulation *sim);

/* Write to status.json and run.log that the run failed, if the directory belongs to this run. Local. */
void heat_simulation_fail(heat_simulation *sim, const heat_status *status);

/* The same, called by the guard of MPI-IO (heat_stall_record.last_word) on any rank while that rank hangs in a call. */
void heat_simulation_stalled(void *simulation, const char *why);

/* The parts of the run about which report.h writes. Local. */
heat_report heat_simulation_report(const heat_simulation *sim);

#endif
