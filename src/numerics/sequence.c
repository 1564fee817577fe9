#include "heat2d/numerics/sequence.h"

#include "schedule.h"

#include <stdlib.h>
#include <string.h>

enum { UNIFORM_ARRAYS = 2, VARYING_ARRAYS = 5 }; /* arrays that a tile reads and writes, without that of the source */

/* Whether the lane frame is made for this equation. */
static bool has_frame(const heat_sequence *sequence) {
  const heat_equation *equation = &sequence->equation;
  return equation->stencil->uniform ? !equation->forcing->has_source : !heat_forcing_in_time(equation->forcing);
}

/* The arrays of coefficients that the lane frame reads where the material varies; none where it is uniform, or where a
 * source depends on time. */
static heat_arrays coefficients_of(const heat_sequence *sequence) {
  const heat_stencil *stencil = sequence->equation.stencil;
  const heat_forcing *forcing = sequence->equation.forcing;
  const heat_box owned = sequence->grid->owned;
  heat_arrays arrays = {.origin = {owned.lo[HEAT_X], owned.lo[HEAT_Y]},
                        .cells = heat_grid_grown(sequence->grid, owned, stencil->depth)};
  for (int axis = 0; axis < HEAT_AXES; axis++) /* the face of a high wall, see stencil.c */
    if (arrays.cells.hi[axis] < owned.hi[axis] + stencil->depth) arrays.cells.hi[axis]++;
  if (stencil->uniform || !has_frame(sequence)) return arrays;
  const double *all[] = {stencil->kx.corner, stencil->ky.corner, stencil->inverse.corner, forcing->q.corner};
  arrays.count = forcing->has_source ? 4 : 3;
  arrays.stride = stencil->kx.stride;
  memcpy(arrays.at, all, sizeof all);
  return arrays;
}

/* Whether the lane frame may be faster than tiles, and so is worth a trial. With varying material, as fractions of the
 * speed of the kernel in the first-level cache (one core of a Xeon with AVX-512; `mixed` is the share of the patches in
 * which cells differ from each other, see patches.h):
 *
 *     cells of a block     mixed    frame   tile
 *     256 x 256             0 %      0.42   0.62
 *     512 x 512             0 %      0.70   0.50
 *     1024 x 512            0 %      0.75   0.60   without a trial where few patches are mixed
 *     1024 x 512           11 %      0.47   0.61
 *     8192 x 4096           1 %      0.88   0.50   2 ranks */
static bool is_worth_a_trial(const heat_sequence *sequence) {
  enum { LEAST = 1 << 18 }; /* cells */
  return has_frame(sequence) && (sequence->equation.stencil->uniform || heat_box_cells(sequence->grid->owned) >= LEAST);
}

heat_status heat_sequence_create(heat_sequence *sequence, heat_equation equation, heat_runtime *runtime, int threads) {
  const heat_grid *grid = equation.stencil->grid;
  const char *isa = getenv("HEAT2D_ISA");
  *sequence = (heat_sequence){
      .equation = equation, .grid = grid, .runtime = runtime, .threads = threads, .kernels = heat_kernels_find(isa)};
  heat_status status = heat_ok();
  if (sequence->kernels == NULL)
    status = heat_fail(HEAT_USAGE, "HEAT2D_ISA=%s: not known, or not on this processor", isa);
  sequence->coefficients = coefficients_of(sequence);
  status = heat_agree(grid->comm, status);
  if (status.code == HEAT_OK) status = heat_halo_create(&sequence->halo, grid, equation.stencil->depth, 1);
  const int arrays =
      (equation.stencil->uniform ? UNIFORM_ARRAYS : VARYING_ARRAYS) + (equation.forcing->has_source ? 1 : 0);
  sequence->cell_bytes = arrays * (int64_t)sizeof(double);
  sequence->tiling = heat_tiling_create(grid->owned, (size_t)sequence->cell_bytes, is_worth_a_trial(sequence));
  return status;
}

heat_status heat_sequence_find_patches(heat_sequence *sequence) {
  const double mixed_most = 1.0 / 32;
  if (sequence->plain || sequence->coefficients.count == 0 || sequence->patches != NULL) return heat_ok();
  const heat_status status =
      heat_patches_create(&sequence->patches, &sequence->coefficients,
                          heat_grid_grown(sequence->grid, sequence->grid->owned, sequence->equation.stencil->depth),
                          HEAT_COEFFICIENT_INVERSE);
  if (status.code == HEAT_OK && heat_patches_mixed(sequence->patches) > mixed_most) sequence->tiling.frame_stages = 0;
  return status;
}

void heat_sequence_destroy(heat_sequence *sequence) {
  heat_halo_destroy(sequence->halo);
  heat_halo_destroy(sequence->wide_halo);
  heat_lane_frame_destroy(&sequence->frame);
  heat_patches_destroy(sequence->patches);
  *sequence = (heat_sequence){.threads = 0};
}

/* The arguments of a stage's kernel, with pointers to the first owned cell. */
static heat_sweep make_sweep(const heat_sequence *sequence, const heat_stage *stage, heat_field *const *fields) {
  heat_sweep sweep = heat_stencil_sweep(sequence->equation.stencil);
  sweep.stride = fields[stage->u]->stride;
  sweep.u = fields[stage->u]->corner;
  sweep.out = fields[stage->out]->corner;
  sweep.terms = stage->terms;
  sweep.c = stage->c;
  sweep.q = sequence->equation.forcing->q.corner;
  for (int k = 0; k < stage->terms; k++) {
    sweep.x[k] = fields[stage->term[k].field]->corner;
    sweep.w[k] = stage->term[k].weight;
  }
  return sweep;
}

double heat_sequence_rate(const heat_sequence *sequence, heat_field *u) {
  const heat_stage stage = {.terms = 0, .c = 1};
  const heat_sweep sweep = make_sweep(sequence, &stage, &u);
  const heat_box owned = sequence->grid->owned;
  return sequence->kernels->rate(&sweep, heat_part_at(owned, owned, sweep.stride));
}

heat_tile heat_sequence_tile(const heat_sequence *sequence, bool *chosen) {
  if (chosen != NULL) *chosen = sequence->tiling.chosen || sequence->framed;
  heat_tile tile = heat_tiling_current(&sequence->tiling);
  const heat_lanes *lanes = sequence->kernels->lanes;
  if (tile.frame || sequence->framed)
    tile = (heat_tile){
        .columns = lanes->columns, .rows = lanes->lanes * lanes->rows, .stages = HEAT_FRAME_STAGES, .frame = true};
  return tile;
}

double heat_sequence_trial_cost(const heat_sequence *sequence) {
  return heat_tiling_cost(&sequence->tiling);
}

void heat_sequence_set_tiling(heat_sequence *sequence, heat_tiling tiling) {
  sequence->tiling = tiling;
}

void heat_sequence_set_plain(heat_sequence *sequence) {
  sequence->plain = true;
}

/* The cells of `box` that touch no side of the domain. There only the kernel has to be run, apart from sources that
 * depend on time. */
static heat_box inner_part(const heat_sequence *sequence, heat_box box) {
  return heat_box_intersect(box, heat_box_grow(sequence->grid->domain, -1));
}

static heat_loop *current_loop(const heat_sequence *sequence) {
  return sequence->plain || heat_tiling_current(&sequence->tiling).plain ? sequence->kernels->plain
                                                                         : sequence->kernels->march;
}

/* Some stages that need no message between them. */
typedef struct pass {
  heat_sequence *sequence;
  const heat_stage *stages;
  int instant; /* of the walls, at the first stage */
  heat_field *const *fields;
  heat_status *status; /* HEAT_DECK when an expression in t yields no finite value */
} pass;

/* Set the ghost cells along a line of cells beside a wall for stage k of a pass, and count the heat that flows in. */
static void prepare_line(void *context, int k, const heat_wall_line *line) {
  const pass *p = context;
  const heat_equation *equation = &p->sequence->equation;
  heat_walls_apply_line(equation->walls, line, p->instant + k);
  if (p->stages[k].budget_weight != 0)
    heat_ledger_count_line(equation->ledger, equation->walls, line, p->stages[k].budget_weight);
}

/* Before stage k of a pass is done in `box`: set the ghosts of the walls next to it and the sources in it to that
 * stage's time, and enter into the ledger what flows in. Several threads may do this. */
static void prepare_box(void *context, int k, heat_box box) {
  const pass *p = context;
  const heat_equation *equation = &p->sequence->equation;
  const heat_stage *stage = &p->stages[k];
  heat_wall_line line;
  if (stage->c == 0) return;
  for (int side = 0; side < HEAT_SIDES; side++)
    if (heat_walls_line(equation->walls, p->fields[stage->u], box, side, &line)) prepare_line(context, k, &line);
  if (!heat_forcing_touches(equation->forcing, box)) return;
  const heat_status status =
      heat_forcing_update(equation->forcing, box, p->instant + k, stage->budget_weight, equation->ledger);
  if (status.code == HEAT_OK) return;
#pragma omp critical(heat_source)
  *p->status = heat_first(*p->status, status);
}

/* Whether blocks lie below this one and none above: its tiles then go downwards in the lane frame, so that it needs
 * last what the others send last, and waits for none of it at first. */
static bool goes_down(const heat_sequence *sequence) {
  const heat_box owned = sequence->grid->owned, domain = sequence->grid->domain;
  return sequence->equation.stencil->uniform && heat_grid_wall(sequence->grid, HEAT_TOP) &&
         owned.hi[HEAT_Y] == domain.hi[HEAT_Y] && owned.lo[HEAT_Y] > domain.lo[HEAT_Y];
}

static unsigned side_bit(int side) {
  return 1u << side;
}

/* Refresh the ghost layers of some fields, all but what comes from the sides that tiles reach last: see await_halo.
 * `framed`: one field, which is then worked on in the lane frame. Where its rows are long they are sent from where they
 * lie: copies would take memory, and the first strip of tiles takes longer than the neighbour to receive them; short
 * rows would be waited for. */
static void exchange(heat_sequence *sequence, heat_field *const *fields, int count, bool framed) {
  enum { HELD_BYTES = 2 << 20 };
  const bool held = framed && (size_t)fields[0]->stride * sizeof(double) * (size_t)fields[0]->depth >= HELD_BYTES;
  unsigned later = side_bit(HEAT_TOP);
  if (framed) later = side_bit(HEAT_RIGHT) | side_bit(goes_down(sequence) ? HEAT_BOTTOM : HEAT_TOP);
  const heat_activity before = heat_runtime_enter(sequence->runtime, HEAT_HALO);
  sequence->active_halo = count == 1 ? sequence->halo : sequence->wide_halo;
  if (held)
    heat_halo_begin_held(sequence->active_halo, fields[0]);
  else
    heat_halo_begin_some(sequence->active_halo, fields, count);
  sequence->awaited = heat_halo_wait(sequence->active_halo, fields, later);
  for (int f = 0; f < count; f++) {
    sequence->exchanged[f] = fields[f];
    fields[f]->valid = fields[f]->depth;
  }
  heat_runtime_enter(sequence->runtime, before);
}

/* Wait for the ghost cells that are still to come, but for those beyond the sides `later`. By the thread that uses MPI.
 */
static void await_halo(heat_sequence *sequence, unsigned later) {
  if ((sequence->awaited & ~later) == 0) return;
  const heat_activity before = heat_runtime_enter(sequence->runtime, HEAT_HALO);
  sequence->awaited = heat_halo_wait(sequence->active_halo, sequence->exchanged, sequence->awaited & later);
  heat_runtime_enter(sequence->runtime, before);
}

/* Before tiles read the cells `read` and write over the cells `written`: let MPI work on its messages, and wait for
 * those that this needs. */
static void progress_messages(void *context, heat_box read, heat_box written) {
  heat_sequence *sequence = ((const pass *)context)->sequence;
  const heat_box owned = sequence->grid->owned;
  unsigned later = 0;
  if (sequence->active_halo == NULL) return;
  heat_halo_progress(sequence->active_halo);
  for (int side = 0; side < HEAT_SIDES; side++) {
    const int axis = side / 2;
    const bool beyond = side % 2 == 0 ? read.lo[axis] < owned.lo[axis] : read.hi[axis] > owned.hi[axis];
    if (!beyond) later |= side_bit(side);
  }
  await_halo(sequence, later);
  const heat_activity before = heat_runtime_enter(sequence->runtime, HEAT_HALO);
  heat_halo_wait_sent(sequence->active_halo, written);
  heat_runtime_enter(sequence->runtime, before);
}

void heat_sequence_refresh(heat_sequence *sequence, heat_field *field) {
  if (field->valid == 0 && heat_layout_needs_exchange(&sequence->grid->layout)) exchange(sequence, &field, 1, false);
  await_halo(sequence, 0);
}

static void run_plain(pass *p, heat_box box) {
  await_halo(p->sequence, 0);
  prepare_box(p, 0, box);
  const heat_sweep sweep = make_sweep(p->sequence, p->stages, p->fields);
  current_loop(p->sequence)(&sweep, heat_part_at(box, p->sequence->grid->owned, sweep.stride));
}

/* Describe the stages of a pass for tiles or for the lane frame. */
static void make_fronts(const pass *p, const int64_t *grow, int count, heat_front *fronts) {
  const heat_sequence *sequence = p->sequence;
  for (int k = 0; k < count; k++) {
    const heat_box box = heat_grid_grown(sequence->grid, sequence->grid->owned, grow[k]);
    fronts[k] =
        (heat_front){&p->stages[k], box, inner_part(sequence, box), make_sweep(sequence, &p->stages[k], p->fields)};
  }
}

static void run_tiles(pass *p, const int64_t *grow, int count) {
  const heat_sequence *sequence = p->sequence;
  heat_front fronts[HEAT_STAGES_MAX];
  make_fronts(p, grow, count, fronts);
  heat_tiles_pass(&(heat_tiles_work){.fronts = fronts,
                                     .count = count,
                                     .fields = p->fields,
                                     .owned = sequence->grid->owned,
                                     .busy = sequence->equation.forcing->busy,
                                     .tile = heat_tiling_current(&sequence->tiling),
                                     .loop = current_loop(sequence),
                                     .threads = sequence->threads,
                                     .cell_bytes = sequence->cell_bytes,
                                     .prepare = prepare_box,
                                     .before = progress_messages,
                                     .context = p});
}

/* Whether a stage only copies what the one before it wrote. */
static bool is_copy(const heat_stage *stage) {
  return stage->c == 0 && stage->terms == 1 && stage->term[0].weight == 1 && stage->term[0].field == stage[-1].out;
}

/* Do the stages of a pass in the lane frame. Where the last stage is a copy, the frame writes its result directly to
 * where the copy would go. False where there is no memory for the frame. */
static bool run_frame(pass *p, const int64_t *grow, int count) {
  heat_sequence *sequence = p->sequence;
  heat_front fronts[HEAT_FRAME_STAGES];
  heat_field *to = p->fields[p->stages[count - 1].out];
  if (count > 1 && is_copy(&p->stages[count - 1])) count--;
  make_fronts(p, grow, count, fronts);
  return heat_lane_frame_pass(&sequence->frame,
                              &(heat_frame_work){.fronts = fronts,
                                                 .count = count,
                                                 .grid = sequence->grid,
                                                 .lanes = sequence->kernels->lanes,
                                                 .patches = sequence->patches,
                                                 .coefficients = &sequence->coefficients,
                                                 .from = p->fields[p->stages[0].u],
                                                 .to = to,
                                                 .threads = sequence->threads,
                                                 .prepare = prepare_line,
                                                 .downwards = goes_down(sequence),
                                                 .right_last = (sequence->awaited & side_bit(HEAT_RIGHT)) != 0,
                                                 .before = progress_messages,
                                                 .context = p})
             .code == HEAT_OK;
}

/* Whether the stage is a step of Euler, u + dt L(u). */
static bool is_step(const heat_stage *stage) {
  return stage->c != 0 && stage->terms == 1 && stage->term[0].field == stage->u && stage->term[0].weight == 1;
}

/* Whether a pass of so many stages is done in the lane frame without a trial. A long pass is faster there. A short one
 * is done there, too, as at the start of a run, since no band has to be made for it. Only where short passes come again
 * and again a trial decides. */
static bool is_sure(const heat_sequence *sequence, int stages) {
  enum { SHORT_MOST = 8 };
  const int enough = sequence->tiling.frame_stages;
  return enough > 0 && (stages >= enough || sequence->short_stretches <= SHORT_MOST);
}

/* How many of the stages [from, to) can be done in the lane frame; 0: none. Each of them has to be a step of Euler from
 * the result of the one before it, and only the last result may be needed later. The last stage may be a copy of the
 * result out of a band. */
static int frame_length(const pass *list, const heat_schedule *schedule, int from, int to) {
  const heat_sequence *sequence = list->sequence;
  const heat_tiling *tiling = &sequence->tiling;
  const bool tried = heat_tiling_current(tiling).frame;
  unsigned written = 0;
  int length = 0;
  if (sequence->plain || !has_frame(sequence) || (!tried && tiling->frame_stages == 0)) return 0;
  if (sequence->coefficients.count > 0 && sequence->patches == NULL) return 0;
  if (to > from + HEAT_FRAME_STAGES) to = from + HEAT_FRAME_STAGES;
  for (int k = from; k < to; k++) {
    const heat_stage *stage = &list->stages[k];
    if (!is_step(stage) || (k > from && stage->u != list->stages[k - 1].out)) break;
    written |= 1u << stage->out;
    const int end = k + 1 < to && is_copy(stage + 1) ? k + 2 : k + 1, out = list->stages[end - 1].out;
    const unsigned between = written & ~(1u << out);
    if (list->fields[out]->window_rows == 0 && (schedule->needed[end] & between) == 0) length = end - from;
  }
  const bool taken = is_sure(sequence, length) || (tried && length >= HEAT_FRAME_STAGES_LEAST);
  return taken ? length : 0;
}

/* The number of stages of the next pass, of the stages [from, to), which need no message between them. They have to be
 * divided only since a pass has a largest number of stages. The passes are of about the same length, and each ends
 * where no band holds a value that is still needed. */
static int pass_length(const heat_sequence *sequence, const heat_schedule *schedule, int from, int to) {
  int longest = sequence->plain ? 1 : heat_tiling_current(&sequence->tiling).stages;
  if (longest > schedule->longest) longest = schedule->longest;
  const int rest = to - from, turns = (rest + longest - 1) / longest, most = rest < longest ? rest : longest;
  const int wanted = (rest + turns - 1) / turns;
  for (int length = wanted; length <= most; length++)
    if (schedule->may_end[from + length]) return length;
  for (int length = wanted - 1; length > 0; length--)
    if (schedule->may_end[from + length]) return length;
  int length = most;
  while (!schedule->may_end[from + length]) length++; /* the schedule has made sure that the bands have enough rows */
  return length;
}

/* Do the stages [from, to) of a list, which need no message between them, in one or more passes. */
static void run_stages(const pass *list, const heat_schedule *schedule, int from, int to) {
  heat_sequence *sequence = list->sequence;
  /* The time of the tiles, without that spent waiting for messages. */
  const double start = MPI_Wtime() - sequence->runtime->spent[HEAT_HALO];
  double updates = 0;
  bool sure = false;
  const bool is_short = to - from < sequence->tiling.frame_stages;
  sequence->short_stretches = is_short ? sequence->short_stretches + 1 : 0;
  for (int k = from; k < to; k++) {
    heat_forcing_count_steady(sequence->equation.forcing, list->stages[k].budget_weight, sequence->equation.ledger);
    updates += (double)heat_box_cells(heat_grid_grown(sequence->grid, sequence->grid->owned, schedule->grow[k]));
  }
  for (int s = from, done; s < to; s += done) {
    pass p = *list;
    p.stages += s;
    p.instant = s;
    done = frame_length(list, schedule, s, to);
    if (done > 0 && run_frame(&p, schedule->grow + s, done)) {
      sure = sure || is_sure(sequence, done);
      continue;
    }
    if (sequence->active_halo != NULL) heat_halo_wait_sent(sequence->active_halo, sequence->grid->owned);
    done = pass_length(sequence, schedule, s, to);
    if (sequence->plain)
      run_plain(&p, heat_grid_grown(sequence->grid, sequence->grid->owned, schedule->grow[s]));
    else
      run_tiles(&p, schedule->grow + s, done);
  }
  for (int k = from; k < to; k++) list->fields[list->stages[k].out]->valid = (int)schedule->grow[k];
  sequence->framed = sequence->framed || (sure && !is_short);
  if (!sure)
    heat_tiling_learn(&sequence->tiling, to - from, updates, MPI_Wtime() - sequence->runtime->spent[HEAT_HALO] - start);
}

static void note_field(heat_schedule_input *input, int f, const heat_field *field) {
  input->valid[f] = field->valid;
  input->rows[f] = field->window_rows;
  if (field->passing) input->passing |= 1u << f;
}

static heat_schedule schedule_for(const heat_sequence *sequence, const heat_stage *stages, int count,
                                  heat_field *const *fields) {
  heat_schedule_input input = {.stages = stages,
                               .count = count,
                               .depth = sequence->equation.stencil->depth,
                               .needs_exchange = heat_layout_needs_exchange(&sequence->grid->layout)};
  for (int k = 0; k < count; k++) {
    note_field(&input, stages[k].out, fields[stages[k].out]);
    note_field(&input, stages[k].u, fields[stages[k].u]);
    for (int n = 0; n < stages[k].terms; n++)
      note_field(&input, stages[k].term[n].field, fields[stages[k].term[n].field]);
  }
  return heat_schedule_make(&input);
}

/* Make the bands of a set whole fields. Collective, as all ranks have the same schedule. */
static heat_status widen(const heat_sequence *sequence, unsigned set, heat_field *const *fields) {
  heat_status status = heat_ok();
  if (set == 0) return status;
  for (int f = 0; f < HEAT_STAGE_FIELDS; f++)
    if ((set >> f & 1) != 0 && status.code == HEAT_OK)
      status = heat_field_widen(fields[f], sequence->grid, sequence->threads);
  return heat_agree(sequence->grid->comm, status);
}

/* List the fields of a set for an exchange; returns their number. */
static int pick(unsigned set, heat_field *const *fields, heat_field *picked[HEAT_STAGE_FIELDS]) {
  int count = 0;
  for (int f = 0; f < HEAT_STAGE_FIELDS; f++)
    if ((set >> f & 1) != 0) picked[count++] = fields[f];
  return count;
}

/* Make the halo that exchanges several fields at once, before the first such exchange. Collective, as all ranks have
 * the same schedule. */
static heat_status provide_halo(heat_sequence *sequence, const heat_schedule *schedule, int count) {
  bool several = false;
  for (int k = 0; k < count; k++) several = several || (schedule->refresh[k] & (schedule->refresh[k] - 1)) != 0;
  if (!several || sequence->wide_halo != NULL) return heat_ok();
  return heat_halo_create(&sequence->wide_halo, sequence->grid, sequence->equation.stencil->depth, HEAT_STAGE_FIELDS);
}

static heat_status run_list(heat_sequence *sequence, const heat_stage *stages, int count, heat_field *const *fields) {
  double times[HEAT_STAGES_MAX];
  const heat_schedule schedule = schedule_for(sequence, stages, count, fields);
  heat_status status = widen(sequence, schedule.widen, fields);
  if (status.code == HEAT_OK) status = provide_halo(sequence, &schedule, count);
  if (status.code != HEAT_OK) return status;
  for (int s = 0; s < count; s++) times[s] = stages[s].t;
  /* A failure concerns this rank alone (an expression at some of its cells). So the exchanges go on as on the other
   * ranks, and the caller agrees on the status. */
  status = heat_walls_update(sequence->equation.walls, times, count);
  status = heat_first(status, heat_forcing_begin(sequence->equation.forcing, times, count));
  const pass list = {.sequence = sequence, .stages = stages, .fields = fields, .status = &status};
  for (int s = 0, end; s < count; s = end) {
    heat_field *picked[HEAT_STAGE_FIELDS];
    const int needed = pick(schedule.refresh[s], fields, picked);
    for (end = s + 1; end < count && schedule.refresh[end] == 0; end++) continue;
    if (needed > 0) exchange(sequence, picked, needed, needed == 1 && frame_length(&list, &schedule, s, end) > 0);
    run_stages(&list, &schedule, s, end);
  }
  return status;
}

/* The set of the bands that a list writes. */
static unsigned bands_written(const heat_stage *stages, int count, heat_field *const *fields) {
  unsigned set = 0;
  for (int k = 0; k < count; k++)
    if (fields[stages[k].out]->window_rows > 0) set |= 1u << stages[k].out;
  return set;
}

heat_status heat_sequence_run(heat_sequence *sequence, const heat_stage *stages, int count, heat_field *const *fields) {
  const heat_activity before = heat_runtime_enter(sequence->runtime, HEAT_STENCIL);
  heat_status status = heat_ok();
  /* The walls keep their values for HEAT_STAGES_MAX stages. A longer list is cut after so many, wherever that is, and
   * no band keeps its values over a cut. */
  if (count > HEAT_STAGES_MAX) status = widen(sequence, bands_written(stages, count, fields), fields);
  const bool whole = status.code == HEAT_OK;
  for (int s = 0; s < count && whole; s += HEAT_STAGES_MAX) {
    const int rest = count - s;
    status =
        heat_first(status, run_list(sequence, stages + s, rest < HEAT_STAGES_MAX ? rest : HEAT_STAGES_MAX, fields));
  }
  heat_runtime_enter(sequence->runtime, before);
  return status;
}
