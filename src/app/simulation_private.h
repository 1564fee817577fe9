/* A run: shared by what begins it (simulation_begin.c), its loop (simulation.c), and its end (simulation_end.c). */
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

/* A look at the numbers of the solution. */
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
  heat_status step_refused; /* what is wrong with the step of a run that goes on from a checkpoint */
  heat_lock lock;
  heat_resume resume;
  heat_outputs outputs;
  heat_saver saver;
  heat_watch watch;
  heat_progress progress;
  bool progressing;   /* status.json is this run's */
  heat_state state;   /* of the solution at state.step */
  heat_look look;     /* the latest one */
  int64_t first;      /* the step at which this process began */
  heat_advance total; /* of all steps since then, but for its time */
  heat_steady steady;
  bool told_waiting;   /* that the run is slow enough, but not yet steady */
  bool nothing_to_do;  /* the run that is to be resumed ended as steady, and still is */
  heat_status pending; /* this rank's failure since the last poll, which carries it to the others */
} heat_simulation;

/* From the deck to a stepper, before anything is written. HEAT_DECK, HEAT_USAGE, HEAT_IO. Collective. */
heat_status heat_simulation_set_up(heat_simulation *sim);

/* From the directory to the first step: the lock, the checkpoint to go on from, the files, the report, the outputs of
 * step 0. Where sim->nothing_to_do is set nothing has been changed. Collective. */
heat_status heat_simulation_begin(heat_simulation *sim);

/* Look at the numbers of the solution. HEAT_NUMERICS when one is not finite. Collective. */
heat_status heat_simulation_look(heat_simulation *sim);

/* Write the outputs that are due, of numbers that have been looked at. Collective. */
heat_status heat_simulation_write(heat_simulation *sim);

/* Set sim->state.steady to whether the run is steady. HEAT_DECK, HEAT_IO. Collective. */
heat_status heat_simulation_look_steady(heat_simulation *sim);

/* Say how far the run is, and what its time went to; `stepped`: MPI_Wtime when its last step was done, 0: none was yet.
 * HEAT_IO on rank 0. Local. */
heat_status heat_simulation_show(heat_simulation *sim, double stepped);

/* Whether the last step is done, or the run is steady. Local. */
bool heat_simulation_finished(const heat_simulation *sim);

/* End a run whose loop has ended well: save its end, report, and close its files. HEAT_STOPPED when it was asked to
 * stop, HEAT_IO. Collective. */
heat_status heat_simulation_end(heat_simulation *sim);

/* Say in status.json and run.log that the run failed, if the directory is this run's. Local. */
void heat_simulation_fail(heat_simulation *sim, const heat_status *status);

/* The same by the guard of MPI-IO (heat_stall_record.last_word), on whichever rank it is, while that rank waits. */
void heat_simulation_stalled(void *simulation, const char *why);

/* What there is to report on. Local. */
heat_report heat_simulation_report(const heat_simulation *sim);

#endif
