/* The physics as data: geometry, material, regions, initial field, source and four sides.
 *
 *     rho c_p du/dt = d/dx(k_x du/dx) + d/dy(k_y du/dy) + q(x, y, t)
 *
 * Every side that is not periodic obeys a u + b k du/dn = g(s, t) with n the outward normal: Dirichlet a = 1, b = 0, g
 * = value; Neumann a = 0, b = 1, g = flux; Robin a = h, b = 1, g = h ambient. A material given by its diffusivity alpha
 * has k = alpha and rho = c_p = 1: energies are then in K m2, fluxes in K m/s.
 *
 * A property is given in layers. Layer 0 is its base value. Layer r is the value that region r - 1 gives it, in the
 * cells whose centres lie in the region; it replaces the layers before it there. */
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
  heat_quantity *set[HEAT_PROPERTIES]; /* NULL: the region does not change this property */
  int64_t power_cells;                 /* number of cells over which its power is spread; 0: it has no power */
  double contact;                      /* resistance along its outline, m2 K/W; negative: none is given */
} heat_region;

typedef struct heat_side {
  bool periodic;
  double a_scale, b;          /* a = a_scale * coefficient, b */
  heat_quantity *coefficient; /* h; NULL: 1 */
  heat_quantity *value;       /* g = coefficient * value */
} heat_side;

typedef struct heat_problem {
  const heat_config *config;                                     /* borrowed; messages name places in it */
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

/* Build the problem of a deck: compile its expressions, open its field files (each rank for itself) and read them once.
 * The problem has to be destroyed in any case, and `config` has to outlive it. HEAT_DECK with the place in the deck
 * when a file or dataset is missing, does not have the shape of the grid, or has no value in a cell that needs one (the
 * message names the first such cell, whatever the number of ranks). Collective over comm. */
heat_status heat_problem_create(heat_problem *problem, MPI_Comm comm, const heat_config *config);

/* Do the same for a run that is resumed from a checkpoint: files of initial temperatures may be missing then.
 * Collective over comm. */
heat_status heat_problem_create_resumed(heat_problem *problem, MPI_Comm comm, const heat_config *config);

/* Check that a run can start from the beginning: HEAT_DECK when a file of initial temperatures is missing. Local. */
heat_status heat_problem_check_start(const heat_problem *problem);

/* Compare the numbers of the field files with those with which a run began. `before` is the `inputs` of that run's
 * problem (NULL: the run stored none, and *unknown tells whether any would be needed), `old` is its deck. HEAT_DECK,
 * naming key, file and dataset, when the numbers differ. Files may have been renamed: `old` gets their present names.
 * Local. */
heat_status heat_problem_compare_inputs(heat_problem *problem, const char *before, heat_config *old, bool *unknown);

/* Free what the problem owns, and close its files. Local. */
void heat_problem_destroy(heat_problem *problem);

/* Return the coordinate of the centre of cell `index`, 0 <= index < cells[axis], in m: origin + (index + 1/2) spacing.
 * Local. */
double heat_problem_centre(const heat_problem *problem, int axis, int64_t index);

/* The cells lo[axis] <= index < hi[axis] at time t, s. `stride` is the distance in memory from a value to the one in
 * the next row, in numbers. */
typedef struct heat_patch {
  int64_t lo[HEAT_AXES], hi[HEAT_AXES];
  double t;
  ptrdiff_t stride;
} heat_patch;

/* Find the layer from which each of the cells [lo, hi) of row j has a property: 0 for the base value, r for region r -
 * 1. `which` has hi - lo entries. Local. */
void heat_problem_layers(const heat_problem *problem, heat_property property, int64_t j, int64_t lo, int64_t hi,
                         int *which);

/* Tell whether the value of a layer depends on time. Local. */
bool heat_problem_layer_in_time(const heat_problem *problem, heat_property property, int layer);

/* Tell whether any layer of the property is read from a file, which only one thread at a time may do. Local. */
bool heat_problem_from_file(const heat_problem *problem, heat_property property);

/* How the value of a layer depends on time, judged by how its expression is written. */
typedef enum heat_time_form {
  HEAT_TIME_NONE,
  HEAT_TIME_ALONE,   /* f(t), the same value in all cells */
  HEAT_TIME_PRODUCT, /* f(t) g(x, y) */
  HEAT_TIME_MIXED    /* anything else */
} heat_time_form;
heat_time_form heat_problem_layer_form(const heat_problem *problem, heat_property property, int layer); /* Local. */

/* Evaluate the factors of a layer that is a product: f(t), and g(x, y) in a patch. Their product has the bits of
 * heat_problem_layer_values. For a layer that depends on time alone the first function returns its value. Neither
 * checks that values are finite. Local. */
double heat_problem_layer_factor(const heat_problem *problem, heat_property property, int layer, double t);
void heat_problem_layer_profile(const heat_problem *problem, heat_property property, int layer, const heat_patch *patch,
                                double *out);

/* Return the first layer of the property whose value is the same number as that of `layer`, or `layer` itself if its
 * value is an expression or a file. Local. */
int heat_problem_layer_first(const heat_problem *problem, heat_property property, int layer);

/* Evaluate one layer in a patch. HEAT_DECK when a value is not finite or, for a material, not positive. Several threads
 * may do this at the same time if no layer is read from a file. Local. */
heat_status heat_problem_layer_values(const heat_problem *problem, heat_property property, int layer,
                                      const heat_patch *patch, double *out);

/* Evaluate a property in a patch, each cell from its own layer. Errors are those of heat_problem_layer_values, and name
 * the first wrong cell in the order of rows. Local. */
heat_status heat_problem_patch(const heat_problem *problem, heat_property property, const heat_patch *patch,
                               double *out);

/* Do the same in the cells [lo, hi) of row j at time t, s. Local. */
heat_status heat_problem_values(const heat_problem *problem, heat_property property, int64_t j, int64_t lo, int64_t hi,
                                double t, double *out);

/* Return the layer from which the face between two neighbouring cells has its contact resistance: 0 for none, r for
 * region r - 1. As with properties, the last region decides that has a contact resistance and has the face on its
 * outline or in its interior; faces in its interior have none. Local. */
int heat_problem_contact_layer(const heat_problem *problem, const int64_t a[HEAT_AXES], const int64_t b[HEAT_AXES]);

/* Return the contact resistance of that face, m2 K/W. Local. */
double heat_problem_contact(const heat_problem *problem, const int64_t a[HEAT_AXES], const int64_t b[HEAT_AXES]);

/* Find the layers of many faces at once. The first function returns the number of regions that have a contact
 * resistance. The second finds which of them contain the centres (x[n], y), 0 <= n < count, of a row of cells: inside[c
 * * count + n] becomes 1 if the c-th region does, else 0. The third returns the layer, as heat_problem_contact_layer
 * does, of the face between cell n of one such row and cell m of another: `a` and `b` are the rows' inside + n and
 * inside + m. Local. */
int heat_problem_contacts(const heat_problem *problem);
void heat_problem_contact_row(const heat_problem *problem, const double *x, int count, double y, int *inside);
int heat_problem_contact_between(const heat_problem *problem, const int *a, const int *b, int count);

/* Tell whether any region has a contact resistance that is not 0. Local. */
bool heat_problem_has_contact(const heat_problem *problem);

/* Return HEAT_DECK when the condition of a region was NaN in a cell for which it has been evaluated. Local. */
heat_status heat_problem_check_conditions(const heat_problem *problem);

/* Tell whether a property is one number everywhere, and set *value to it. Local. */
bool heat_problem_uniform(const heat_problem *problem, heat_property property, double *value);

/* Tell whether any layer of a property depends on time. Local. */
bool heat_problem_in_time(const heat_problem *problem, heat_property property);

/* Tell whether conductivity, density and heat capacity are uniform and there are no contact resistances. Local. */
bool heat_problem_uniform_material(const heat_problem *problem);

/* Tell whether what is prescribed at a side is the same everywhere along it and at all times. Local. */
bool heat_problem_side_uniform(const heat_problem *problem, int side);

/* Tell whether a, b or g of a side changes with time. Local. */
bool heat_problem_side_in_time(const heat_problem *problem, int side);

/* Tell whether a of a side, which is the coefficient of a Robin side, changes with time. Local. */
bool heat_problem_coefficient_in_time(const heat_problem *problem, int side);

/* Find the time, s, after which the sources and sides do not change any more until `end`; 0 if nothing depends on time.
 * They are compared at many instants and places, among them the instants that appear as numbers in the expressions, so
 * that *settles is one of these instants. Every rank gets the same result. HEAT_IO when memory is exhausted. Local. */
heat_status heat_problem_settles(const heat_problem *problem, double end, double *settles);

/* A jump in time: the last instant before it and the first one after it, s. */
typedef struct heat_jump {
  double before, behind;
} heat_jump;

/* Find the jumps in time, up to `end`, of sources and sides: those of `?:`, step(), comparisons and rounding in t. They
 * are found by bisection between many instants, at a few places of the domain. *jumps has to be freed. *count is 0 when
 * there are none, and also when there are more than some hundred (for example when a jump travels through space). Every
 * rank gets the same result. HEAT_IO when memory is exhausted. Local. */
heat_status heat_problem_jumps(const heat_problem *problem, double end, heat_jump **jumps, int *count);

/* Return how often a source or side changes between rising and falling in time until `end`: the largest number of all
 * sides and sources, at a few places of the domain. Every rank gets the same result. Local. */
int heat_problem_turns(const heat_problem *problem, double end);

/* Return the lowest and highest temperature that Dirichlet and Robin sides prescribe until `end`, evaluated at many
 * instants and some places; low > high when there are no such sides. Every rank gets the same result. Local. */
typedef struct heat_span {
  double low, high; /* K */
} heat_span;
heat_span heat_problem_wall_span(const heat_problem *problem, double end);

/* Evaluate a, b and g of a side at its cells [lo, hi) (indices along the side) at time t, s. HEAT_DECK when a value is
 * not finite or a Robin coefficient is negative. Local. */
heat_status heat_problem_side(const heat_problem *problem, int side, int64_t lo, int64_t hi, double t, double *a,
                              double *b, double *g);

/* Evaluate what is prescribed at the coordinate s, m, along a side at time t, s: its value, flux or ambient
 * temperature, and the coefficient of a Robin side (1 for others). A dataset is interpolated linearly between the
 * centres of cells. An expression that has no finite value at s, which can happen at the end of a side, is evaluated at
 * the centre of the cell. Errors are those of heat_problem_side. Local. */
heat_status heat_problem_side_at(const heat_problem *problem, int side, double s, double t, double *coefficient,
                                 double *value);

#endif
