#include "heat2d/plan.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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

double heat_plan_occurrences(const heat_clock *clock, heat_cadence cadence) {
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
  const double count = heat_plan_occurrences(&plan->clock, heat_config_cadence(config, "output.every"));
  const double keep = (double)heat_config_integer(config, "checkpoint.keep");
  fprintf(out, "files       %s/: %.0f snapshots of ", heat_config_text(config, "output.directory"), count);
  put_bytes(out, snapshot);
  fprintf(out, ", up to %.0f checkpoints of ", keep);
  put_bytes(out, checkpoint);
  if (heat_config_has(config, "output.images"))
    fprintf(out, ", %.0f pictures", heat_plan_occurrences(&plan->clock, heat_plan_images(config)));
  fprintf(out, "; in all about ");
  /* While a checkpoint is written the old ones are still there. */
  put_bytes(out, count * snapshot + (keep + 1) * checkpoint);
  fprintf(out, "\n");
}

char *heat_plan_text(const heat_plan *plan) {
  enum { DIGITS = 9 }; /* of limits, so that they can be typed back */
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
  const heat_limits limits = plan->limits;
  fprintf(out, "method      %s, dt = %.9g s (stable up to %.9g s), %.0f steps to t = %.6g s\n", plan->method->name,
          plan->clock.dt, heat_limit_below(limits.stable, DIGITS), steps, plan->clock.end);
  if (plan->clock.dt > limits.monotone)
    fprintf(out,
            "warning     such a step may overshoot: carry temperatures beyond those of the start and of the walls (up "
            "to %.9g s it cannot)\n",
            heat_limit_below(limits.monotone, DIGITS));
  if (plan->unseen > 0)
    fprintf(out, "estimate    of the cells %.3g%% were looked at here, a run looks at all: its step may be shorter\n",
            100 * (1 - plan->unseen));
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
    const double done = plan->steady_steps > 0 ? (double)plan->steady_steps : steps;
    put_duration(out, cells * done / plan->rate + plan->file_seconds + plan->start_seconds);
    fprintf(out, " at the %.3g Gcell/s that such steps reach here now", plan->rate / 1e9);
    if (plan->file_seconds > 0) {
      fprintf(out, "; of that files, by experience, ");
      put_duration(out, plan->file_seconds);
      fprintf(out, ", the start ");
      put_duration(out, plan->start_seconds);
    }
    if (plan->steady_steps > 0) fprintf(out, "; steady after some %.2g steps", done);
    fprintf(out, "\n");
  }
  fclose(out);
  return text;
}
