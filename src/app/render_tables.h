/* Plots of a run's tables: history.csv and probes.csv. Private. */
#ifndef HEAT2D_RENDER_TABLES_H
#define HEAT2D_RENDER_TABLES_H

#include "heat2d/io/plot.h"

/* Which run's tables are plotted, what is laid over its deck (title, output.unit), and where the plot goes. */
typedef struct heat_table_plot {
  const char *directory;
  const char *const *sets; /* KEY=VALUE */
  int set_count;
  heat_picture_format format;
  const char *path;
} heat_table_plot;

/* Plot history.csv of the run: temperatures, energy, flows through the sides. HEAT_DECK when there is no such table, it
 * has no rows, or there is no deck.yaml to lay something over; HEAT_IO. Local. */
heat_status heat_render_history(const heat_table_plot *order);

/* Plot probes.csv: each probe over time, and of each line of probes its profile at some instants. As above. Local. */
heat_status heat_render_probes(const heat_table_plot *order);

#endif
