/* Plots of a run's tables: history.csv and probes.csv. Private. */
#ifndef HEAT2D_RENDER_TABLES_H
#define HEAT2D_RENDER_TABLES_H

#include "heat2d/io/plot.h"

/* Plot history.csv of the run in `directory`: temperatures, energy, flows through the sides. HEAT_DECK when there is no
 * such table or it has no rows, HEAT_IO. Local. */
heat_status heat_render_history(const char *directory, heat_picture_format format, const char *path);

/* Plot probes.csv: each probe over time, and of each line of probes its profile at some instants. As above. Local. */
heat_status heat_render_probes(const char *directory, heat_picture_format format, const char *path);

#endif
