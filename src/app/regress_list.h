/* A list of decks and of the results of their runs (`heat2d regress`):
 *
 *     tolerance: 0                       # relative, of all figures; 0: the same bits
 *     decks:
 *       NAME:
 *         deck: FILE                     # from the folder of the list
 *         set: [KEY=VALUE, ...]          # values that replace those of the deck
 *         ranks: [1, 3]                  # or one number; at most as many as there are
 *         tolerance: 1e-9                # for this deck
 *     references:                        # the last section: written by `heat2d regress --update`
 *       NAME: {digest: ..., step: ..., time: ..., ..., probes: [...]}
 */
#ifndef HEAT2D_REGRESS_LIST_H
#define HEAT2D_REGRESS_LIST_H

#include "heat2d/app/outcome.h"
#include "heat2d/deck/yaml.h"

enum { HEAT_REGRESS_RANKS = 16 };

typedef struct heat_regress_case {
  const char *name;     /* borrowed from the tree, as are `sets` */
  char deck[HEAT_PATH]; /* from the working directory */
  const char **sets;
  int set_count;
  int ranks[HEAT_REGRESS_RANKS]; /* 0: all */
  int rank_count;
  double tolerance;
  bool referenced; /* whether the list has a reference for it */
  heat_outcome reference;
} heat_regress_case;

typedef struct heat_regress_list {
  const char *path; /* borrowed */
  char *text;
  heat_node *root;
  heat_regress_case *cases;
  int count;
} heat_regress_list;

/* Read a list on rank 0 and parse it on all ranks. *list has to be destroyed in any case. HEAT_DECK with
 * "LIST:LINE:COLUMN: key: ..." when it is wrong, or when there is no such file; HEAT_IO. Collective over comm. */
heat_status heat_regress_load(heat_regress_list *list, MPI_Comm comm, const char *path);
void heat_regress_destroy(heat_regress_list *list); /* Local. */

/* Rewrite the list: everything above its section `references` stays as it is, and that section gets the references of
 * the cases. HEAT_IO. Local. */
heat_status heat_regress_write(const heat_regress_list *list);

#endif
