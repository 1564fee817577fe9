/* What the files of the multigrid share: a level, and the loops over it, compiled for float and for double.
 *
 * The operator of a level is stored in a difference form, in which the reaction c is kept apart from the diagonal:
 *
 *     (A x)_p = c_p x_p + sum over links k_pq (x_p - x_q)
 *
 * A link joins two neighbouring cells p and q; its strength k_pq is stored at the cell to the east or north of it. In
 * this form A applied to a constant field gives c times that field, whatever the rounding errors of the links are. The
 * links of the finest level are the conductances of its faces. The conductance of a face at a wall is part of c. */
#ifndef HEAT2D_MULTIGRID_LEVEL_H
#define HEAT2D_MULTIGRID_LEVEL_H

#include "heat2d/grid/halo.h"
#include "heat2d/numerics/repeats.h"
#include "heat2d/numerics/stencil.h"
#include "heat2d/numerics/total.h"

enum {
  HEAT_SMOOTHINGS = 3, /* steps of the smoother before and after the coarse correction */
  /* Each step of the smoother needs one layer of ghost cells. The smoothing after the correction needs the correction
   * in 3 layers around the owned cells. To smooth there before the correction, b is needed in 5 layers. The diagonal in
   * the outermost of these has links to one layer more. */
  HEAT_LEVEL_DEPTH = HEAT_SMOOTHINGS + 3,
  HEAT_COARSE_DEPTH =
      HEAT_SMOOTHINGS /* ghost layers of the coarse correction: along an axis that is not halved all 3 are needed */
};

typedef enum heat_link { HEAT_LINK_W, HEAT_LINK_S, HEAT_LINK_SW, HEAT_LINK_SE, HEAT_LINKS } heat_link;

/* The fine neighbours, around the place of a coarse cell, to which the coarse value is interpolated. */
typedef enum heat_weight {
  HEAT_TO_W,
  HEAT_TO_E,
  HEAT_TO_S,
  HEAT_TO_N,
  HEAT_TO_SW,
  HEAT_TO_SE,
  HEAT_TO_NW,
  HEAT_TO_NE,
  HEAT_WEIGHTS
} heat_weight;

/* The arrays have HEAT_LEVEL_DEPTH ghost layers and one stride; each pointer is at the first owned cell, and is to
 * float or double as the loops have it. Beyond walls there is one layer of zeros. */
typedef struct heat_level {
  heat_grid grid;
  bool halved[HEAT_AXES]; /* how it was made from the finer level */
  int links;              /* 2: five points, the finest level; 4: nine */
  ptrdiff_t stride;
  void *memory;
  size_t bytes;
  void *link[HEAT_LINKS], *reaction;
  void *b, *x;
  void *direction;            /* of conjugate gradients, with one ghost layer; NULL but on the finest level */
  void *weight[HEAT_WEIGHTS]; /* of the interpolation to the finer level; NULL where a direction has none */
  heat_repeats operator_rows; /* of links and reaction, */
  heat_repeats weight_rows;   /* and of the weights, as far as they were looked for */
  int threads;                /* that may share the work on it */
  void *rows;                 /* work space of the first thread, see multigrid_rows.h; those of others lie behind it */
  size_t rows_bytes;          /* of each */
  int64_t from, to;           /* the rows that the loops work on: all owned ones, or the part of a thread */
  double bound;               /* of the eigenvalues of the operator divided by its diagonal */
  heat_halo *wide, *narrow;   /* of b, of x */
} heat_level;

/* How b of the finest level is made: it is `scale` times r, after alpha q has been subtracted from r. */
typedef struct heat_level_in {
  heat_field *r;
  const double *(*q)(void *context, int thread, int64_t j); /* computes a row of q; NULL: r stays as it is */
  void *context;
  int thread;
  double alpha, scale;
  double square_scale; /* for the terms of the new r r ... */
  heat_total *square;  /* ... of which this rank's part is added up here */
  bool whole;          /* all of b is set before the sweep */
} heat_level_in;

/* What the product of b and x of the finest level is added to; each term is multiplied by `scale`. */
typedef struct heat_level_out {
  double scale;
  heat_total *product;
} heat_level_out;

/* The direction becomes p = scale x + shift + beta p. */
typedef struct heat_level_turn {
  double scale, shift, beta;
} heat_level_turn;

/* The loops of a cycle over one level: see multigrid_loops.c. All Local. */
typedef struct heat_level_loops {
  size_t value; /* bytes of a value */
  /* Set row j of an array, in the owned columns, to `scale` times values that are doubles; and read it as doubles. */
  void (*put)(const heat_level *level, void *array, int64_t j, const double *values, double scale);
  void (*take)(const heat_level *level, const void *array, int64_t j, double *values);
  /* Set b of the finest level in the rows that neighbouring ranks or threads need, or in all rows (in->whole). */
  void (*enter)(const heat_level *fine, const heat_level *coarse, const heat_level_in *in);
  /* Smooth x for the right-hand side b, beginning with x = 0 where `from_zero` is set, and restrict the residual to b
   * of the coarse level. All ghost layers of b, and of x unless it begins with 0, must be valid. If `in` is not NULL,
   * the rows of b that `enter` left out are set on the way. */
  void (*down)(const heat_level *fine, const heat_level *coarse, bool from_zero, const heat_level_in *in);
  /* Restrict the residual of x, without smoothing, to b of the coarse level. Two ghost layers of x and one of b must be
   * valid. */
  void (*residual)(const heat_level *fine, const heat_level *coarse);
  /* Add the interpolated x of the coarse level, whose ghost layers must be valid, to x, and smooth again. `out` may be
   * NULL. */
  void (*up)(const heat_level *fine, const heat_level *coarse, const heat_level_out *out);
  /* Add the product of b and x to out->product. */
  void (*multiply)(const heat_level *level, const heat_level_out *out);
  /* x = step p, or x = x + step p where `add` is set, for row j of the direction p. */
  void (*advance)(const heat_level *level, int64_t j, double step, double *x, bool add);
  /* Compute row j of the new direction, with one ghost cell at each end except beyond walls. */
  void (*turn)(const heat_level *level, int64_t j, const heat_level_turn *turn);
  /* Read row j of the direction, times `unit`, as doubles. */
  void (*read)(const heat_level *level, int64_t j, double unit, double *values);
} heat_level_loops;

/* The loops of the set-up: see multigrid_galerkin.c. All Local. */
typedef struct heat_level_setup {
  /* Set the weights of the coarse level, and its links. HEAT_IO. */
  heat_status (*coarsen)(const heat_level *fine, const heat_level *coarse);
  /* Set b and x of the fine level such that the restricted residual is the reaction of the coarse level. */
  void (*prepare_reaction)(const heat_level *fine, const heat_level *coarse);
  /* Copy that restricted residual, which is b of the coarse level, to its reaction. */
  void (*set_reaction)(const heat_level *coarse);
  /* A bound of the eigenvalues of D^-1 A in this rank's cells. */
  double (*bound)(const heat_level *level);
  void (*couplings)(const heat_level *level, int64_t sums[HEAT_AXES]);
} heat_level_setup;

/* Compiled for float and for double. */
typedef enum heat_level_precision { HEAT_LEVEL_SINGLE, HEAT_LEVEL_DOUBLE, HEAT_LEVEL_PRECISIONS } heat_level_precision;

/* The fastest loops for this processor, or those of the kind that the environment's HEAT2D_ISA names. Local. */
const heat_level_loops *heat_level_loops_find(heat_level_precision precision);
const heat_level_setup *heat_level_setup_find(heat_level_precision precision);

/* What the memory of a level depends on: how it was made, its number of links (2 or 4), the bytes of a value, and the
 * number of threads. heat_level_bytes is the memory that a rank takes for it. Local. */
typedef struct heat_level_shape {
  bool halved[HEAT_AXES];
  int links;
  size_t value;
  int threads;
} heat_level_shape;
size_t heat_level_bytes(const heat_layout *layout, int rank, heat_level_shape shape);

/* Allocate the arrays of a level whose grid, halved, links and threads are set, and plan its exchanges. Collective over
 * the grid's communicator. HEAT_IO. */
heat_status heat_level_create(heat_level *level, size_t value);
void heat_level_destroy(heat_level *level);

/* Let each row of the operator and of the weights stand for itself: before they are set. Local. */
void heat_level_forget_repeats(heat_level *level);

/* Find the repeated rows of the operator, or of the weights, ghost layers included. Local. */
void heat_level_find_operator_repeats(const heat_level *level, size_t value);
void heat_level_find_weight_repeats(const heat_level *level, size_t value);

/* Refresh ghost layers. Collective. */
void heat_level_refresh(const heat_level *level, heat_halo *halo, void *array, size_t value);

/* The number of rows in the work space of a thread that is alone, and of one among several: see multigrid_rows.h. */
enum {
  HEAT_LEVEL_RINGS = 4,
  HEAT_LEVEL_RING_ROWS = 4,
  HEAT_LEVEL_OWN_ROWS = HEAT_LEVEL_RINGS * HEAT_LEVEL_RING_ROWS + 1,
  HEAT_LEVEL_SHARING_ROWS = HEAT_LEVEL_OWN_ROWS + HEAT_LEVEL_RING_ROWS + 2 * HEAT_LEVEL_DEPTH,
  /* On the finest level rows of doubles follow: a ring of rows of the direction, a row for its product with S, and a
   * row that is kept. */
  HEAT_LEVEL_DIRECTION_ROWS = 4,
  HEAT_LEVEL_WORK_ROW = HEAT_LEVEL_DIRECTION_ROWS,
  HEAT_LEVEL_KEPT_ROW,
  HEAT_LEVEL_DOUBLE_ROWS
};

/* The number of values before the first owned cell in each row of a work space or an array. */
enum { HEAT_LEVEL_MARGIN = 16 };

#endif
