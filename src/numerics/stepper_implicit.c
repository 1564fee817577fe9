#include "stepper_private.h"

#include "heat2d/numerics/krylov.h"
#include "heat2d/numerics/multigrid.h"
#include "heat2d/numerics/products.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct heat_implicit {
  double tolerance;          /* of the solver, relative */
  int iterations;            /* at most */
  double capacity;           /* sum of rho c_p over all cells, J/(m3 K) */
  heat_multigrid *multigrid; /* for the matrix with sigma = multigrid_sigma; NULL: none has been made yet */
  double multigrid_sigma;    /* 1/s */
  /* Of the present step: */
  const heat_step *step;
  double reference; /* norm of the right side of its first system */
  double imbalance; /* sum of rho c_p times the residuals of the solved equations: heat that the result lacks, J/m3 */
  bool stopped;
};

static heat_field *field_of(heat_stepper *stepper, int which) {
  return &stepper->fields[stepper->role_to_field[which]];
}

/* Compute the sum of rho c_p times a field over all cells. `size` is an upper bound that it is expected to have; 0:
 * unknown. Collective. */
static double heat_content(const heat_operator *op, const heat_field *field, double size) {
  const heat_stencil *stencil = &op->stencil;
  heat_product product = {.a = field,
                          .b = stencil->uniform ? NULL : &stencil->inverse,
                          .over = true,
                          .threads = op->sequence.threads,
                          .size = stencil->uniform ? size * stencil->s : size};
  heat_products(op->grid, &product, 1, NULL);
  return stencil->uniform ? product.sum / stencil->s : product.sum;
}

static void fill(heat_field *field, double value) {
  const heat_box owned = field->owned;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) *heat_field_at(field, i, j) = value;
  field->valid = 0;
}

heat_status heat_implicit_create(heat_stepper *stepper) {
  heat_operator *op = stepper->op;
  const heat_config *config = op->problem->config;
  heat_implicit *implicit = calloc(1, sizeof *implicit);
  stepper->implicit = implicit;
  heat_status status = implicit != NULL ? heat_ok() : heat_no_memory("the solver", sizeof *implicit);
  if (status.code == HEAT_OK) status = heat_stencil_find_repeats(&op->stencil);
  status = heat_agree(op->grid->comm, status);
  if (status.code != HEAT_OK) return status;
  implicit->tolerance = heat_method_solver_tolerance(stepper->method, config);
  implicit->iterations = (int)heat_config_integer(config, "time.solver.iterations");
  fill(field_of(stepper, HEAT_ROLE_RESIDUAL), 1);
  implicit->capacity = heat_content(op, field_of(stepper, HEAT_ROLE_RESIDUAL), 0);
  return status;
}

void heat_implicit_destroy(heat_implicit *implicit) {
  if (implicit == NULL) return;
  heat_multigrid_destroy(implicit->multigrid);
  free(implicit);
}

void heat_implicit_begin(heat_stepper *stepper, const heat_step *step) {
  heat_implicit *implicit = stepper->implicit;
  implicit->step = step;
  implicit->reference = implicit->imbalance = 0;
  implicit->stopped = false;
  heat_ledger_begin(&stepper->op->ledger);
}

bool heat_implicit_singular(const heat_stepper *stepper) {
  return heat_multigrid_singular(stepper->implicit->multigrid);
}

heat_status heat_implicit_keep_energy(heat_stepper *stepper) {
  const heat_stage difference = {
      .out = HEAT_ROLE_RESIDUAL,
      .u = HEAT_ROLE_OLD,
      .terms = 2,
      .term = {{.field = HEAT_ROLE_OLD, .weight = 1}, {.field = HEAT_ROLE_NEW, .weight = -1}}};
  const heat_status status = heat_implicit_stage(stepper, &difference);
  if (status.code == HEAT_OK)
    stepper->implicit->imbalance = heat_content(stepper->op, field_of(stepper, HEAT_ROLE_RESIDUAL), 0);
  return status;
}

bool heat_implicit_stopped(const heat_stepper *stepper) {
  return stepper->implicit != NULL && stepper->implicit->stopped;
}

/* Do a stage whose fields are given by their roles. The status is that of this rank alone. */
static heat_status apply_stage(heat_stepper *stepper, heat_stage stage) {
  heat_field *fields[HEAT_METHOD_FIELDS];
  for (int f = 0; f < HEAT_METHOD_FIELDS; f++) fields[f] = &stepper->fields[f];
  heat_stepper_cast(stepper, &stage);
  return heat_operator_apply(stepper->op, &stage, 1, fields);
}

heat_status heat_implicit_stage(heat_stepper *stepper, const heat_stage *stage) {
  return heat_agree(stepper->op->grid->comm, apply_stage(stepper, *stage));
}

/* Compute f of an equation that has a term with L into a field of the solver. `counts`: L is counted in the heat
 * balance. */
static heat_status compute_forward(heat_stepper *stepper, const heat_system *equation, int out, bool counts) {
  heat_stage stage = {.out = out,
                      .u = HEAT_ROLE_OLD,
                      .terms = equation->count,
                      .c = equation->forward_c,
                      .t = equation->forward_t,
                      .budget_weight = counts ? equation->forward_weight : 0};
  memcpy(stage.term, equation->terms, (size_t)equation->count * sizeof *stage.term);
  return apply_stage(stepper, stage);
}

/* Compute f - v + c L(v, t), where v is in the field of role `at`, into the field of HEAT_ROLE_RESIDUAL. `counts`: L is
 * counted in the heat balance. */
static heat_status compute_residual(heat_stepper *stepper, const heat_system *equation, int at, bool counts) {
  const heat_term whole = {.field = HEAT_ROLE_NEW, .weight = 1};
  const bool forward = equation->forward_c != 0;
  const int count = forward ? 1 : equation->count;
  heat_stage stage = {.out = HEAT_ROLE_RESIDUAL,
                      .u = at,
                      .c = equation->c,
                      .t = equation->t,
                      .budget_weight = counts ? equation->budget_weight : 0};
  bool merged = false;
  heat_status status = forward ? compute_forward(stepper, equation, whole.field, counts) : heat_ok();
  for (int k = 0; k < count; k++) {
    stage.term[k] = forward ? whole : equation->terms[k];
    if (stage.term[k].field == at && !equation->steady) stage.term[k].weight -= 1;
    merged = merged || stage.term[k].field == at;
  }
  stage.terms = count;
  if (!merged && !equation->steady) stage.term[stage.terms++] = (heat_term){.field = at, .weight = -1};
  return heat_first(status, apply_stage(stepper, stage));
}

/* What the callbacks of a solve need. */
typedef struct solve {
  heat_stepper *stepper;
  const heat_system *equation;
  heat_status status; /* of the right side, which fails where the deck's expressions in time have no value */
} solve;

static void right_side(void *context, heat_field *r) {
  solve *s = context;
  s->status = heat_first(s->status, compute_residual(s->stepper, s->equation, s->equation->guess, false));
  (void)r; /* r is that field */
}

/* The nearest power of the square root of 2. Under error control each step has another length, and levels that have
 * been made for about the same sigma are nearly as good. */
static double rounded(double sigma) {
  const double eighth[] = {0.59460355750136051, 0.84089641525371461}, root = 0.70710678118654752; /* 2^-3/4, 2^-1/4 */
  int exponent;
  const double fraction = frexp(sigma, &exponent);
  return ldexp(fraction < eighth[0] ? 0.5 : fraction < eighth[1] ? root : 1, exponent);
}

/* Make levels for a system, or update them, if those that there are do not fit. Walls are taken as they are at t = 0
 * (for a steady state, at its time), so that each process that goes on with the run has the same levels. They need not
 * be those of the step, since the levels are only a preconditioner. */
static heat_status prepare(heat_stepper *stepper, const heat_system *system) {
  heat_implicit *implicit = stepper->implicit;
  heat_operator *op = stepper->op;
  const double exact = system->steady ? 0 : 1 / system->c, at = system->steady ? system->t : 0;
  const double sigma = implicit->step->estimated ? rounded(exact) : exact;
  if (implicit->multigrid != NULL && implicit->multigrid_sigma == sigma) return heat_ok();
  implicit->multigrid_sigma = sigma;
  const heat_status status = heat_agree(op->grid->comm, heat_walls_update(&op->walls, &at, 1));
  if (status.code != HEAT_OK) return status;
  heat_stencil_update_walls(&op->stencil, &op->walls);
  return implicit->multigrid != NULL
             ? heat_multigrid_update(implicit->multigrid, sigma)
             : heat_multigrid_create(&implicit->multigrid, &op->stencil, sigma, op->sequence.threads);
}

static bool stop(void *context) {
  const solve *s = context;
  return s->stepper->stop != NULL && s->stepper->stop(s->stepper->stop_context);
}

static heat_krylov_end correct(solve *s) {
  heat_stepper *stepper = s->stepper;
  heat_operator *op = stepper->op;
  heat_implicit *implicit = stepper->implicit;
  const heat_krylov krylov = {.stencil = &op->stencil,
                              .sequence = &op->sequence,
                              .sigma = s->equation->steady ? 0 : 1 / s->equation->c,
                              .x = field_of(stepper, s->equation->result),
                              .r = field_of(stepper, HEAT_ROLE_RESIDUAL),
                              .multigrid = implicit->multigrid,
                              .right_side = right_side,
                              .weight = 1 / s->equation->c,
                              .stop = stop,
                              .context = s,
                              .tolerance = implicit->tolerance,
                              .reference = implicit->reference,
                              .iterations = implicit->iterations};
  return heat_krylov_solve(&krylov);
}

static heat_status did_not_converge(const heat_implicit *implicit, heat_krylov_end end) {
  return heat_fail(HEAT_NUMERICS,
                   "the linear solver did not converge in step %lld from t = %.9g s, dt = %.9g s: relative residual "
                   "%.3g after %d iterations (time.solver asks for %.3g within %d)",
                   (long long)implicit->step->number, implicit->step->t, implicit->step->dt, end.residual,
                   end.iterations, implicit->tolerance, implicit->iterations);
}

heat_status heat_implicit_solve(heat_stepper *stepper, const heat_system *equation) {
  heat_operator *op = stepper->op;
  heat_implicit *implicit = stepper->implicit;
  heat_status status = prepare(stepper, equation);
  if (status.code != HEAT_OK) return status;
  /* The walls' coefficients in the matrix belong to this instant; ghost cells beyond walls are set by the stages. */
  status = heat_agree(op->grid->comm, heat_walls_update(&op->walls, &equation->t, 1));
  if (status.code != HEAT_OK) return status;
  heat_stencil_update_walls(&op->stencil, &op->walls);
  solve s = {.stepper = stepper, .equation = equation, .status = heat_ok()};
  const heat_krylov_end end = correct(&s);
  stepper->done.solves++;
  stepper->done.iterations += end.iterations;
  implicit->reference = fmax(implicit->reference, end.right);
  implicit->stopped = end.stopped;
  status = heat_agree(op->grid->comm, s.status);
  if (status.code != HEAT_OK || end.stopped) return status;
  if (!end.converged) return did_not_converge(implicit, end);
  const heat_stage add = {.out = equation->result,
                          .u = equation->guess,
                          .terms = 2,
                          .term = {{.field = equation->guess, .weight = 1}, {.field = equation->result, .weight = 1}}};
  status = apply_stage(stepper, add);
  status = heat_first(status, compute_residual(stepper, equation, equation->result, true));
  if (!equation->steady) {
    /* An upper bound, by the inequality of Cauchy and Schwarz. */
    const double most = end.residual * fmax(end.right, implicit->reference) * equation->c *
                        sqrt((double)heat_box_cells(op->grid->domain));
    implicit->imbalance +=
        equation->budget_weight / equation->c * heat_content(op, field_of(stepper, HEAT_ROLE_RESIDUAL), most);
  }
  return heat_agree(op->grid->comm, status);
}

heat_status heat_implicit_estimate(heat_stepper *stepper, heat_stage stage, double c) {
  heat_field *e = field_of(stepper, HEAT_ROLE_RESIDUAL);
  const heat_grid *grid = stepper->op->grid;
  stage.out = HEAT_ROLE_RESIDUAL;
  const heat_status status = heat_agree(grid->comm, apply_stage(stepper, stage));
  if (status.code != HEAT_OK) return status;
  heat_krylov_weigh(&stepper->op->stencil, 1 / c, e, stepper->op->sequence.threads);
  const heat_cycle cycle = {.r = e, .size = heat_control_size(grid, e)};
  stepper->estimate = 0;
  if (cycle.size == 0) return status;
  heat_multigrid_cycle(stepper->implicit->multigrid, &cycle);
  heat_multigrid_read(stepper->implicit->multigrid, e);
  stepper->estimate = heat_control_size(grid, e);
  return status;
}

void heat_implicit_finish(heat_stepper *stepper) {
  const heat_implicit *implicit = stepper->implicit;
  const double shift = implicit->imbalance / implicit->capacity;
  heat_field *u = field_of(stepper, HEAT_ROLE_NEW);
  for (int64_t j = u->owned.lo[HEAT_Y]; j < u->owned.hi[HEAT_Y] && shift != 0; j++)
    for (int64_t i = u->owned.lo[HEAT_X]; i < u->owned.hi[HEAT_X]; i++) *heat_field_at(u, i, j) += shift;
  u->valid = 0;
  const int old = stepper->role_to_field[HEAT_ROLE_OLD];
  stepper->role_to_field[HEAT_ROLE_OLD] = stepper->role_to_field[HEAT_ROLE_NEW];
  stepper->role_to_field[HEAT_ROLE_NEW] = old;
}
