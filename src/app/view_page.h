/* A field as a page of text. Private. */
#ifndef HEAT2D_VIEW_PAGE_H
#define HEAT2D_VIEW_PAGE_H

#include "heat2d/io/picture.h"
#include "screen.h"

typedef struct heat_view_page {
  const heat_picture *picture; /* samples are the pixels of the page */
  const double *values;        /* as for heat_picture_write */
  heat_colours colours;
  bool isotherms;
  bool placed;           /* lines are placed one by one on a screen, else they follow one another */
  int cursor[HEAT_AXES]; /* a sample; negative: none */
  int columns;           /* of the window */
  const char *hint;      /* the keys; NULL: none */
} heat_view_page;

/* The pixels along each axis of a page of that many columns and rows: with colours each character is two of them, one
 * above the other; the field has its aspect, as far as it fits. Local. */
void heat_view_fit(heat_picture *picture, heat_colours colours, int columns, int rows);

/* The page as text, to be freed; NULL when memory is exhausted. Local. */
char *heat_view_text(const heat_view_page *page, size_t *length);

#endif
