/* The terminal: its size and colours, single keys, and its state, which is restored however the program ends. */
#ifndef HEAT2D_SCREEN_H
#define HEAT2D_SCREEN_H

#include "heat2d/base/status.h"

typedef enum heat_colours { HEAT_COLOURS_NONE, HEAT_COLOURS_256, HEAT_COLOURS_TRUE } heat_colours;

typedef enum heat_key {
  HEAT_KEY_NONE, /* no key was pressed in time, or the size of the window has changed */
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

/* Whether standard input and output are a terminal whose cursor can be moved. Local. */
bool heat_screen_is_terminal(void);

/* Return the colours that the terminal has according to its environment variables: none if NO_COLOR is set, if the
 * output is no terminal, or if TERM names a terminal without colours. Local. */
heat_colours heat_screen_colours(void);

/* Find the columns and rows of the window; 80 x 24 if they are not known. Local. */
void heat_screen_size(int *columns, int *rows);

/* Prepare the terminal for pages: alternate screen, no cursor, single keys. heat_screen_close restores it, and so does
 * every signal that ends the process. HEAT_IO. Local. */
heat_status heat_screen_open(void);
void heat_screen_close(void); /* Local. */

/* Write a page. HEAT_IO. Local. */
heat_status heat_screen_write(const char *text, size_t length);

/* Return the next key, after a wait of at most `milliseconds` (negative: without limit). Local. */
heat_key heat_screen_key(int milliseconds);

#endif
