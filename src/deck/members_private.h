/* What the files of the sweep share: its axes, each of which is a key with its values, or the keys of a file with its
 * rows. Private. */
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
  heat_node **values; /* key_count for each point; NULL: what the deck says */
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

/* A new axis of so many keys at the end. HEAT_IO. */
heat_status heat_axes_add(heat_members *members, int key_count, heat_axis **axis);
/* Room for one more point; its values are NULL. HEAT_IO. */
heat_status heat_axis_grow(heat_axis *axis);

/* members_rows.c: the axis of a CSV file. */
heat_status heat_axes_read_rows(heat_members *members, const char *rows);

/* members_name.c: the label of a point, in which all points of the axis differ unless their values are alike. */
void heat_axis_label(const heat_members *members, const heat_axis *axis, int64_t point, char label[HEAT_MEMBER_NAME]);
/* Join labels, and cut what gets too long so that it still differs. */
void heat_axis_join(char name[HEAT_MEMBER_NAME], const char *label);

#endif
