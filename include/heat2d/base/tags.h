/* Tags of MPI messages, one for each purpose, so that exchanges of different kinds never receive each other's messages,
 * in whatever order the ranks begin them. */
#ifndef HEAT2D_TAGS_H
#define HEAT2D_TAGS_H

typedef enum heat_tag { HEAT_TAG_HALO, HEAT_TAG_ROWS, HEAT_TAG_NODE } heat_tag;

#endif
