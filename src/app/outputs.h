/* The outputs of a run: history.csv, probes.csv, snapshots and pictures. Each is an entry of one table (outputs.c),
 * which says how often the output is due and how it is opened and written. */
#ifndef HEAT2D_OUTPUTS_H
#define HEAT2D_OUTPUTS_H

#include "heat2d/app/setup.h"
#include "heat2d/io/checkpoint.h"
#include "heat2d/io/frame.h"
#include "heat2d/io/probe.h"
#include "heat2d/io/snapshot.h"

/* The solution at one step, with what the outputs need to know of it. */
typedef struct heat_moment {
  const heat_field *u;
  heat_extent extent; /* range of the values of u */
  heat_state *state;  /* its step and time; at step 0 the outputs set the values that belong to the start of the run */
  const heat_clock *clock;
  double dt;      /* length of the step that led to it, s */
  double reserve; /* bytes on the disk that outputs must leave free for checkpoints */
} heat_moment;

/* The entries of the table. */
typedef enum heat_output {
  HEAT_OUTPUT_HISTORY,
  HEAT_OUTPUT_PROBES,
  HEAT_OUTPUT_SNAPSHOTS,
  HEAT_OUTPUT_IMAGES,
  HEAT_OUTPUTS
} heat_output;

typedef struct heat_outputs {
  heat_runtime *runtime;   /* borrowed */
  const heat_setup *setup; /* borrowed */
  heat_operator *op;       /* borrowed */
  const char *directory;   /* output.directory of the deck, borrowed */
  const char *deck;        /* the resolved deck, borrowed */
  bool asked[HEAT_OUTPUTS];
  heat_cadence every[HEAT_OUTPUTS]; /* how often each is due */
  heat_snapshots snapshots;
  heat_frames frames;
  heat_probes probes;
  heat_series history;
  double balance;     /* in the last row of history.csv */
  heat_energy energy; /* in the last row of history.csv; NAN before the first row */
} heat_outputs;

/* Find out which outputs the deck asks for. The runtime, the setup, the operator and the text of the resolved deck are
 * borrowed. No file is opened. Local. */
heat_outputs heat_outputs_create(heat_runtime *runtime, const heat_setup *setup, heat_operator *op, const char *deck);

/* Open the files in the directory, which belongs to this run. Rows and snapshots up to step `keep` are kept, and later
 * ones are removed (-1: all are removed). HEAT_IO, HEAT_DECK. Collective. */
heat_status heat_outputs_open(heat_outputs *outputs, int64_t keep);

/* Close all files and free all memory. It may also be called after a failure, or without heat_outputs_open. Local. */
void heat_outputs_destroy(heat_outputs *outputs);

/* Whether any output is due at the step of `state`. If state->steady is set this is the last step. Local. */
bool heat_outputs_due(const heat_outputs *outputs, const heat_clock *clock, const heat_state *state);

/* The first step after `step` at which any output is due. Local. */
int64_t heat_outputs_next(const heat_outputs *outputs, const heat_clock *clock, int64_t step);

/* For steps by error control: set the time at which the next step has to end at the latest, since an output is due
 * then. Local. */
void heat_outputs_aim(const heat_outputs *outputs, heat_clock *clock);

/* Write all outputs that are due. HEAT_IO when that fails, or when the file system has no room for them and for the
 * reserve; HEAT_NUMERICS when the energy is not finite; HEAT_DECK when a side has a value that is not finite. Returns
 * the agreed status. Collective. */
heat_status heat_outputs_write(heat_outputs *outputs, const heat_moment *moment);

/* Write one output that is not due at this step. If it is due nothing is done, since it has been written. HEAT_USAGE
 * when the deck does not ask for outputs of that kind, otherwise as heat_outputs_write. Collective. */
heat_status heat_outputs_write_one(heat_outputs *outputs, heat_output which, const heat_moment *moment);

/* Write crash-<step>.h5 after a temperature was found that is not finite. Returns HEAT_NUMERICS with a message that
 * names the cell. Collective. */
heat_status heat_outputs_crash(heat_outputs *outputs, const heat_moment *moment);

/* Make the rows of the CSV files durable. HEAT_IO. Local. */
heat_status heat_outputs_sync(heat_outputs *outputs);

/* Close the CSV files. HEAT_IO when what was written could not be kept. Local. */
heat_status heat_outputs_close(heat_outputs *outputs);

/* What has been written, for the report. */
typedef struct heat_outputs_summary {
  double balance;        /* column `balance` of the last row of history.csv */
  heat_energy energy;    /* in that row; NAN without a row */
  int64_t snapshots;     /* number of snapshots in run.xdmf, on rank 0 */
  int64_t frames;        /* number of pictures that this process has drawn */
  int pixels[HEAT_AXES]; /* columns and rows of a picture; {0, 0}: no pictures */
  double stretch;        /* factor by which pictures show the field higher than it is */
} heat_outputs_summary;
heat_outputs_summary heat_outputs_summarize(const heat_outputs *outputs); /* Local. */

#endif
