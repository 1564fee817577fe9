/* What a run writes for people: history.csv, probes.csv, snapshots and pictures, each an entry of one table that says
 * how often it is due and how it is opened and written (outputs.c). */
#ifndef HEAT2D_OUTPUTS_H
#define HEAT2D_OUTPUTS_H

#include "heat2d/app/setup.h"
#include "heat2d/io/checkpoint.h"
#include "heat2d/io/frame.h"
#include "heat2d/io/probe.h"
#include "heat2d/io/snapshot.h"

/* The solution at the step that the run has reached. */
typedef struct heat_moment {
  const heat_field *u;
  heat_extent extent; /* of u */
  heat_state *state;  /* its step and time; at step 0 the values of the start are set */
  const heat_clock *clock;
  double dt;      /* of the step that led here, s */
  double reserve; /* bytes on the disk that checkpoints may need beside the outputs */
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
  double balance;     /* at the last row of history.csv */
  heat_energy energy; /* the same; NAN before the first row */
} heat_outputs;

/* Take down what the deck asks for; the runtime, the setup, the operator and the text of the resolved deck are
 * borrowed. Nothing is opened. Local. */
heat_outputs heat_outputs_create(heat_runtime *runtime, const heat_setup *setup, heat_operator *op, const char *deck);

/* Open the files in the directory, which is this run's: rows and snapshots up to step `keep` stay, later ones are
 * removed (-1: all are). HEAT_IO, HEAT_DECK. Collective. */
heat_status heat_outputs_open(heat_outputs *outputs, int64_t keep);

/* Free and close everything; also after a failure, or without heat_outputs_open. Local. */
void heat_outputs_destroy(heat_outputs *outputs);

/* Whether anything is due at the step of `state`; where the run has become steady it is its last. Local. */
bool heat_outputs_due(const heat_outputs *outputs, const heat_clock *clock, const heat_state *state);

/* The first step after `step` at which anything is due. Local. */
int64_t heat_outputs_next(const heat_outputs *outputs, const heat_clock *clock, int64_t step);

/* Let the target of a free clock be no later than the next instant at which anything is due. Local. */
void heat_outputs_aim(const heat_outputs *outputs, heat_clock *clock);

/* Write what is due. HEAT_IO, also when the file system has no room for it and for the reserve; HEAT_NUMERICS when the
 * energy is not finite; HEAT_DECK when a side has no finite value. Collective; the status is agreed. */
heat_status heat_outputs_write(heat_outputs *outputs, const heat_moment *moment);

/* Write one output that is not due, unless it is: then it has been written. HEAT_USAGE where the deck has none of that
 * kind, else as above. Collective; the status is agreed. */
heat_status heat_outputs_write_one(heat_outputs *outputs, heat_output which, const heat_moment *moment);

/* The temperature is not finite somewhere: write crash-<step>.h5 and say where. HEAT_NUMERICS. Collective. */
heat_status heat_outputs_crash(heat_outputs *outputs, const heat_moment *moment);

/* Make the rows of the CSV files durable. HEAT_IO. Local. */
heat_status heat_outputs_sync(heat_outputs *outputs);

/* Close the CSV files. HEAT_IO when what was written could not be kept. Local. */
heat_status heat_outputs_close(heat_outputs *outputs);

/* What has been written, for the report. */
typedef struct heat_outputs_summary {
  double balance;        /* what sides and sources do not explain of the energy, relative; at the last row */
  heat_energy energy;    /* NAN without a row */
  int64_t snapshots;     /* in run.xdmf, on rank 0 */
  int64_t frames;        /* pictures of this process */
  int pixels[HEAT_AXES]; /* columns and rows of a picture; {0, 0}: there are none */
  double stretch;        /* how much higher than its shape a picture shows the field */
} heat_outputs_summary;
heat_outputs_summary heat_outputs_summarize(const heat_outputs *outputs); /* Local. */

#endif
