#include "heat2d/app/plan.h"

#include "heat2d/io/directory.h"
#include "heat2d/numerics/multigrid.h"

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

static const heat_property conductivities[HEAT_AXES] = {HEAT_CONDUCTIVITY_X, HEAT_CONDUCTIVITY_Y};

/* How strongly neighbouring cells are coupled along each axis; for a varying material judged by the shape of cells
 * alone. */
static void planned_links(const heat_problem *problem, double links[HEAT_AXES]) {
  const bool uniform = heat_problem_uniform_material(problem);
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    double k = 1;
    if (uniform && heat_problem_values(problem, conductivities[axis], 0, 0, 1, 0, &k).code != HEAT_OK) k = 1;
    links[axis] = (k > 0 ? k : 1) / (problem->spacing[axis] * problem->spacing[axis]);
  }
}

/* The ratio of the largest to the smallest conductivity along an axis, estimated from some rows; 1 if it cannot be
 * evaluated. */
static double planned_contrast(const heat_problem *problem) {
  enum { ROWS = 256 };
  const int64_t rows = problem->cells[HEAT_Y], columns = problem->cells[HEAT_X], count = rows < ROWS ? rows : ROWS;
  double contrast = 1, *values = malloc((size_t)columns * sizeof *values);
  for (int axis = 0; axis < HEAT_AXES && values != NULL; axis++) {
    double least = INFINITY, most = 0;
    for (int64_t n = 0; n < count; n++) {
      const int64_t j = (2 * n + 1) * rows / (2 * count);
      if (heat_problem_values(problem, conductivities[axis], j, 0, columns, 0, values).code != HEAT_OK) break;
      for (int64_t i = 0; i < columns; i++) {
        least = fmin(least, values[i]);
        most = fmax(most, values[i]);
      }
    }
    if (most > 0) contrast = fmax(contrast, most / least);
  }
  free(values);
  return contrast;
}

double heat_plan_memory(const heat_plan *plan) {
  const heat_problem *problem = plan->problem;
  const heat_layout layout = planned_layout(plan);
  enum { CONDUCTANCES_AND_CAPACITY = 3 };
  double constant;
  const bool source = !heat_problem_uniform(problem, HEAT_SOURCE, &constant) || constant != 0;
  const heat_stepper_spec spec = {
      .method = plan->method,
      .layout = &layout,
      .depth = plan->depth,
      .threads = plan->threads,
      .coefficients = heat_problem_uniform_material(problem) && !source ? 0 : CONDUCTANCES_AND_CAPACITY + source};
  double bytes =
      (double)heat_operator_bytes(problem, largest_block(plan), plan->depth) + (double)heat_stepper_bytes(&spec);
  if (plan->method->step == NULL) return bytes;
  double links[HEAT_AXES];
  planned_links(problem, links);
  const bool steady = plan->method == &heat_methods[HEAT_METHOD_STEADY];
  const double contrast = heat_problem_uniform_material(problem) ? 1 : planned_contrast(problem);
  bytes += (double)heat_stencil_repeats_bytes(problem, largest_block(plan));
  return bytes + (double)heat_multigrid_plan_bytes(&layout, links, contrast, steady, plan->threads);
}

double heat_plan_copy(const heat_plan *plan) {
  const heat_cadence saves = heat_config_cadence(plan->problem->config, "checkpoint.every");
  const double cells = (double)heat_box_cells(plan->grid->domain);
  /* The last checkpoint is written after the last step, so that no step hides its time. */
  if (saves.steps == 0 && saves.minutes == 0) return 0;
  return ceil(cells / plan->ranks) * (double)sizeof(double);
}

double heat_plan_snapshot(const heat_plan *plan) {
  const bool single = heat_config_choice(plan->problem->config, "output.precision") == HEAT_PRECISION_FLOAT32;
  return (double)heat_box_cells(plan->grid->domain) * (single ? sizeof(float) : sizeof(double));
}

heat_cadence heat_plan_images(const heat_config *config) {
  if (!heat_config_has(config, "output.images")) return (heat_cadence){0};
  const bool own = heat_config_has(config, "output.images.every");
  return heat_config_cadence(config, own ? "output.images.every" : "output.every");
}

double heat_plan_occurrences(const heat_clock *clock, heat_cadence cadence) {
  double count = heat_clock_stands(clock) ? 1 : 2;
  if (cadence.steps > 0 && !clock->free) count += floor((double)(clock->last - 1) / (double)cadence.steps);
  if (cadence.seconds > 0) count += fmax(0, fmin(ceil(clock->end / cadence.seconds) - 1, (double)clock->last - 1));
  return count;
}

static void put_duration(FILE *out, double seconds) {
  enum { MINUTE = 60, HOUR = 3600 };
  if (seconds < 2 * MINUTE)
    fprintf(out, "%.3g s", seconds);
  else if (seconds < 2 * HOUR)
    fprintf(out, "%.3g min", seconds / MINUTE);
  else
    fprintf(out, "%.3g h", seconds / HOUR);
}

static void put_bytes(FILE *out, double bytes) {
  static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  size_t unit = 0;
  for (bytes /= 1024; bytes >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++) bytes /= 1024;
  fprintf(out, "%.3g %s", bytes, units[unit]);
}

heat_status heat_plan_check_files(const heat_config *config, const heat_clock *clock) {
  const double most = (double)heat_config_integer(config, "output.max_files");
  const double saved = heat_plan_occurrences(clock, heat_config_cadence(config, "checkpoint.every"));
  const bool own = heat_config_has(config, "output.images.every"), pictures = heat_config_has(config, "output.images");
  const struct {
    const char *kind, *key;
    double count;
  } files[] = {{"snapshots", "output.every", heat_plan_occurrences(clock, heat_config_cadence(config, "output.every"))},
               {"pictures", own ? "output.images.every" : "output.every",
                pictures ? heat_plan_occurrences(clock, heat_plan_images(config)) : 0},
               {"checkpoints", "checkpoint.keep", fmin(saved, (double)heat_config_integer(config, "checkpoint.keep"))}};
  for (size_t n = 0; n < sizeof files / sizeof *files; n++) {
    if (files[n].count <= most) continue;
    const bool output = strncmp(files[n].key, "output.", strlen("output.")) == 0;
    char key[64];
    snprintf(key, sizeof key, "%s%s", files[n].key,
             output && heat_config_has(config, "%s.steps", files[n].key) ? ".steps" : "");
    return heat_config_fail(config, key,
                            "%.0f %s would be written, and output.max_files is %.0f (write fewer, or raise it)",
                            files[n].count, files[n].kind, most);
  }
  return heat_ok();
}

/* Warn if the file system has no room for `bytes` in `count` files. Existing files of the run count as free space. */
static void put_room(FILE *out, const char *directory, double bytes, double count) {
  const heat_room room = heat_directory_room(directory);
  const double there = room.bytes + heat_directory_used(directory);
  if (room.bytes >= 0 && bytes > there) {
    fprintf(out, "warning     about ");
    put_bytes(out, bytes);
    fprintf(out, " are to be written, and the file system of '%s' has ", directory);
    put_bytes(out, there);
    fprintf(out, " for them (a quota may allow less)\n");
  }
  if (room.files >= 0 && count > room.files)
    fprintf(out, "warning     about %.0f files are to be written, and the file system of '%s' has room for %.0f more\n",
            count, directory, room.files);
}

static void put_files(FILE *out, const heat_plan *plan) {
  const heat_config *config = plan->problem->config;
  const double snapshot = heat_plan_snapshot(plan);
  const double checkpoint = (double)heat_box_cells(plan->grid->domain) * sizeof(double);
  const double count = heat_plan_occurrences(&plan->clock, heat_config_cadence(config, "output.every"));
  const double keep = (double)heat_config_integer(config, "checkpoint.keep");
  fprintf(out, "files       %s/: %.0f snapshots of ", heat_config_text(config, "output.directory"), count);
  put_bytes(out, snapshot);
  fprintf(out, ", up to %.0f checkpoints of ", keep);
  put_bytes(out, checkpoint);
  double pictures = 0;
  if (heat_config_has(config, "output.images")) {
    pictures = heat_plan_occurrences(&plan->clock, heat_plan_images(config));
    fprintf(out, ", %.0f pictures", pictures);
  }
  fprintf(out, "; in all about ");
  /* The old checkpoints still exist while a new one is written. */
  const double bytes = count * snapshot + (keep + 1) * checkpoint;
  put_bytes(out, bytes);
  fprintf(out, "\n");
  if (plan->grid->rank == 0)
    put_room(out, heat_config_text(config, "output.directory"), bytes, count + pictures + keep);
}

static void put_grid(FILE *out, const heat_plan *plan) {
  const heat_problem *problem = plan->problem;
  const heat_layout layout = planned_layout(plan);
  fprintf(out, "grid        %lld x %lld cells of %.4g x %.4g m, %s material%s\n", (long long)layout.cells[HEAT_X],
          (long long)layout.cells[HEAT_Y], problem->spacing[HEAT_X], problem->spacing[HEAT_Y],
          heat_problem_uniform_material(problem) ? "uniform" : "varying",
          heat_problem_in_time(problem, HEAT_SOURCE) ? ", source varying in time" : "");
  fprintf(out, "ranks       %d as %d x %d", plan->ranks, layout.ranks[HEAT_X], layout.ranks[HEAT_Y]);
  if (layout.strips > 0) fprintf(out, ", numbered in %d strips so that each node has a tile of them", layout.strips);
  fprintf(out, ", %d thread%s each, halo depth %d\n", plan->threads, plan->threads == 1 ? "" : "s", plan->depth);
}

static double planned_steps(const heat_plan *plan) {
  return (double)(plan->clock.last - plan->clock.anchor_step);
}

static void put_steps(FILE *out, const heat_plan *plan) {
  enum { DIGITS = 9 }; /* digits of limits, see heat_limit_below */
  const heat_limits limits = plan->limits;
  const char *name = heat_method_name(plan->method);
  if (plan->method == &heat_methods[HEAT_METHOD_STEADY]) {
    fprintf(out, "method      %s, one solve with sides and sources as at t = %.6g s\n", name, plan->clock.end);
    return;
  }
  if (plan->clock.free) {
    fprintf(out, "method      %s, steps by error control, tolerance %.3g, to t = %.6g s\n", name,
            heat_config_real(plan->problem->config, "time.tolerance"), plan->clock.end);
    return;
  }
  fprintf(out, "method      %s, dt = %.9g s ", name, plan->clock.dt);
  if (isfinite(limits.stable)) fprintf(out, "(stable up to %.9g s), ", heat_limit_below(limits.stable, DIGITS));
  if (!isfinite(limits.stable)) fprintf(out, "(stable whatever its length), ");
  fprintf(out, "%.0f steps to t = %.6g s\n", planned_steps(plan), plan->clock.end);
  if (plan->clock.dt > limits.monotone)
    fprintf(out,
            "warning     with such a step temperatures may overshoot those of the start and of the walls (up to %.9g s "
            "they "
            "cannot)\n",
            heat_limit_below(limits.monotone, DIGITS));
  if (plan->unseen > 0)
    fprintf(
        out,
        "estimate    only %.3g%% of the cells were examined here; a run examines all, and its step may be shorter\n",
        100 * (1 - plan->unseen));
}

static void put_memory(FILE *out, const heat_plan *plan) {
  const double memory = heat_plan_memory(plan), copy = plan->copies ? heat_plan_copy(plan) : 0;
  fprintf(out, "memory      ");
  put_bytes(out, memory + copy);
  fprintf(out, " per rank");
  if (copy > 0) {
    fprintf(out, " while a checkpoint is written, otherwise ");
    put_bytes(out, memory);
  }
  fprintf(out, " (%.1f bytes per cell)\n", memory / (double)heat_box_cells(largest_block(plan)));
}

static void put_time(FILE *out, const heat_plan *plan) {
  const double cells = (double)heat_box_cells(plan->grid->domain);
  const double steps = plan->steady_steps > 0 ? (double)plan->steady_steps : planned_steps(plan);
  fprintf(out, "time        about ");
  put_duration(out,
               cells * (plan->work > 0 ? plan->work : steps) / plan->rate + plan->file_seconds + plan->start_seconds);
  if (plan->work > 0)
    fprintf(
        out,
        " for predicted work of %.2g updates of all cells, at the %.3g Gcell/s that updates of euler reach here now",
        plan->work, plan->rate / 1e9);
  else
    fprintf(out, " at the %.3g Gcell/s that such steps reach here now", plan->rate / 1e9);
  if (plan->file_seconds > 0) {
    fprintf(out, "; of that files, by estimate, ");
    put_duration(out, plan->file_seconds);
    fprintf(out, ", the start ");
    put_duration(out, plan->start_seconds);
  }
  if (plan->steady_steps > 0) fprintf(out, "; steady after some %.2g steps", steps);
  fprintf(out, "\n");
}

char *heat_plan_text(const heat_plan *plan) {
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  if (out == NULL) return NULL;
  put_grid(out, plan);
  put_steps(out, plan);
  put_memory(out, plan);
  put_files(out, plan);
  if (plan->rate > 0) put_time(out, plan);
  fclose(out);
  return text;
}
