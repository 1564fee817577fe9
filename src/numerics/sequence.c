#include "heat2d/numerics/sequence.h"

#include <assert.h>
#include <stdlib.h>

enum { UNIFORM_ARRAYS = 2, VARYING_ARRAYS = 5 }; /* that a tile holds */

heat_status heat_sequence_create(heat_sequence *sequence, heat_equation equation, heat_runtime *runtime, int threads) {
  const heat_grid *grid = equation.stencil->grid;
  const char *isa = getenv("HEAT2D_ISA");
  *sequence = (heat_sequence){
      .equation = equation, .grid = grid, .runtime = runtime, .threads = threads, .kernels = heat_kernels_find(isa)};
  heat_status status = heat_ok();
  if (sequence->kernels == NULL)
    status = heat_fail(HEAT_USAGE, "HEAT2D_ISA=%s: not known, or not on this processor", isa);
  status = heat_agree(grid->comm, status);
  if (status.code == HEAT_OK) status = heat_halo_create(&sequence->halo, grid, equation.stencil->depth, 1);
  const int arrays =
      (equation.stencil->uniform ? UNIFORM_ARRAYS : VARYING_ARRAYS) + (equation.forcing->has_source ? 1 : 0);
  sequence->cell_bytes = arrays * (int64_t)sizeof(double);
  sequence->tiling = heat_tiling_create(grid->owned, (size_t)sequence->cell_bytes);
  return status;
}

void heat_sequence_destroy(heat_sequence *sequence) {
  heat_halo_destroy(sequence->halo);
  *sequence = (heat_sequence){.threads = 0};
}

/* What a stage's kernel works with, at the first owned cell. */
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
  if (chosen != NULL) *chosen = sequence->tiling.chosen;
  return heat_tiling_current(&sequence->tiling);
}

void heat_sequence_set_tiling(heat_sequence *sequence, heat_tiling tiling) {
  sequence->tiling = tiling;
}

void heat_sequence_set_plain(heat_sequence *sequence) {
  sequence->plain = true;
}

/* The part of `box` whose stages are the kernel alone: no side is near, and no source depends on time. */
static heat_box inner_part(const heat_sequence *sequence, heat_box box) {
  return heat_forcing_in_time(sequence->equation.forcing)
             ? (heat_box){{0, 0}, {0, 0}}
             : heat_box_intersect(box, heat_box_grow(sequence->grid->domain, -1));
}

static heat_loop *current_loop(const heat_sequence *sequence) {
  return sequence->plain || heat_tiling_current(&sequence->tiling).plain ? sequence->kernels->plain
                                                                         : sequence->kernels->walk;
}

/* Some stages that need no message between them. */
typedef struct pass {
  heat_sequence *sequence;
  const heat_stage *stages;
  int instant; /* of the walls, at the first stage */
  heat_field *const *fields;
  heat_status *status; /* HEAT_DECK when an expression in t yields no finite value */
} pass;

/* Bring walls and sources next to `box` to the time of stage k, and enter what flows in. Several threads may do this.
 */
static void prepare_box(void *context, int k, heat_box box) {
  const pass *p = context;
  const heat_equation *equation = &p->sequence->equation;
  const heat_stage *stage = &p->stages[k];
  if (stage->c == 0) return;
  heat_walls_apply(equation->walls, p->fields[stage->u], box, p->instant + k);
  if (stage->share != 0)
    heat_ledger_count_walls(equation->ledger, equation->walls, p->fields[stage->u], box, stage->share);
  if (!heat_forcing_in_time(equation->forcing)) return;
#pragma omp critical(heat_source) /* the expression library is not made for threads */
  *p->status =
      heat_first(*p->status, heat_forcing_update(equation->forcing, box, stage->t, stage->share, equation->ledger));
}

/* All but what comes from above: see wait_upper_halo. */
static void exchange(heat_sequence *sequence, heat_field *u) {
  const heat_activity before = heat_runtime_enter(sequence->runtime, HEAT_HALO);
  heat_halo_begin(sequence->halo, &u);
  heat_halo_wait_lower(sequence->halo, &u);
  sequence->upper_pending = u;
  u->valid = u->depth;
  heat_runtime_enter(sequence->runtime, before);
}

/* Wait for the ghost rows above that are still to come. By the thread that uses MPI. */
static void wait_upper_halo(heat_sequence *sequence) {
  if (sequence->upper_pending == NULL) return;
  const heat_activity before = heat_runtime_enter(sequence->runtime, HEAT_HALO);
  heat_halo_wait_upper(sequence->halo, &sequence->upper_pending);
  sequence->upper_pending = NULL;
  heat_runtime_enter(sequence->runtime, before);
}

/* Before rows below `row` are worked on: let messages make progress, and have those that these rows need. */
static void look_after_messages(void *context, int64_t row) {
  const pass *p = context;
  heat_halo_progress(p->sequence->halo);
  if (row >= p->sequence->grid->owned.hi[HEAT_Y]) wait_upper_halo(p->sequence);
}

void heat_sequence_refresh(heat_sequence *sequence, heat_field *field) {
  if (field->valid == 0 && heat_layout_needs_exchange(&sequence->grid->layout)) exchange(sequence, field);
  wait_upper_halo(sequence);
}

/* How many of the next stages the halo lasts for, at most `most`, and how far beyond the owned box each one goes. What
 * a band holds does not outlast a pass, so one ends behind a stage that writes to a whole field. */
static int reach(const heat_sequence *sequence, const heat_stage *stages, int most, heat_field *const *fields,
                 int64_t *grow) {
  enum { FAR = INT32_MAX / 2 };
  const bool needs_exchange = heat_layout_needs_exchange(&sequence->grid->layout);
  int valid[HEAT_STAGE_FIELDS], last = 0;
  bool known[HEAT_STAGE_FIELDS] = {false};
  for (int k = 0; k < most; k++) {
    const heat_stage *stage = &stages[k];
    int64_t layers = FAR;
    for (int n = -1; n < stage->terms; n++) {
      const int field = n < 0 ? stage->u : stage->term[n].field;
      if (!known[field]) valid[field] = needs_exchange ? fields[field]->valid : FAR;
      known[field] = true;
      const int64_t has = n < 0 && stage->c != 0 ? valid[field] - 1 : n < 0 ? FAR : valid[field];
      if (has < layers) layers = has;
    }
    if (layers < 0) break;
    grow[k] = needs_exchange ? layers : 0;
    valid[stage->out] = (int)layers;
    known[stage->out] = true;
    if (fields[stage->out]->window_rows == 0) last = k + 1;
  }
  return last;
}

static void run_plain(pass *p, heat_box box) {
  wait_upper_halo(p->sequence);
  prepare_box(p, 0, box);
  const heat_sweep sweep = make_sweep(p->sequence, p->stages, p->fields);
  current_loop(p->sequence)(&sweep, heat_part_at(box, p->sequence->grid->owned, sweep.stride));
}

static void run_tiles(pass *p, const int64_t *grow, int count) {
  const heat_sequence *sequence = p->sequence;
  heat_front fronts[HEAT_STAGES_MAX];
  for (int k = 0; k < count; k++) {
    const heat_box box = heat_grid_grown(sequence->grid, sequence->grid->owned, grow[k]);
    fronts[k] =
        (heat_front){&p->stages[k], box, inner_part(sequence, box), make_sweep(sequence, &p->stages[k], p->fields)};
  }
  heat_tiles_pass(&(heat_tiles_work){.fronts = fronts,
                                     .count = count,
                                     .fields = p->fields,
                                     .owned = sequence->grid->owned,
                                     .tile = heat_tiling_current(&sequence->tiling),
                                     .loop = current_loop(sequence),
                                     .threads = sequence->threads,
                                     .cell_bytes = sequence->cell_bytes,
                                     .prepare = prepare_box,
                                     .before_rows = look_after_messages,
                                     .context = p});
}

/* Stages that need no message between them, in passes of as many as a tile is carried through. Each pass ends behind a
 * stage that writes to a whole field. */
static void passes(heat_sequence *sequence, pass list, const int64_t *grow, int count) {
  const heat_stage *stages = list.stages;
  const int longest = sequence->plain ? 1 : heat_tiling_current(&sequence->tiling).stages;
  /* Waiting for messages is not the tiles' time. */
  const double start = MPI_Wtime() - sequence->runtime->spent[HEAT_HALO];
  double updates = 0;
  for (int s = 0, done; s < count; s += done) {
    const int rest = count - s, turns = (rest + longest - 1) / longest, most = rest < longest ? rest : longest;
    done = (rest + turns - 1) / turns;
    while (done < most && list.fields[stages[s + done - 1].out]->window_rows > 0) done++;
    while (list.fields[stages[s + done - 1].out]->window_rows > 0) done--;
    for (int k = s; k < s + done; k++)
      updates += (double)heat_box_cells(heat_grid_grown(sequence->grid, sequence->grid->owned, grow[k]));
    pass p = list;
    p.stages += s;
    p.instant += s;
    if (sequence->plain)
      run_plain(&p, heat_grid_grown(sequence->grid, sequence->grid->owned, grow[s]));
    else
      run_tiles(&p, grow + s, done);
  }
  heat_tiling_learn(&sequence->tiling, count, updates, MPI_Wtime() - sequence->runtime->spent[HEAT_HALO] - start);
}

heat_status heat_sequence_run(heat_sequence *sequence, const heat_stage *stages, int count, heat_field *const *fields) {
  const heat_activity before = heat_runtime_enter(sequence->runtime, HEAT_STENCIL);
  double times[HEAT_STAGES_MAX];
  int64_t grow[HEAT_STAGES_MAX];
  assert(count <= HEAT_STAGES_MAX);
  for (int s = 0; s < count; s++) times[s] = stages[s].t;
  /* A failure is local (an expression at one rank's cells): the exchanges go on, the caller agrees. */
  heat_status status = heat_walls_update(sequence->equation.walls, times, count);
  for (int s = 0, done; s < count; s += done) {
    /* When to exchange follows from what all ranks have in common: not from the shape of the tiles. */
    heat_field *u = fields[stages[s].u];
    done = reach(sequence, stages + s, count - s, fields, grow);
    if (done < count - s && u->valid < u->depth) {
      exchange(sequence, u);
      done = reach(sequence, stages + s, count - s, fields, grow);
    }
    assert(done > 0);
    for (int k = 0; k < done; k++)
      heat_forcing_count_steady(sequence->equation.forcing, stages[s + k].share, sequence->equation.ledger);
    passes(sequence, (pass){sequence, stages + s, s, fields, &status}, grow, done);
    for (int k = 0; k < done; k++) fields[stages[s + k].out]->valid = (int)grow[k];
  }
  heat_runtime_enter(sequence->runtime, before);
  return status;
}
