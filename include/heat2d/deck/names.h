/* The words that a deck may use for a choice, and their numbers. Each list of words stands only here: the option table
 * refers to it, heat_config_choice returns the number of a word, and the tables of what the program does for each word
 * are indexed by that number. Each list ends with NULL. */
#ifndef HEAT2D_NAMES_H
#define HEAT2D_NAMES_H

enum { HEAT_X, HEAT_Y, HEAT_AXES };
enum { HEAT_LEFT, HEAT_RIGHT, HEAT_BOTTOM, HEAT_TOP, HEAT_SIDES }; /* axis: side / 2; opposite side: side ^ 1 */
extern const char *const heat_side_names[HEAT_SIDES + 1];

enum { HEAT_SIDE_DIRICHLET, HEAT_SIDE_NEUMANN, HEAT_SIDE_ROBIN, HEAT_SIDE_PERIODIC, HEAT_SIDE_TYPES };
extern const char *const heat_side_type_names[HEAT_SIDE_TYPES + 1];

enum { HEAT_SHAPE_RECTANGLE, HEAT_SHAPE_CIRCLE, HEAT_SHAPE_ELLIPSE, HEAT_SHAPE_POLYGON, HEAT_SHAPE_WHERE, HEAT_SHAPES };
extern const char *const heat_shape_names[HEAT_SHAPES + 1];

enum { HEAT_MEAN_HARMONIC, HEAT_MEAN_ARITHMETIC, HEAT_MEANS };
extern const char *const heat_mean_names[HEAT_MEANS + 1];

enum {
  HEAT_METHOD_EULER,
  HEAT_METHOD_RKL2,
  HEAT_METHOD_BACKWARD_EULER,
  HEAT_METHOD_CRANK_NICOLSON,
  HEAT_METHOD_TR_BDF2,
  HEAT_METHOD_STEADY,
  HEAT_METHODS,
  HEAT_EXPLICIT_METHODS = HEAT_METHOD_BACKWARD_EULER /* they come first */
};
extern const char *const heat_method_names[HEAT_METHODS + 1];

enum { HEAT_PRECISION_FLOAT64, HEAT_PRECISION_FLOAT32, HEAT_PRECISIONS };
extern const char *const heat_precision_names[HEAT_PRECISIONS + 1];

enum { HEAT_TRANSPORT_AUTO, HEAT_TRANSPORT_MPIO, HEAT_TRANSPORT_DIRECT, HEAT_TRANSPORTS };
extern const char *const heat_transport_names[HEAT_TRANSPORTS + 1];

#endif
