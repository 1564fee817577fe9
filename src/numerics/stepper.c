#include "heat2d/numerics/stepper.h"

#include "paint.h"
#include "stepper_private.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static int euler_stages(const heat_step *step, double bound, heat_stage stages[HEAT_METHOD_STAGES], int *result) {
  enum { NOW, NEXT };
  const double t = step->t, dt = step->dt;
  (void)bound; /* always one stage */
  stages[0] = (heat_stage){
      .out = NEXT, .u = NOW, .terms = 1, .term = {{.field = NOW, .weight = 1}}, .c = dt, .t = t, .budget_weight = dt};
  *result = NEXT;
  return 1;
}

const heat_method heat_methods[] = {
    [HEAT_METHOD_EULER] =
        {.order = 1, .fields = 2, .lasting = 1, .stability = 2, .monotone = 1, .stages = euler_stages},
    [HEAT_METHOD_RKL2] = {.order = 2,
                          .fields = 4,
                          .lasting = 3,
                          .stability = (HEAT_RKL2_MOST * HEAT_RKL2_MOST + HEAT_RKL2_MOST - 2) / 2,
                          .monotone = 1.38, /* for 3 stages, and walls that do not change in time */
                          .error_scale = 10,
                          .stages = heat_rkl2_stages},
    [HEAT_METHOD_BACKWARD_EULER] = {.order = 1,
                                    .fields = HEAT_ROLE_RIGHT,
                                    .stability = INFINITY,
                                    .monotone = INFINITY,
                                    .error_scale = 100,
                                    .step = heat_backward_euler_step},
    [HEAT_METHOD_CRANK_NICOLSON] = {.order = 2,
                                    .fields = HEAT_ROLE_RIGHT + 1,
                                    .stability = INFINITY,
                                    .monotone = 2,
                                    .error_scale = 20,
                                    .step = heat_crank_nicolson_step},
    [HEAT_METHOD_TR_BDF2] = {.order = 2,
                             .fields = HEAT_ROLE_MIDDLE + 1,
                             .stability = INFINITY,
                             .monotone = 2.414213562373095, /* 1 + sqrt(2); for walls that do not change in time */
                             .error_scale = 20,
                             .step = heat_tr_bdf2_step},
    [HEAT_METHOD_STEADY] =
        {.order = 1, .fields = HEAT_ROLE_RIGHT, .stability = INFINITY, .monotone = INFINITY, .step = heat_steady_step},
};
static_assert(sizeof heat_methods / sizeof *heat_methods == HEAT_METHODS, "a row for each method");

const char *heat_method_name(const heat_method *method) {
  return heat_method_names[method - heat_methods];
}

/* The number of rows of the fields that are used within a step only, so that they can be bands; 0: whole fields. It is
 * the same on all ranks. Passes end where values have to be kept, so that bands are possible only if the last block,
 * which is the smallest one, has more rows than a band. With a halo of one layer each pass is one stage, after which
 * all values have to be kept; and if a step has more stages than the halo lasts for, all its fields have to be kept. */
static int band_rows(const heat_method *method, const heat_layout *layout, int depth, int threads) {
  if (method->step != NULL) return 0;
  if ((depth == 1 || method->lasting > 1) && heat_layout_needs_exchange(layout)) return 0;
  const heat_box last = heat_layout_last(layout);
  const int rows = heat_tiles_band(heat_layout_box(layout, 0), threads);
  return rows < heat_box_width(last, HEAT_Y) + 2 * (int64_t)depth ? rows : 0;
}

static bool takes_euler_steps(const heat_method *method) {
  return method == &heat_methods[HEAT_METHOD_EULER];
}

/* The bytes of the lane frame if steps are done in it; 0 if they are not. For a material that varies much this is
 * decided later, so that its memory is counted; *untried tells whether it is certain. */
static size_t frame_bytes(const heat_stepper_spec *spec, bool *untried) {
  const heat_layout *layout = spec->layout;
  heat_box grown = heat_layout_box(layout, 0);
  int length = 0;
  if (takes_euler_steps(spec->method)) length = heat_tiles_frame_stages(grown);
  *untried = length > 0 && spec->coefficients == 0 && (spec->depth >= length || !heat_layout_needs_exchange(layout));
  for (int axis = 0; axis < HEAT_AXES; axis++)
    if (layout->ranks[axis] > 1 || layout->periodic[axis]) grown.hi[axis] += 2 * (int64_t)spec->depth;
  return length > 0 ? heat_lane_frame_bytes(grown, spec->threads, spec->coefficients, layout->ranks[HEAT_X] > 1) : 0;
}

size_t heat_stepper_bytes(const heat_stepper_spec *spec) {
  const heat_method *method = spec->method;
  const heat_box block = heat_layout_box(spec->layout, 0);
  bool untried;
  heat_field_form form = {.depth = spec->depth};
  const size_t whole = heat_field_form_bytes(spec->layout, block, form), frame = frame_bytes(spec, &untried);
  form.rows = band_rows(method, spec->layout, spec->depth, spec->threads);
  const size_t band = form.rows > 0 && untried ? 0 : heat_field_form_bytes(spec->layout, block, form);
  /* The messages of a solver have one layer, and their size is negligible. */
  const size_t messages = method->step == NULL ? heat_halo_plan_bytes(spec->layout, spec->depth) : 0;
  const size_t patches =
      takes_euler_steps(method) && spec->coefficients > 0 ? heat_patches_bytes(heat_box_grow(block, spec->depth)) : 0;
  return (size_t)method->lasting * whole + (size_t)(method->fields - method->lasting) * band + frame + messages +
         patches;
}

heat_status heat_stepper_create(heat_stepper *stepper, const heat_method *method, heat_operator *op) {
  *stepper = (heat_stepper){.method = method, .op = op};
  heat_status status = heat_ok();
  for (int f = 0; f < method->fields && status.code == HEAT_OK; f++) {
    heat_field_form form = heat_operator_form(op, f);
    if (f >= method->lasting && heat_operator_fuses(op))
      form.rows = band_rows(method, &op->grid->layout, form.depth, form.threads);
    stepper->role_to_field[f] = f;
    status = heat_field_create_as(&stepper->fields[f], op->grid, form);
  }
  if (status.code == HEAT_OK && takes_euler_steps(method)) status = heat_sequence_find_patches(&op->sequence);
  status = heat_agree(op->grid->comm, status);
  if (status.code != HEAT_OK || !(heat_method_adapts(method) || method->step != NULL)) return status;
  const heat_problem *problem = op->problem;
  status =
      heat_problem_jumps(problem, heat_config_real(problem->config, "time.end"), &stepper->jumps, &stepper->jump_count);
  if (method->step != NULL) status = heat_first(status, heat_implicit_create(stepper));
  return heat_agree(op->grid->comm, status);
}

void heat_stepper_destroy(heat_stepper *stepper) {
  for (int f = 0; f < HEAT_METHOD_FIELDS; f++) heat_field_destroy(&stepper->fields[f]);
  heat_implicit_destroy(stepper->implicit);
  free(stepper->jumps);
  stepper->implicit = NULL;
  stepper->jumps = NULL;
}

heat_field *heat_stepper_solution(heat_stepper *stepper) {
  return &stepper->fields[stepper->role_to_field[0]];
}

heat_status heat_stepper_start(heat_stepper *stepper) {
  const heat_operator *op = stepper->op;
  const heat_discretisation from = {op->problem, op->grid, op->stencil.depth, op->sequence.threads};
  heat_field *u = heat_stepper_solution(stepper);
  const heat_status status = heat_paint_owned(&from, HEAT_TEMPERATURE, u);
  u->valid = 0;
  return heat_agree(op->grid->comm, status);
}

heat_limits heat_method_limits(const heat_method *method, heat_bounds bounds) {
  heat_limits limits = {.stable = method->stability / bounds.spectral, .monotone = method->monotone / bounds.diagonal};
  if (limits.monotone * bounds.diagonal > method->monotone) limits.monotone = nextafter(limits.monotone, 0);
  return limits;
}

double heat_stepper_limit(const heat_stepper *stepper) {
  return heat_method_limits(stepper->method, heat_operator_bounds(stepper->op)).stable;
}

void heat_stepper_cast(const heat_stepper *stepper, heat_stage *stage) {
  stage->out = stepper->role_to_field[stage->out];
  stage->u = stepper->role_to_field[stage->u];
  for (int k = 0; k < stage->terms; k++) stage->term[k].field = stepper->role_to_field[stage->term[k].field];
}

/* Make a stage that copies the solution from a band, whose values are lost after the list of stages, to a whole
 * field. */
static int copy_from_band(heat_stepper *stepper, heat_stage *stage) {
  const int from = stepper->role_to_field[0], to = stepper->role_to_field[1];
  *stage = (heat_stage){.out = to, .u = from, .terms = 1, .term = {{.field = from, .weight = 1}}};
  stepper->role_to_field[0] = to;
  stepper->role_to_field[1] = from;
  return 1;
}

/* Do explicit steps, with the stages of many steps in one list. */
static heat_status advance_explicit(heat_stepper *stepper, const heat_clock *clock, int64_t from, int64_t to) {
  heat_field *fields[HEAT_METHOD_FIELDS];
  for (int f = 0; f < HEAT_METHOD_FIELDS; f++) fields[f] = &stepper->fields[f];
  const double bound = heat_operator_bounds(stepper->op).spectral;
  heat_status status = heat_ok();
  while (from < to) {
    heat_stage batch[HEAT_BATCH + HEAT_METHOD_STAGES];
    int count = 0, added = 0;
    /* A step has about as many stages as the one before, and a stage that copies may follow. */
    for (; from < to && count < HEAT_BATCH && count + added < HEAT_STAGES_MAX; from++) {
      int result;
      heat_stage *stages = batch + count;
      const heat_step step = {.t = heat_clock_time(clock, from), .dt = heat_clock_step(clock, from)};
      added = stepper->method->stages(&step, bound, stages, &result);
      for (int s = 0; s < added; s++) heat_stepper_cast(stepper, &stages[s]);
      stepper->done.stages += added;
      const int solution = stepper->role_to_field[result];
      stepper->role_to_field[result] = stepper->role_to_field[0];
      stepper->role_to_field[0] = solution;
      count += added;
    }
    if (fields[stepper->role_to_field[0]]->window_rows > 0) count += copy_from_band(stepper, &batch[count]);
    for (int f = 0; f < stepper->method->fields; f++) fields[f]->passing = f != stepper->role_to_field[0];
    status = heat_first(status, heat_operator_apply(stepper->op, batch, count, fields));
  }
  return status;
}

heat_status heat_explicit_step(heat_stepper *stepper, const heat_step *step, int *result, int *error) {
  heat_field *fields[HEAT_METHOD_FIELDS];
  heat_stage stages[HEAT_METHOD_STAGES];
  for (int f = 0; f < HEAT_METHOD_FIELDS; f++) fields[f] = &stepper->fields[f];
  const int count = stepper->method->stages(step, heat_operator_bounds(stepper->op).spectral, stages, result);
  for (int s = 0; s < count; s++) heat_stepper_cast(stepper, &stages[s]);
  stepper->done.stages += count;
  *error = stages[count - 1].out;
  return heat_agree(stepper->op->grid->comm, heat_operator_apply(stepper->op, stages, count, fields));
}

/* Whether rough data are damped in the step from n: in the first two steps, in a step with a jump, and in the step
 * after it. */
static bool is_damped(const heat_stepper *stepper, int64_t n, double t, double dt) {
  enum { DAMPED_STEPS = 2 };
  const double slack = 1e-9;
  bool damped = n < DAMPED_STEPS;
  for (int k = 0; k < stepper->jump_count; k++)
    damped =
        damped || (stepper->jumps[k].behind >= t - (1 + slack) * dt && stepper->jumps[k].behind < t + (1 - slack) * dt);
  return damped;
}

static heat_status advance_implicit(heat_stepper *stepper, const heat_clock *clock, int64_t from, int64_t to) {
  heat_status status = heat_ok();
  for (int64_t n = from; n < to && status.code == HEAT_OK; n++) {
    const double t = heat_clock_time(clock, n), end = heat_clock_time(clock, n + 1), dt = heat_clock_step(clock, n);
    const heat_jump *from_jump = heat_control_jump(stepper, t), *to_jump = heat_control_jump(stepper, end);
    const heat_step step = {.number = n + 1,
                            .t = t,
                            .dt = dt,
                            .begin = from_jump != NULL ? from_jump->behind : t,
                            .end = to_jump != NULL ? to_jump->before : end,
                            .damped = is_damped(stepper, n, t, dt)};
    heat_implicit_begin(stepper, &step);
    status = stepper->method->step(stepper, &step);
    if (status.code != HEAT_OK || heat_implicit_stopped(stepper)) {
      heat_ledger_roll_back(&stepper->op->ledger);
      break;
    }
    heat_implicit_finish(stepper);
    stepper->done.taken++;
  }
  return status;
}

heat_status heat_stepper_advance(heat_stepper *stepper, const heat_clock *clock, int64_t from, int64_t to) {
  heat_status status;
  stepper->done = (heat_advance){.taken = 0};
  if (stepper->method->step == NULL && clock->free) return heat_control_step(stepper, clock);
  if (stepper->method->step == NULL) {
    status = advance_explicit(stepper, clock, from, to);
    if (status.code == HEAT_OK) stepper->done.taken = to - from;
    return status;
  }
  heat_runtime *runtime = heat_operator_runtime(stepper->op);
  const heat_activity before = heat_runtime_enter(runtime, HEAT_SOLVER);
  status = clock->free ? heat_control_step(stepper, clock) : advance_implicit(stepper, clock, from, to);
  heat_runtime_enter(runtime, before);
  return status;
}
