/* The terminal: its size and colours, single keys, and a state that is given back however the program ends. Private. */
#ifndef HEAT2D_SCREEN_H
#define HEAT2D_SCREEN_H

#include "heat2d/base/status.h"

typedef enum heat_colours { HEAT_COLOURS_NONE, HEAT_COLOURS_256, HEAT_COLOURS_TRUE } heat_colours;

typedef enum heat_key {
  HEAT_KEY_NONE, /* nothing was pressed in time, or the window has another size now */
  HEAT_KEY_UP,
  HEAT_KEY_DOWN,
  HEAT_KEY_LEFT,
  HEAT_KEY_RIGHT,
  HEAT_KEY_QUIT,
  HEAT_KEY_ISOTHERMS,
  HEAT_KEY_NEXT,
  HEAT_KEY_PREVIOUS,
  HEAT_KEY_OTHER
} heat_key;

/* Whether both standard input and output are a terminal that can be written to at any place. Local. */
bool heat_screen_is_terminal(void);

/* The colours that the terminal says it has: none where NO_COLOR is set, the output is no terminal, or TERM names none.
 * Local. */
heat_colours heat_screen_colours(void);

/* Columns and rows of the window; 80 x 24 where it is not known. Local. */
void heat_screen_size(int *columns, int *rows);

/* Take the terminal: another page, no cursor, single keys. It is given back by heat_screen_close, and by every signal
 * that ends the process. HEAT_IO. Local. */
heat_status heat_screen_open(void);
void heat_screen_close(void); /* Local. */

/* Write a page. HEAT_IO. Local. */
heat_status heat_screen_write(const char *text, size_t length);

/* The next key, waited for `milliseconds` at most (negative: for ever). Local. */
heat_key heat_screen_key(int milliseconds);

#endif
