/* What the files of the sweep share: its axes. An axis is a key with its values, or a file of rows: its keys, which
 * change together from row to row. */
#ifndef HEAT2D_MEMBERS_PRIVATE_H
#define HEAT2D_MEMBERS_PRIVATE_H

#include "config_private.h"
#include "heat2d/deck/members.h"

enum { HEAT_MOST_MEMBERS = 100000 };

typedef struct heat_axis_key {
  char *name;
  heat_place place;
} heat_axis_key;

typedef struct heat_axis {
  int key_count;
  heat_axis_key *keys;
  int64_t points;
  heat_node **values; /* key_count values for each point; NULL: the deck's own value */
} heat_axis;

struct heat_members {
  int axis_count;
  heat_axis *axes;
  int64_t count;
  heat_node *section; /* a map whose only entry is the deck's `sweep` */
  heat_node *deck;    /* the tree without it, before it is checked */
  char **sets;        /* of the command line */
  int set_count;
  char *rows; /* path of the file of rows; NULL: none */
};

/* Append an axis of `key_count` keys. HEAT_IO. */
heat_status heat_axes_add(heat_members *members, int key_count, heat_axis **axis);
/* Append a point whose values are NULL. HEAT_IO. */
heat_status heat_axis_grow(heat_axis *axis);

/* members_rows.c: append the axis that `rows`, the text of a CSV file, describes. If `faults` is not NULL, the faults
 * of rows are collected there, and these rows are left out. HEAT_DECK, HEAT_IO. */
heat_status heat_axes_read_rows(heat_members *members, const char *rows, heat_faults *faults);

/* members_name.c: write the label of a point. Points of an axis have different labels unless they have the same
 * values. */
void heat_axis_label(const heat_members *members, const heat_axis *axis, int64_t point, char label[HEAT_MEMBER_NAME]);
/* Append a label to a name; a name that gets too long is cut and ends in digits of a hash, so that names still
 * differ. */
void heat_axis_join(char name[HEAT_MEMBER_NAME], const char *label);

#endif
