#include "forecast.h"

#include "heat2d/base/launch.h"
#include "heat2d/io/picture.h"
#include "measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The time for files, as measured on local disks: each file is made durable, and HDF5 files are read back. */

static const double snapshot_seconds = 5e-3, picture_seconds = 5e-3, pixel_seconds = 60e-9;
static const double bandwidth = 250e6, deflate_bandwidth = 40e6, copy_bandwidth = 2e9; /* bytes per second */
static const double look_seconds = 1e-9, sum_seconds = 1.4e-9; /* per cell; sum_seconds: an exact sum of the values */

double heat_forecast_files(const heat_plan *plan) {
  const heat_config *config = plan->problem->config;
  const double cells = (double)heat_box_cells(plan->grid->domain), own = cells / plan->ranks;
  const bool packed = heat_config_integer(config, "output.compression") > 0;
  const double bytes = heat_plan_snapshot(plan), state = cells * sizeof(double);
  const double snapshots = heat_plan_occurrences(&plan->clock, heat_config_cadence(config, "output.every"));
  /* For uniform material one sum of the temperatures gives both mean and energy; otherwise there are two sums. */
  const double energy_seconds = heat_problem_uniform_material(plan->problem) ? sum_seconds : 2 * sum_seconds;
  double seconds = snapshots * (snapshot_seconds + bytes / bandwidth + (look_seconds + energy_seconds) * own);
  if (packed) seconds += snapshots * bytes / plan->ranks / deflate_bandwidth;
  if (heat_config_has(config, "output.images")) {
    heat_picture picture = heat_picture_of(config);
    heat_picture_fit(&picture, (int)heat_config_integer(config, "output.images.width"));
    const double pixels = (double)picture.width * picture.height;
    seconds += heat_plan_occurrences(&plan->clock, heat_plan_images(config)) *
               (picture_seconds + pixel_seconds * pixels + look_seconds * own);
  }
  const heat_cadence saves = heat_config_cadence(config, "checkpoint.every");
  const bool counted = saves.steps > 0 && !plan->clock.free;
  const double due = counted ? floor((double)(plan->clock.last - 1) / (double)saves.steps) : 0;
  const double final = heat_config_boolean(config, "checkpoint.final") ? 1 + heat_clock_short(&plan->clock) : 0;
  seconds += due * (snapshot_seconds + (plan->copies ? state / copy_bandwidth : state / bandwidth));
  return seconds + final * (snapshot_seconds + state / bandwidth);
}

/* The seconds since the process `pid` began; 0 if the system does not tell. */
static double age_of(long pid) {
  /* START is the number of fields from the state to the start time, which is in clock ticks since the boot. */
  enum { TEXT = 1024, START = 20 };
  char path[64], text[TEXT];
  double uptime = 0;
  FILE *file = fopen("/proc/uptime", "r");
  if (file == NULL) return 0;
  const bool known = fscanf(file, "%lf", &uptime) == 1;
  fclose(file);
  snprintf(path, sizeof path, "/proc/%ld/stat", pid);
  file = known ? fopen(path, "r") : NULL;
  if (file == NULL) return 0;
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  const char *at = strrchr(text, ')'); /* the name before it may contain any character */
  for (int field = 0; at != NULL && field < START; field++) at = strchr(at + 1, ' ');
  return at != NULL ? fmax(0, uptime - strtod(at, NULL) / (double)sysconf(_SC_CLK_TCK)) : 0;
}

/* The time that such a run takes before it reads its deck, and after its end. It includes the launcher, whose age tells
 * when the user started it. */
static double start_seconds(const heat_runtime *runtime) {
  const bool launched = heat_is_launched();
  const double most = 5, end = 0.05; /* in s; a launcher that is older than `most` has done something else before */
  const double own = age_of((long)getpid()), launcher = launched ? age_of((long)getppid()) : 0;
  const double age = fmax(own, launcher) - heat_runtime_elapsed(runtime);
  return fmin(most, fmax(0, age)) + end;
}

enum { CELLS_MOST = 1 << 20, CELLS_LEAST = 4096, SOLVED_MOST = 1 << 18 };
static const double paint_seconds = 0.15, warm_seconds = 0.15, measure_seconds = 0.1, call_seconds = 0.04;

/* The grid, or a part of it as a separate grid, on which steps are timed. */
typedef struct trial {
  heat_problem window;
  heat_grid grid;
  heat_runtime runtime;
  heat_operator op;
  heat_stepper stepper;
  heat_clock clock;
  int64_t step, batch;
} trial;

/* The number of steps that a run does at once: as many as are fused, or fewer if something is due more often. */
static int64_t batch_length(const heat_plan *plan) {
  const heat_config *config = plan->problem->config;
  const heat_cadence saves = {.steps = heat_config_cadence(config, "checkpoint.every").steps};
  double events = heat_plan_occurrences(&plan->clock, heat_config_cadence(config, "output.every")) - 1;
  if (heat_config_has(config, "output.images"))
    events = fmax(events, heat_plan_occurrences(&plan->clock, heat_plan_images(config)) - 1);
  if (saves.steps > 0) events = fmax(events, (double)plan->clock.last / (double)saves.steps);
  const double gap = fmax(1, floor((double)plan->clock.last / fmax(1, events)));
  return (int64_t)fmax(1, floor(gap / ceil(gap / HEAT_BATCH)));
}

/* Failures of these steps are ignored, and left to the run to report: how far in time the steps get depends on the
 * machine. */
static void advance(void *context) {
  trial *t = context;
  if (t->step + t->batch > t->clock.last) t->step = 0;
  heat_stepper_advance(&t->stepper, &t->clock, t->step, t->step + t->batch);
  t->step += t->batch;
}

/* Set up steps on a `box` of the grid, on each rank by itself, or, if `box` is NULL, on the grid itself with all ranks.
 * Collective. */
static heat_status open_trial(trial *t, const heat_plan *plan, const heat_setup *setup, const heat_box *box) {
  const MPI_Comm comm = box != NULL ? MPI_COMM_SELF : setup->grid.comm;
  const int alone[HEAT_AXES] = {1, 1};
  *t = (trial){.window = setup->problem, .grid = setup->grid, .clock = plan->clock, .batch = batch_length(plan)};
  heat_discretisation from = {&t->window, &t->grid, setup->depth, setup->threads};
  heat_status status = heat_ok();
  if (box != NULL) {
    for (int axis = 0; axis < HEAT_AXES; axis++) {
      t->window.cells[axis] = heat_box_width(*box, axis);
      t->window.origin[axis] += (double)box->lo[axis] * t->window.spacing[axis];
      t->window.size[axis] = (double)t->window.cells[axis] * t->window.spacing[axis];
    }
    status = heat_grid_create(&t->grid, comm, &t->window, alone);
    from.depth = heat_halo_choose_depth(&t->grid.layout, HEAT_BATCH);
  }
  heat_runtime_create(&t->runtime, comm);
  if (status.code == HEAT_OK) status = heat_operator_create(&t->op, &from, &t->runtime);
  if (status.code == HEAT_OK && setup->tile[HEAT_X] > 0)
    heat_sequence_set_tiling(&t->op.sequence, heat_tiling_fixed(setup->tile[HEAT_X], setup->tile[HEAT_Y]));
  if (status.code == HEAT_OK) status = heat_agree(comm, heat_stepper_create(&t->stepper, setup->method, &t->op));
  if (status.code == HEAT_OK) status = heat_stepper_start(&t->stepper);
  return status;
}

static void close_trial(trial *t) {
  heat_stepper_destroy(&t->stepper);
  heat_operator_destroy(&t->op);
  heat_runtime_destroy(&t->runtime);
}

static int compare_times(const void *a, const void *b) {
  const double one = *(const double *)a, other = *(const double *)b;
  return one < other ? -1 : one > other;
}

/* The seconds of one implicit step of the run on the slowest rank: of the first step, which also sets up the solver,
 * and the median of others. 0 if a step fails, which the run will report. Collective. */
static double time_solves(trial *t) {
  enum { MOST = 20, LEAST = 3 };
  const int64_t last = t->clock.last;
  const double long_enough = 5 * measure_seconds;
  double first = 0, later[MOST], spent = 0;
  int count = 0;
  for (int64_t step = 0; step < last && count < MOST; step++) {
    const double start = MPI_Wtime();
    const heat_status status = heat_stepper_advance(&t->stepper, &t->clock, step, step + 1);
    double worst[] = {MPI_Wtime() - start, status.code != HEAT_OK};
    MPI_Allreduce(MPI_IN_PLACE, worst, 2, MPI_DOUBLE, MPI_MAX, t->grid.comm);
    if (worst[1] > 0) return 0;
    if (step == 0)
      first = worst[0];
    else
      later[count++] = worst[0];
    spent += worst[0];
    if (spent > (count < LEAST ? long_enough : measure_seconds)) break;
  }
  if (count == 0) return first;
  qsort(later, (size_t)count, sizeof *later, compare_times);
  return (first + later[count / 2] * (double)(last - 1)) / (double)last;
}

/* The seconds of one step of the trial on its slowest rank, with the tiles that a run would choose. Collective. */
static double time_step(trial *t) {
  if (t->stepper.method->step != NULL) return time_solves(t);
  const MPI_Comm comm = t->grid.comm;
  const double start = MPI_Wtime();
  const int64_t batch = t->batch;
  t->batch = 1;
  for (int n = 0; n < 2; n++) advance(t);
  double fit = call_seconds * 2 / (MPI_Wtime() - start);
  MPI_Allreduce(MPI_IN_PLACE, &fit, 1, MPI_DOUBLE, MPI_MIN, comm);
  t->batch = fit < (double)batch ? (int64_t)fmax(1, fit) : batch;
  for (int ready = 0; !ready;) {
    advance(t);
    bool chosen;
    heat_sequence_tile(&t->op.sequence, &chosen);
    ready = chosen || MPI_Wtime() - start > warm_seconds;
    MPI_Allreduce(MPI_IN_PLACE, &ready, 1, MPI_INT, MPI_MAX, comm);
  }
  return heat_measure(comm, measure_seconds, (heat_work){advance, t}, NULL, NULL) / (double)t->batch;
}

/* The number of cells along sides that change in time, for a block of that size. */
static double side_cells(const heat_problem *problem, const int64_t cells[HEAT_AXES]) {
  double count = 0;
  for (int side = 0; side < HEAT_SIDES; side++)
    if (heat_problem_side_in_time(problem, side)) count += (double)cells[1 - side / 2];
  return count;
}

/* The time that a step spends on sides and sources that depend on time, per cell. */
static double time_sides(trial *t, double cells) {
  double times[HEAT_BATCH];
  const int64_t count = t->batch < HEAT_BATCH ? t->batch : HEAT_BATCH;
  if (cells == 0) return 0;
  for (int64_t n = 0; n < count; n++) times[n] = heat_clock_time(&t->clock, n);
  const double start = MPI_Wtime();
  heat_walls_update(&t->op.walls, times, (int)count);
  return (MPI_Wtime() - start) / ((double)count * cells);
}

static double time_sources(trial *t, double cells) {
  enum { INSTANTS = 3 };
  if (cells == 0) return 0;
  const double start = MPI_Wtime();
  for (int n = 1; n <= INSTANTS; n++) {
    const double instant = heat_clock_time(&t->clock, n);
    heat_forcing_begin(&t->op.forcing, &instant, 1);
    heat_forcing_update(&t->op.forcing, t->grid.owned, 0, 0, &t->op.ledger);
  }
  return (MPI_Wtime() - start) / (INSTANTS * cells);
}

/* The block of the planned layout with the most work: the first, which is among the largest, or one whose sources
 * depend on time. */
static heat_box busiest_block(const heat_plan *plan, const heat_survey *survey) {
  heat_layout layout = plan->grid->layout;
  if (plan->ranks != plan->grid->size) heat_layout_choose(&layout, plan->ranks);
  heat_box block = heat_layout_box(&layout, 0);
  for (int axis = 0; axis < HEAT_AXES && survey->in_time > 0; axis++) {
    int number = 0;
    while (heat_block_start(layout.cells[axis], layout.ranks[axis], number + 1) <= survey->busy[axis]) number++;
    block.lo[axis] = heat_block_start(layout.cells[axis], layout.ranks[axis], number);
    block.hi[axis] = heat_block_start(layout.cells[axis], layout.ranks[axis], number + 1);
  }
  return block;
}

/* At most `most` cells of a block, around those whose sources depend on time. */
static heat_box clip(heat_box block, double most, const heat_survey *survey) {
  const int64_t width = heat_box_width(block, HEAT_X), height = heat_box_width(block, HEAT_Y);
  const int64_t columns = (int64_t)fmax(1, fmin((double)width, fmax(sqrt(most), most / (double)height)));
  const int64_t wanted[HEAT_AXES] = {columns, (int64_t)fmax(1, fmin((double)height, most / (double)columns))};
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    int64_t lo = survey->in_time > 0 ? survey->busy[axis] - wanted[axis] / 2 : block.lo[axis];
    if (lo + wanted[axis] > block.hi[axis]) lo = block.hi[axis] - wanted[axis];
    if (lo > block.lo[axis]) block.lo[axis] = lo;
    block.hi[axis] = block.lo[axis] + wanted[axis];
  }
  return block;
}

/* The seconds of one step of a block, given the `seconds` of one step of the trial, which is a part of the block. Sides
 * grow less than cells, and sources that depend on time are counted by their fraction of all cells. */
static double scale_up(trial *t, const heat_setup *setup, const heat_survey *survey, heat_box block, double seconds) {
  int64_t cells[HEAT_AXES], busy[HEAT_AXES];
  for (int axis = 0; axis < HEAT_AXES; axis++) cells[axis] = heat_box_width(block, axis);
  const double part = (double)heat_box_cells(t->grid.domain), all = (double)heat_box_cells(block);
  const double sides = side_cells(&t->window, t->window.cells);
  const double sources = survey->in_time > 0 ? heat_survey_in_time(&t->window, t->grid.domain, busy) : 0;
  const double side = time_sides(t, sides), source = time_sources(t, sources), least = 0.1;
  const double plain = fmax(seconds - side * sides - source * sources, least * seconds);
  return plain * all / part + side * side_cells(&setup->problem, cells) + source * survey->in_time * all;
}

/* The largest number of cells that can be timed within little more than a tenth of a second. */
static double cells_most(const heat_setup *setup) {
  return setup->method->step != NULL ? SOLVED_MOST : CELLS_MOST;
}

/* Each rank times, by itself, a block that it could have, or a part of one. */
static heat_status time_block(const heat_plan *plan, const heat_setup *setup, const heat_survey *survey,
                              double *seconds) {
  trial t;
  const double most = cells_most(setup);
  const double fit = survey->cell_seconds > 0 ? paint_seconds / survey->cell_seconds : most;
  const heat_box block = busiest_block(plan, survey);
  const heat_box box = clip(block, fmax(CELLS_LEAST, fmin(most, fit)), survey);
  heat_status status = open_trial(&t, plan, setup, &box);
  status = heat_agree(plan->grid->comm, status);
  if (status.code == HEAT_OK) {
    *seconds = time_step(&t);
    if (*seconds > 0 && heat_box_cells(box) < heat_box_cells(block))
      *seconds = scale_up(&t, setup, survey, block, *seconds);
  }
  close_trial(&t);
  return status;
}

static heat_status time_grid(const heat_plan *plan, const heat_setup *setup, double *seconds) {
  trial t;
  heat_status status = open_trial(&t, plan, setup, NULL);
  if (status.code == HEAT_OK) *seconds = time_step(&t);
  close_trial(&t);
  return status;
}

/* Time one step of the setup's method, s. Collective. */
static heat_status time_steps(const heat_plan *plan, const heat_setup *setup, const heat_survey *survey,
                              double *seconds) {
  const heat_grid *grid = plan->grid;
  const double share = (double)heat_box_cells(heat_layout_box(&grid->layout, 0));
  const bool fits = share <= cells_most(setup) && share * survey->cell_seconds <= paint_seconds;
  heat_status status =
      plan->ranks == grid->size && fits ? time_grid(plan, setup, seconds) : time_block(plan, setup, survey, seconds);
  status = heat_agree(grid->comm, status);
  if (status.code == HEAT_OK) MPI_Allreduce(MPI_IN_PLACE, seconds, 1, MPI_DOUBLE, MPI_MAX, grid->comm);
  return status;
}

/* With error control the number of steps is not known. The work, in updates of all cells, is that which was predicted
 * for the choice of the method, and the time of an update is measured. Collective. */
static heat_status forecast_work(heat_plan *plan, const heat_setup *setup, const heat_survey *survey) {
  const heat_choice *choice = &setup->choice;
  const double updates = choice->work[HEAT_METHOD_EULER];
  const double work = choice->work[setup->method - heat_methods];
  if (!(work > 0 && updates > 0)) return heat_ok();
  heat_setup explicit_steps = *setup;
  heat_plan timed = *plan;
  double seconds = 0;
  explicit_steps.adapts = false;
  heat_setup_set_method(&explicit_steps, HEAT_METHOD_EULER);
  timed.clock = heat_clock_create(0, 0, plan->clock.end / updates, plan->clock.end);
  const heat_status status = time_steps(&timed, &explicit_steps, survey, &seconds);
  if (status.code != HEAT_OK) return status;
  plan->rate = (double)heat_box_cells(plan->grid->domain) / seconds;
  plan->work = work;
  plan->file_seconds = heat_forecast_files(plan);
  return heat_ok();
}

heat_status heat_forecast_make(heat_plan *plan, const heat_setup *setup, const heat_survey *survey,
                               heat_runtime *runtime) {
  double seconds = 0;
  plan->start_seconds = start_seconds(runtime);
  if (setup->adapts) return forecast_work(plan, setup, survey);
  const heat_status status = time_steps(plan, setup, survey, &seconds);
  if (status.code != HEAT_OK || seconds == 0) return status;
  plan->rate = (double)heat_box_cells(plan->grid->domain) / seconds;
  heat_plan expected = *plan;
  const double steady = heat_forecast_steady(setup);
  if (steady < plan->clock.end) {
    expected.clock.end = steady;
    expected.clock.last = (int64_t)fmin((double)plan->clock.last, ceil(steady / plan->clock.dt));
    plan->steady_steps = expected.clock.last;
  }
  plan->file_seconds = heat_forecast_files(&expected);
  return heat_ok();
}
