/* Plots of the tables of a run: history.csv and probes.csv. */
#ifndef HEAT2D_RENDER_TABLES_H
#define HEAT2D_RENDER_TABLES_H

#include "heat2d/io/plot.h"

/* The directory of the run, values that replace those of its deck (title, output.unit), and the path of the plot. */
typedef struct heat_table_plot {
  const char *directory;
  const char *const *sets; /* KEY=VALUE */
  int set_count;
  heat_picture_format format;
  const char *path;
} heat_table_plot;

/* Plot history.csv of a run: temperatures, energy, and flows through the sides. HEAT_DECK when there is no such table,
 * when it has no rows, or when values are given but there is no deck.yaml; HEAT_IO. Local. */
heat_status heat_render_history(const heat_table_plot *order);

/* Plot probes.csv: each probe over time, and for each line of probes its profile at some instants. Errors are the same.
 * Local. */
heat_status heat_render_probes(const heat_table_plot *order);

#endif
