#include "heat2d/plan.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const double mebi = 1048576;

static heat_layout planned_layout(const heat_plan *plan) {
  heat_layout layout = plan->grid->layout;
  if (plan->ranks != plan->grid->size) heat_layout_choose(&layout, plan->ranks);
  return layout;
}

/* The block of the rank with the most cells: rank 0's, since longer blocks come first. */
static heat_box largest_block(const heat_plan *plan) {
  const heat_layout layout = planned_layout(plan);
  return heat_layout_box(&layout, 0);
}

double heat_plan_memory(const heat_plan *plan) {
  const heat_layout layout = planned_layout(plan);
  const heat_box block = largest_block(plan);
  return (double)heat_operator_bytes(plan->grid->problem, block, plan->depth) +
         (double)heat_stepper_bytes(plan->method, &layout, plan->depth, plan->threads);
}

double heat_plan_copy(const heat_plan *plan) {
  const heat_cadence saves = heat_config_cadence(plan->grid->problem->config, "checkpoint.every");
  const double cells = (double)heat_box_cells(plan->grid->domain);
  /* The last checkpoint has no steps to hide behind. */
  if (saves.steps == 0 && saves.minutes == 0) return 0;
  return ceil(cells / plan->ranks) * (double)sizeof(double);
}

heat_cadence heat_plan_images(const heat_config *config) {
  if (!heat_config_has(config, "output.images")) return (heat_cadence){0};
  const bool own = heat_config_has(config, "output.images.every");
  return heat_config_cadence(config, own ? "output.images.every" : "output.every");
}

/* How often something is due in the whole run, the first and the last step included. */
static double occurrences(const heat_clock *clock, heat_cadence cadence) {
  double count = 2;
  if (cadence.steps > 0) count += floor((double)(clock->last - 1) / (double)cadence.steps);
  if (cadence.seconds > 0) count += fmin(ceil(clock->end / cadence.seconds) - 1, (double)clock->last - 1);
  return count;
}

static void put_duration(FILE *out, double seconds) {
  if (seconds < 120)
    fprintf(out, "%.3g s", seconds);
  else if (seconds < 7200)
    fprintf(out, "%.3g min", seconds / 60);
  else
    fprintf(out, "%.3g h", seconds / 3600);
}

static void put_bytes(FILE *out, double bytes) {
  static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  size_t unit = 0;
  for (bytes /= 1024; bytes >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++) bytes /= 1024;
  fprintf(out, "%.3g %s", bytes, units[unit]);
}

static void put_files(FILE *out, const heat_plan *plan) {
  const heat_config *config = plan->grid->problem->config;
  const double cells = (double)heat_box_cells(plan->grid->domain);
  const bool single = strcmp(heat_config_text(config, "output.precision"), "float32") == 0;
  const double snapshot = cells * (single ? sizeof(float) : sizeof(double)), checkpoint = cells * sizeof(double);
  const double count = occurrences(&plan->clock, heat_config_cadence(config, "output.every"));
  const double keep = (double)heat_config_integer(config, "checkpoint.keep");
  fprintf(out, "files       %s/: %.0f snapshots of ", heat_config_text(config, "output.directory"), count);
  put_bytes(out, snapshot);
  fprintf(out, ", up to %.0f checkpoints of ", keep);
  put_bytes(out, checkpoint);
  if (heat_config_has(config, "output.images"))
    fprintf(out, ", %.0f pictures", occurrences(&plan->clock, heat_plan_images(config)));
  fprintf(out, "; in all about ");
  /* While a checkpoint is written the old ones are still there. */
  put_bytes(out, count * snapshot + (keep + 1) * checkpoint);
  fprintf(out, "\n");
}

char *heat_plan_text(const heat_plan *plan) {
  const heat_grid *grid = plan->grid;
  const heat_problem *problem = grid->problem;
  const heat_layout layout = planned_layout(plan);
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  if (out == NULL) return NULL;
  const double cells = (double)heat_box_cells(grid->domain);
  const double steps = (double)(plan->clock.last - plan->clock.anchor_step);
  fprintf(out, "grid        %lld x %lld cells of %.4g x %.4g m, %s material%s\n", (long long)layout.cells[HEAT_X],
          (long long)layout.cells[HEAT_Y], problem->spacing[HEAT_X], problem->spacing[HEAT_Y],
          heat_problem_uniform_material(problem) ? "uniform" : "varying",
          heat_problem_in_time(problem, HEAT_SOURCE) ? ", source varying in time" : "");
  fprintf(out, "ranks       %d as %d x %d, %d thread%s each, halo depth %d\n", plan->ranks, layout.ranks[HEAT_X],
          layout.ranks[HEAT_Y], plan->threads, plan->threads == 1 ? "" : "s", plan->depth);
  fprintf(out, "method      %s, dt = %.6g s (stable up to %.6g s), %.0f steps to t = %.6g s\n", plan->method->name,
          plan->clock.dt, plan->limit, steps, plan->clock.end);
  const double memory = heat_plan_memory(plan), copy = plan->copies ? heat_plan_copy(plan) : 0;
  fprintf(out, "memory      ");
  put_bytes(out, memory + copy);
  fprintf(out, " per rank");
  if (copy > 0) {
    fprintf(out, " while a checkpoint is written, otherwise ");
    put_bytes(out, memory);
  }
  fprintf(out, " (%.1f bytes per cell)\n", memory / (double)heat_box_cells(largest_block(plan)));
  put_files(out, plan);
  if (plan->rate > 0) {
    fprintf(out, "time        about ");
    put_duration(out, cells * steps / plan->rate);
    fprintf(out, " at the %.3g Gcell/s that this machine's kernel reaches now, files not counted\n", plan->rate / 1e9);
  }
  fclose(out);
  return text;
}

/* Arrays of a block as large as the planned ones, but of at most `most` bytes in all: beyond the caches it does not
 * matter how large. */
heat_status heat_plan_measure(heat_plan *plan) {
  enum { ARRAYS = 6, COLUMNS_MOST = 4096, RIM = 1 };
  const double most = 256 * mebi, seconds = 0.2;
  const heat_problem *problem = plan->grid->problem;
  const heat_box block = largest_block(plan);
  const bool uniform = heat_problem_uniform_material(problem);
  double power = 0;
  const bool source = !heat_problem_uniform(problem, HEAT_SOURCE, &power) || power != 0;
  ptrdiff_t columns = (ptrdiff_t)heat_box_width(block, HEAT_X), rows = (ptrdiff_t)heat_box_width(block, HEAT_Y);
  if (columns > COLUMNS_MOST) columns = COLUMNS_MOST;
  const double row_bytes = (double)ARRAYS * (double)columns * sizeof(double);
  if ((double)rows * row_bytes > most) rows = (ptrdiff_t)(most / row_bytes);
  const ptrdiff_t stride = columns + 2 * RIM + 1, size = (rows + 2 * RIM) * stride;
  double *memory = calloc((size_t)size * ARRAYS, sizeof *memory);
  heat_status status = heat_ok();
  if (memory == NULL) status = heat_no_memory("a measurement", (size_t)size * ARRAYS * sizeof *memory);
  status = heat_agree(plan->grid->comm, status);
  if (status.code != HEAT_OK) {
    free(memory);
    return status;
  }
  double *array[ARRAYS];
  for (int a = 0; a < ARRAYS; a++) array[a] = memory + a * size + RIM * stride + RIM;
  for (ptrdiff_t n = 0; n < size; n++) memory[n] = (double)(n % 7);
  heat_sweep sweep = {.stride = stride,
                      .terms = 1,
                      .w = {1},
                      .c = 1e-3,
                      .rx = 1,
                      .ry = 1,
                      .s = 1};
  if (!uniform) {
    sweep.kx = array[2];
    sweep.ky = array[3];
    sweep.inverse = array[4];
  }
  if (source) sweep.q = array[5];
  MPI_Barrier(plan->grid->comm);
  double start = 0, now = 0, updates = 0;
  for (int turn = 0; turn < 2 || now - start < seconds; turn++) {
    sweep.u = sweep.x[0] = array[turn % 2];
    sweep.out = array[1 - turn % 2];
    heat_kernels_find(NULL)->walk(&sweep, (heat_part){0, columns, rows});
    now = MPI_Wtime();
    if (turn == 0)
      start = now; /* the first one pays for page faults */
    else
      updates += (double)columns * (double)rows;
  }
  double rate = updates / (now - start);
  MPI_Allreduce(MPI_IN_PLACE, &rate, 1, MPI_DOUBLE, MPI_SUM, plan->grid->comm);
  plan->rate = rate / plan->grid->size * plan->ranks;
  free(memory);
  return status;
}
