/* The physics as data: geometry, material, regions, initial field, source and four sides.
 *
 *     rho c_p du/dt = d/dx(k_x du/dx) + d/dy(k_y du/dy) + q(x, y, t)
 *
 * Every side that is not periodic obeys  a u + b k du/dn = g(s, t)  with n the outward normal:
 * Dirichlet a = 1, b = 0, g = value; Neumann a = 0, b = 1, g = flux; Robin a = h, b = 1, g = h ambient.
 * A material given by its diffusivity alpha has k = alpha and rho = c_p = 1: energies are then in K m2, fluxes in K
 * m/s.
 *
 * A property is given in layers. Layer 0 is its base value. Layer r is what region r - 1 says of it, in the cells whose
 * centres lie in the region, and covers the layers before it. */
#ifndef HEAT2D_PROBLEM_H
#define HEAT2D_PROBLEM_H

#include "heat2d/deck/config.h"
#include "heat2d/deck/shape.h"

#include <stddef.h>

typedef enum heat_property {
  HEAT_TEMPERATURE,    /* initial u, K */
  HEAT_CONDUCTIVITY_X, /* k_x, W/(m K) */
  HEAT_CONDUCTIVITY_Y, /* k_y, W/(m K) */
  HEAT_DENSITY,        /* rho, kg/m3 */
  HEAT_CAPACITY,       /* c_p, J/(kg K) */
  HEAT_SOURCE,         /* q, W/m3 */
  HEAT_PROPERTIES
} heat_property;

typedef struct heat_quantity heat_quantity;

typedef struct heat_region {
  heat_shape *shape;
  heat_quantity *set[HEAT_PROPERTIES]; /* NULL: the region leaves this property alone */
  int64_t power_cells;                 /* over which its power is spread; 0: it has none */
  double contact;                      /* resistance along its outline, m2 K/W; negative: it leaves faces alone */
} heat_region;

typedef struct heat_side {
  bool periodic;
  double a_scale, b;          /* a = a_scale * coefficient, b */
  heat_quantity *coefficient; /* h; NULL: 1 */
  heat_quantity *value;       /* g = coefficient * value */
} heat_side;

typedef struct heat_problem {
  const heat_config *config;                                     /* borrowed, for the places that messages name */
  double origin[HEAT_AXES], size[HEAT_AXES], spacing[HEAT_AXES]; /* m */
  int64_t cells[HEAT_AXES];
  bool arithmetic; /* face conductivity: arithmetic instead of harmonic mean */
  heat_quantity *base[HEAT_PROPERTIES];
  int region_count;
  heat_region *regions;
  heat_side sides[HEAT_SIDES];
  bool resumed; /* the temperatures come from a checkpoint */
  char *inputs; /* the field files: a line "KEY DIGEST DATASET FILE" for each */
} heat_problem;

/* Build the problem of a deck: compiles its expressions, opens its field files (each rank for itself) and reads them
 * once. HEAT_DECK with the place in the deck when a file or dataset is missing, has another shape, or has no value in a
 * cell that needs one (the first such cell is named, on any number of ranks). Collective over comm. */
heat_status heat_problem_create(heat_problem *problem, MPI_Comm comm, const heat_config *config);

/* The same for a run that goes on from a checkpoint: files of temperatures, which only the start needs, may be gone.
 * Collective over comm. */
heat_status heat_problem_create_resumed(heat_problem *problem, MPI_Comm comm, const heat_config *config);

/* Whether all is there that the start needs: HEAT_DECK when a file of temperatures is gone. Local. */
heat_status heat_problem_check_start(const heat_problem *problem);

/* Compare the numbers of the field files with those that a run began with: `before` is the `inputs` of its problem
 * (NULL: it kept none, and `unknown` says whether any were needed), `old` its deck. HEAT_DECK, naming key, file and
 * dataset, when they are others. Where they are the same the file may be another: `old` gets the name that it has now.
 * Local. */
heat_status heat_problem_compare_inputs(heat_problem *problem, const char *before, heat_config *old, bool *unknown);

void heat_problem_destroy(heat_problem *problem); /* Local. */

/* Coordinate of the centre of cell `index`, 0 <= index < cells[axis], m: origin + (index + 1/2) spacing. Local. */
double heat_problem_centre(const heat_problem *problem, int axis, int64_t index);

/* The cells lo[axis] <= index < hi[axis] at time t, s; `stride` lies between the values of one row and the next. */
typedef struct heat_patch {
  int64_t lo[HEAT_AXES], hi[HEAT_AXES];
  double t;
  ptrdiff_t stride;
} heat_patch;

/* The layer that gives each cell [lo, hi) of row j its property: 0 the base value, r the region r - 1. `which` takes
 * hi - lo entries. Local. */
void heat_problem_layers(const heat_problem *problem, heat_property property, int64_t j, int64_t lo, int64_t hi,
                         int *which);

/* Whether the value of a layer depends on time. Local. */
bool heat_problem_layer_in_time(const heat_problem *problem, heat_property property, int layer);

/* Whether any layer of the property is read from a file, which only one thread at a time can do. Local. */
bool heat_problem_from_file(const heat_problem *problem, heat_property property);

/* How the value of a layer depends on time, as its expression is written. */
typedef enum heat_time_form {
  HEAT_TIME_NONE,
  HEAT_TIME_ALONE,   /* one value everywhere */
  HEAT_TIME_PRODUCT, /* f(t) g(x, y) */
  HEAT_TIME_MIXED
} heat_time_form;
heat_time_form heat_problem_layer_form(const heat_problem *problem, heat_property property, int layer); /* Local. */

/* f(t) of a layer that is a product, or the value of one that depends on time alone, whether or not that is finite; and
 * g(x, y) of a product in a patch. Their product has the bits of heat_problem_layer_values. Local. */
double heat_problem_layer_factor(const heat_problem *problem, heat_property property, int layer, double t);
void heat_problem_layer_profile(const heat_problem *problem, heat_property property, int layer, const heat_patch *patch,
                                double *out);

/* The first layer of the property whose value is the same number as that layer's; the layer itself where its value is
 * no number. Local. */
int heat_problem_layer_first(const heat_problem *problem, heat_property property, int layer);

/* The values of one layer in a patch. HEAT_DECK when a value is not finite or, for a material, not positive. Of
 * expressions, several threads may do this at once. Local. */
heat_status heat_problem_layer_values(const heat_problem *problem, heat_property property, int layer,
                                      const heat_patch *patch, double *out);

/* The property in a patch, each cell from its own layer; errors as above, of the first cell in the order of rows.
 * Local.
 */
heat_status heat_problem_patch(const heat_problem *problem, heat_property property, const heat_patch *patch,
                               double *out);

/* The same in the cells [lo, hi) of row j at time t. Local. */
heat_status heat_problem_values(const heat_problem *problem, heat_property property, int64_t j, int64_t lo, int64_t hi,
                                double t, double *out);

/* The layer that gives the face between two neighbouring cells its contact resistance: 0 none, r the region r - 1. As
 * with properties the last region counts that says something: the face lies on its outline, or within it. Local. */
int heat_problem_contact_layer(const heat_problem *problem, const int64_t a[HEAT_AXES], const int64_t b[HEAT_AXES]);

/* The contact resistance of that face, m2 K/W. Local. */
double heat_problem_contact(const heat_problem *problem, const int64_t a[HEAT_AXES], const int64_t b[HEAT_AXES]);

/* The same for rows of faces, several cells at once. How many regions say something of contact; which of these hold the
 * centres of cells (x[n], y), 0 <= n < count: inside[c * count + n] is 1 where the c-th does, else 0; and the layer of
 * the face between cell n of one such row and cell m of another, as heat_problem_contact_layer has it: `a` and `b` are
 * the rows' inside + n and inside + m. Local. */
int heat_problem_contacts(const heat_problem *problem);
void heat_problem_contact_row(const heat_problem *problem, const double *x, int count, double y, int *inside);
int heat_problem_contact_between(const heat_problem *problem, const int *a, const int *b, int count);

/* Whether any region has a contact resistance that is not 0. Local. */
bool heat_problem_has_contact(const heat_problem *problem);

/* HEAT_DECK when the condition of a region was no number in a cell that it was asked for. Local. */
heat_status heat_problem_check_conditions(const heat_problem *problem);

/* Whether a property is one number everywhere, and which. Local. */
bool heat_problem_uniform(const heat_problem *problem, heat_property property, double *value);

/* Whether any layer of a property depends on time. Local. */
bool heat_problem_in_time(const heat_problem *problem, heat_property property);

/* Whether conductivity, density and heat capacity are all uniform, without contact resistances. Local. */
bool heat_problem_uniform_material(const heat_problem *problem);

/* Whether what is prescribed at a side is the same numbers everywhere and at all times. Local. */
bool heat_problem_side_uniform(const heat_problem *problem, int side);

/* Whether a side's coefficients change with time. Local. */
bool heat_problem_side_in_time(const heat_problem *problem, int side);

/* Whether a of a side, a Robin coefficient, changes with time. Local. */
bool heat_problem_coefficient_in_time(const heat_problem *problem, int side);

/* The first instant looked at, s, from which on nothing that depends on time changes any more up to `end`; 0 where
 * nothing depends on time. Looked at are many instants and places, and what happens at the numbers that stand in the
 * expressions. Replicated. HEAT_IO when memory is exhausted. Local. */
heat_status heat_problem_settles(const heat_problem *problem, double end, double *settles);

/* A jump in time: the last instant before it and the first one behind it, s. */
typedef struct heat_jump {
  double before, behind;
} heat_jump;

/* The jumps up to `end` of what depends on time: of `?:`, step(), comparisons and rounding in t, found by cutting up
 * what changes between two of many instants, at a few places of the domain. *jumps is to be freed; there are none where
 * nothing jumps, or where more than some hundred do (as where a jump travels through space). Replicated. HEAT_IO when
 * memory is exhausted. Local. */
heat_status heat_problem_jumps(const heat_problem *problem, double end, heat_jump **jumps, int *count);

/* How often what depends on time turns round up to `end`: the most of any side or source, at a few places of
 * the domain. Replicated. Local. */
int heat_problem_turns(const heat_problem *problem, double end);

/* The temperatures that Dirichlet and Robin sides have up to `end`, as far as a look at many instants and some places
 * shows; low > high where there are none. Replicated. Local. */
typedef struct heat_span {
  double low, high; /* K */
} heat_span;
heat_span heat_problem_wall_span(const heat_problem *problem, double end);

/* Evaluate a, b and g of a side at its cells [lo, hi) (indices along the side) at time t. HEAT_DECK when a value is not
 * finite or a Robin coefficient is negative. Local. */
heat_status heat_problem_side(const heat_problem *problem, int side, int64_t lo, int64_t hi, double t, double *a,
                              double *b, double *g);

/* What is prescribed at the coordinate s along a side at time t: its value, flux or ambient temperature, and a Robin
 * side's coefficient (1 for others). A dataset is linear between the centres of cells; an expression that has no finite
 * value right there, as at the side's end, is taken at the centre of the cell. Errors as above. Local. */
heat_status heat_problem_side_at(const heat_problem *problem, int side, double s, double t, double *coefficient,
                                 double *value);

#endif
