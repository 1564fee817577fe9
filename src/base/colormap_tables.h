/* The colours of the published maps, for colormap.c. */
#ifndef HEAT2D_COLORMAP_TABLES_H
#define HEAT2D_COLORMAP_TABLES_H

typedef struct heat_colormap_table {
  const char *name;
  const char *digits; /* RRGGBB for each of 256 colours */
} heat_colormap_table;

/* In the order of heat_colormap_names. */
extern const heat_colormap_table heat_colormap_tables[];

#endif
