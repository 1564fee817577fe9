/* A field as a page of text. */
#ifndef HEAT2D_VIEW_PAGE_H
#define HEAT2D_VIEW_PAGE_H

#include "heat2d/io/picture.h"
#include "screen.h"

typedef struct heat_view_page {
  const heat_picture *picture; /* samples are the pixels of the page */
  const double *values;        /* as for heat_picture_write */
  heat_colours colours;
  bool isotherms;
  bool placed; /* each line is placed by a cursor command, for a screen; otherwise lines simply follow each other */
  int cursor[HEAT_AXES]; /* a sample; negative: none */
  int columns;           /* of the window */
  const char *hint;      /* the keys; NULL: none */
} heat_view_page;

/* Choose the number of pixels along each axis for a page of that many columns and rows. With colours each character
 * shows two pixels, one above the other. The picture keeps the aspect ratio of the field as far as it fits. Local. */
void heat_view_fit(heat_picture *picture, heat_colours colours, int columns, int rows);

/* Return the page as text of *length bytes, which has to be freed; NULL when memory is exhausted. Local. */
char *heat_view_text(const heat_view_page *page, size_t *length);

#endif
